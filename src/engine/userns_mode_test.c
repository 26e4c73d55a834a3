/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/userns_mode.h"

#include "base/scope.h"
#include "base/test.h"

static int parsed(const char *mode, struct arena *a, struct userns_mode *ret)
{
	struct container_userns u = { .mode = mode };
	struct err e = { 0 };

	return userns_mode_parse(&u, a, ret, &e);
}

TEST(userns_modes_are_those_of_podman)
{
	scoped_arena struct arena a = { 0 };
	struct userns_mode m;

	assert_int_equal(parsed("host", &a, &m), 0);
	assert_int_equal(m.kind, USERNS_HOST);
	assert_int_equal(parsed("auto:size=2048,uidmapping=0:5000:1", &a, &m), 0);
	assert_int_equal(m.kind, USERNS_AUTO);
	assert_int_equal(m.size.v, 2048);
	assert_int_equal(m.ids.uids[0].outside, 5000);
	assert_int_equal(parsed("keep-id:uid=33,gid=34", &a, &m), 0);
	assert_true(m.uid.v == 33 && m.gid.v == 34 && !m.size.set);
	assert_int_equal(parsed("container:web", &a, &m), 0);
	assert_string_equal(m.container, "web");
}

TEST(userns_modes_that_are_none_are_refused)
{
	static const char *const bad[] = { "frob", "host:x", "auto:uid=1", "auto:size=x", "auto:size=", "keep-id:uidmapping=0:1:1", "keep-id:uid=-1", "container:", "container",
		"nomap:x", "private", "auto:uidmapping=1", "auto:uidmapping=0:1:0", "auto:uidmapping=0:4294967295:2", "auto:", "ns:/x" };
	scoped_arena struct arena a = { 0 };
	struct userns_mode m;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (parsed(bad[i], &a, &m) >= 0)
			fail_msg("'%s' was taken", bad[i]);
	}
}

TEST(userns_rows_given_for_users_are_those_of_groups_too)
{
	static const char *words[] = { "0:100000:65536" };
	scoped_arena struct arena a = { 0 };
	struct container_userns u = { .uidmap = { words, 1 } };
	struct userns_mode m;
	struct err e = { 0 };

	assert_int_equal(userns_mode_parse(&u, &a, &m, &e), 0);
	assert_int_equal(m.kind, USERNS_PRIVATE);
	assert_int_equal(m.ids.n_gids, 1);
	assert_int_equal(m.ids.gids[0].outside, 100000);
	u.mode = "auto";
	assert_true(userns_mode_parse(&u, &a, &m, &e) < 0);
}

TEST(userns_rows_must_not_overlap)
{
	struct container_id_row good[] = { { 0, 100, 10 }, { 10, 50, 10 } }, inside[] = { { 0, 100, 11 }, { 10, 50, 10 } }, outside[] = { { 0, 55, 10 }, { 10, 50, 10 } };
	struct err e = { 0 };

	assert_int_equal(userns_rows_check(good, 2, "uid", &e), 0);
	assert_true(userns_rows_check(inside, 2, "uid", &e) < 0);
	assert_true(userns_rows_check(outside, 2, "uid", &e) < 0);
	assert_true(userns_rows_check(NULL, 0, "uid", &e) < 0);
}
