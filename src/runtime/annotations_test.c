/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/test.h"
#include "base/vec.h"
#include "runtime/annotations.h"

#include <errno.h>

static int check(const char *program, const char *name, const char *value, const char *type)
{
	scoped_arena struct arena a = { 0 };
	struct oci_process process = { .args = { &program, 1 } };
	struct oci_config c = { .process = &process };
	struct err e = { 0 };

	pairs_set(&a, &c.annotations, name, value);
	if (type)
		pairs_set(&a, &c.annotations, "io.kubernetes.cri.container-type", type);
	return annotations_check(&c, &e);
}

TEST(annotations_that_ask_for_other_machines_are_refused)
{
	assert_int_equal(check("sh", "run.oci.handler", "krun", NULL), -ENOTSUP);
	assert_int_equal(check("/a.wasm", "run.oci.handler", "wasm-smart", NULL), -ENOTSUP);
	assert_int_equal(check("sh", "module.wasm.image/variant", "compat", NULL), -ENOTSUP);
	assert_int_equal(check("/a.wat", "module.wasm.image/variant", "compat-smart", NULL), -ENOTSUP);
}

TEST(annotations_that_ask_for_nothing_are_let_pass)
{
	assert_int_equal(check("sh", "run.oci.handler", "", NULL), 0);
	assert_int_equal(check("sh", "run.oci.handler", "wasm-smart", NULL), 0);
	assert_int_equal(check("sh", "module.wasm.image/variant", "compat-smart", NULL), 0);
	assert_int_equal(check("/pause", "module.wasm.image/variant", "compat", "sandbox"), 0);
	assert_int_equal(check("sh", "krun.cpus", "2", NULL), 0);
	assert_int_equal(check("sh", "what.ever", "krun", NULL), 0);
}
