/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/resolve.h"

#include "base/test.h"

#define WORDS(...) { (const char *[]){ __VA_ARGS__ }, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *) }

static struct container resolved(const struct container_request *q, const struct oci_run_config *img, struct arena *a, int want)
{
	struct container c = { .id = "0123456789abcdef" };
	struct image i = { .id = "sha256:1", .config.config = *img };
	struct err e = { 0 };

	assert_int_equal(resolve_container(q, &i, a, &c, &e), want);
	return c;
}

TEST(resolve_command_replaces_the_images_but_keeps_its_entrypoint)
{
	scoped_arena struct arena a = { 0 };
	struct oci_run_config img = { .entrypoint = WORDS("/entry", "-x"), .cmd = WORDS("serve") };
	struct container_request q = { .image = "i" };
	struct container c = resolved(&q, &img, &a, 0);

	assert_string_equal(c.path, "/entry");
	assert_int_equal(c.args.n, 2);
	assert_string_equal(c.args.v[1], "serve");
	q.args = (struct strs)WORDS("sh");
	c = resolved(&q, &img, &a, 0);
	assert_string_equal(c.args.v[1], "sh");
}

TEST(resolve_entrypoint_drops_the_images_command)
{
	scoped_arena struct arena a = { 0 };
	struct oci_run_config img = { .entrypoint = WORDS("/entry"), .cmd = WORDS("serve") };
	struct container_request q = { .image = "i", .has_entrypoint = true, .entrypoint = WORDS("/bin/sh") };
	struct container c = resolved(&q, &img, &a, 0);

	assert_string_equal(c.path, "/bin/sh");
	assert_int_equal(c.args.n, 0);
	q.entrypoint.n = 0;
	resolved(&q, &img, &a, -EINVAL);
}

TEST(resolve_environment_in_dockers_order)
{
	scoped_arena struct arena a = { 0 };
	struct oci_run_config img = { .cmd = WORDS("x"), .env = WORDS("PATH=/opt", "A=1", "B=2") };
	struct container_request q = { .image = "i", .tty = true, .env = WORDS("A=3", "B", "C=4") };
	struct container c = resolved(&q, &img, &a, 0);
	static const char *const want[] = { "PATH=/opt", "HOSTNAME=0123456789ab", "TERM=xterm", "A=3", "C=4" };

	assert_int_equal(c.env.n, ARRAY_LEN(want));
	for (size_t i = 0; i < c.env.n; i++)
		assert_string_equal(c.env.v[i], want[i]);
}

TEST(resolve_gives_every_uncovered_volume_of_the_image_a_mount)
{
	scoped_arena struct arena a = { 0 };
	struct oci_run_config img = { .cmd = WORDS("x"), .volumes = WORDS("/data", "/log", "/") };
	struct container_mount m = { .kind = CONTAINER_MOUNT_TMPFS, .target = "/log" };
	struct container_request q = { .image = "i", .mounts = &m, .n_mounts = 1 };
	struct container c = resolved(&q, &img, &a, 0);

	assert_int_equal(c.n_mounts, 2);
	assert_string_equal(c.mounts[1].target, "/data");
	assert_true(c.mounts[1].anonymous);
}

TEST(resolve_takes_the_images_word_where_nothing_was_asked)
{
	scoped_arena struct arena a = { 0 };
	struct oci_run_config img = { .cmd = WORDS("x"), .working_dir = "srv", .user = "www", .stop_signal = "SIGQUIT", .exposed_ports = WORDS("80") };
	struct container_request q = { .image = "i" };
	struct container c = resolved(&q, &img, &a, 0);

	assert_string_equal(c.workdir, "/srv");
	assert_string_equal(c.user, "www");
	assert_string_equal(c.stop_signal, "SIGQUIT");
	assert_int_equal(c.stop_timeout, 10);
	assert_string_equal(c.exposed.v[0], "80/tcp");
}
