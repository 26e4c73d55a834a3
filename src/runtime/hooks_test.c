/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/hooks.h"

#include "base/buf.h"
#include "base/test.h"

static struct oci_hooks *hooks_of(const char *name, struct arena *a)
{
	struct oci_config *c;
	struct err e = { 0 };

	assert_int_equal(oci_config_decode(str_of(arena_printf(a, "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"hooks\":{\"%s\":"
		"[{\"path\":\"/a\"},{\"path\":\"/b\"}]}}", name)), a, &c, &e), 0);
	return c->hooks;
}

TEST(hooks_of_every_row_are_those_of_that_name)
{
	scoped_arena struct arena a = { 0 };

	for (int i = 0; i < HOOK_POINT_COUNT; i++) {
		const struct oci_hooks *h = hooks_of(hook_table[i].name, &a);

		for (int k = 0; k < HOOK_POINT_COUNT; k++)
			assert_int_equal(hooks_count(h, (enum hook_point)k), k == i ? 2 : 0);
	}
	assert_int_equal(hooks_count(NULL, HOOK_PRESTART), 0);
}

/* A list that is decoded and has no row would never run. */
TEST(hooks_have_a_row_for_every_list)
{
	assert_int_equal(sizeof(struct oci_hooks), HOOK_POINT_COUNT * (sizeof(struct oci_hook *) + sizeof(size_t)));
}
