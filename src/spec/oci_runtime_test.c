/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/oci_runtime.h"

#include <errno.h>

#include "base/test.h"

#define HEAD "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},"

static int decode(const char *text, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct oci_config *c;

	*e = (struct err){ 0 };
	return oci_config_decode(str_of(text), &a, &c, e);
}

TEST(oci_tables_obey_the_laws)
{
	const struct schema *all[] = { &oci_config_schema, &oci_process_schema, &oci_linux_schema, &oci_resources_schema,
		&oci_seccomp_schema, &oci_state_schema };
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_int_equal(schema_check(all[i], &e), 0);
	assert_true(enumtab_check(&oci_ns_words));
	assert_true(enumtab_check(&oci_seccomp_action_words));
	assert_true(enumtab_check(&oci_seccomp_op_words));
}

TEST(oci_config_needs_a_root_and_ignores_unknown_keys)
{
	struct err e;

	assert_int_equal(decode(HEAD "\"solaris\":{\"x\":1}}", &e), 0);
	assert_int_equal(decode("{\"ociVersion\":\"1.0.2\"}", &e), -EINVAL);
	assert_int_equal(decode("{\"ociVersion\":\"2.0.0\",\"root\":{\"path\":\"r\"}}", &e), -EINVAL);
}

TEST(oci_config_names_the_path_of_a_bad_value)
{
	struct err e;

	assert_int_equal(decode(HEAD "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"moon\"}]}}", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "linux.namespaces[1].type"));
	assert_int_equal(decode(HEAD "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]}}", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "stands twice"));
	assert_int_equal(decode(HEAD "\"process\":{\"cwd\":\"x\",\"args\":[\"a\"]}}", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "process.cwd"));
	assert_int_equal(decode(HEAD "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"uid\":-1}}}", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "process.user.uid"));
	assert_int_equal(decode(HEAD "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"uid\":4294967296}}}", &e), -EINVAL);
	assert_int_equal(decode(HEAD "\"linux\":{\"devices\":[{\"path\":\"/dev/x\",\"type\":\"z\"}]}}", &e), -EINVAL);
	assert_int_equal(decode(HEAD "\"hooks\":{\"poststop\":[{\"path\":\"x\"}]}}", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "hooks.poststop[0].path"));
}

TEST(oci_config_refuses_what_we_know_but_do_not_do)
{
	struct err e;

	assert_int_equal(decode(HEAD "\"linux\":{\"netDevices\":{\"eth0\":{}}}}", &e), -ENOTSUP);
	assert_non_null(strstr(e.msg, "unsupported: linux.netDevices"));
}

TEST(oci_config_absent_capability_sets_are_empty)
{
	scoped_arena struct arena a = { 0 };
	struct oci_config *c;
	struct err e = { 0 };

	assert_int_equal(oci_config_decode(str_of(HEAD "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"capabilities\":{\"bounding\":"
		"[\"CAP_KILL\"]}}}"), &a, &c, &e), 0);
	assert_int_equal(c->process->capabilities->bounding.n, 1);
	assert_int_equal(c->process->capabilities->inheritable.n, 0);
	assert_int_equal(c->process->capabilities->ambient.n, 0);
}

TEST(oci_config_survives_a_round_trip)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(65536);
	struct oci_config *c, *d;
	struct err e = { 0 };

	assert_int_equal(oci_config_decode(str_of(HEAD "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\",\"-c\"],\"user\":{\"uid\":7,\"gid\":8,"
		"\"additionalGids\":[1,2]}},\"linux\":{\"resources\":{\"memory\":{\"limit\":-1}},\"sysctl\":{\"a.b\":\"1\"}}}"), &a, &c, &e), 0);
	assert_int_equal(oci_config_encode(c, true, &b), 0);
	assert_int_equal(oci_config_decode(buf_str(&b), &a, &d, &e), 0);
	assert_int_equal(d->process->user.additional_gids.n, 2);
	assert_int_equal(d->linux->resources->memory->limit.v, -1);
	assert_string_equal(pairs_find(&d->linux->sysctl, "a.b"), "1");
}
