/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/container.h"

#include "base/limits.h"
#include "base/test.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST(container_tables_obey_the_laws)
{
	const struct schema *const all[] = { &container_request_schema, &container_schema, &container_state_schema,
		&container_exit_schema };
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		assert_int_equal(schema_check(all[i], &e), 0);
	assert_true(enumtab_check(&container_statuses));
	assert_true(enumtab_check(&container_mount_kinds));
}

static int decode(const char *text, struct arena *a, struct container *ret, struct err *e)
{
	return json_decode(str_of(text), &container_schema, 0, a, ret, e);
}

TEST(container_round_trip_keeps_what_was_asked)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct container_mount m = { .kind = CONTAINER_MOUNT_VOLUME, .source = "data", .target = "/data" };
	struct container c = { .version = CONTAINER_VERSION, .id = ID, .name = "web", .created = "2026-01-02T03:04:05Z",
		.path = "/bin/true", .request = { .image = "busybox", .mounts = &m, .n_mounts = 1, .auto_remove = true },
		.image = { .reference = "busybox", .id = "sha256:" ID } }, back;
	struct err e = { 0 };

	assert_int_equal(json_encode(&container_schema, &c, 0, &b), 0);
	assert_int_equal(decode(buf_text(&b), &a, &back, &e), 0);
	assert_string_equal(back.name, "web");
	assert_true(back.request.auto_remove);
	assert_int_equal(back.request.n_mounts, 1);
	assert_int_equal(back.request.mounts[0].kind, CONTAINER_MOUNT_VOLUME);
	assert_string_equal(back.request.mounts[0].source, "data");
}

TEST(container_of_a_newer_format_is_refused)
{
	scoped_arena struct arena a = { 0 };
	struct container c;
	struct err e = { 0 };

	assert_true(decode("{\"version\":2,\"id\":\"" ID "\",\"name\":\"x\",\"created\":\"\",\"request\":{\"image\":\"i\"},"
			   "\"image\":{\"reference\":\"i\",\"id\":\"i\"},\"path\":\"/x\"}", &a, &c, &e) < 0);
	assert_non_null(strstr(e.msg, "newer than this program"));
}
