/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/request.h"

#include <stdlib.h>

#include "base/test.h"

static struct container_request volume(const char *value, struct arena *a, int want)
{
	struct container_request q = { 0 };
	struct err e = { 0 };

	assert_int_equal(request_volume(&q, value, "/home/me", a, &e), want);
	if (want < 0)
		assert_non_null(strstr(e.msg, value));
	return q;
}

TEST(request_storage_opt_is_a_size)
{
	static const char *const bad[] = { "size=", "size=-1", "size=10X", "size=ten", "size=1", "size=511", "size=4095" };
	struct container_request q = { 0 };
	struct err e = { 0 };

	assert_int_equal(request_storage_opt(&q, "size=10G", &e), 0);
	assert_int_equal(q.storage_size, 10LL << 30);
	assert_int_equal(request_storage_opt(&q, "size=0", &e), 0);
	assert_int_equal(q.storage_size, -1);
	assert_int_equal(request_storage_opt(&q, "size=4k", &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(request_storage_opt(&q, bad[i], &e), -EINVAL);
	assert_true(request_storage_opt(&q, "overlay2.size=1G", &e) < 0 && e.kind == ERR_UNSUPPORTED);
}

TEST(volume_with_a_host_path_is_a_bind_that_is_made_if_missing)
{
	scoped_arena struct arena a = { 0 };
	struct container_request q = volume("/src:/dst:ro,rslave", &a, 0);

	assert_int_equal(q.n_mounts, 1);
	assert_int_equal(q.mounts[0].kind, CONTAINER_MOUNT_BIND);
	assert_string_equal(q.mounts[0].source, "/src");
	assert_string_equal(q.mounts[0].target, "/dst");
	assert_string_equal(q.mounts[0].propagation, "rslave");
	assert_true(q.mounts[0].read_only && q.mounts[0].create_source);
}

TEST(volume_with_a_word_is_a_named_volume_and_alone_an_anonymous_one)
{
	scoped_arena struct arena a = { 0 };
	struct container_request q = volume("data:/dst", &a, 0);

	assert_int_equal(q.mounts[0].kind, CONTAINER_MOUNT_VOLUME);
	assert_string_equal(q.mounts[0].source, "data");
	q = volume("/dst", &a, 0);
	assert_true(q.mounts[0].anonymous);
	assert_null(q.mounts[0].source);
}

TEST(volume_relative_to_here_becomes_absolute)
{
	scoped_arena struct arena a = { 0 };
	struct container_request q = volume("./x:/dst", &a, 0);

	assert_string_equal(q.mounts[0].source, "/home/me/./x");
}

TEST(volume_refuses_what_it_cannot_mean)
{
	scoped_arena struct arena a = { 0 };
	static const char *const bad[] = { "", ":", "a:", ":/x", "/a:b", "/a:/", "/a:/b:rw:x", "/a:/b:frob", "bad name:/x", "/a:/../.." };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		volume(bad[i], &a, -EINVAL);
}

static struct container_request mount(const char *value, struct arena *a, bool good)
{
	struct container_request q = { 0 };
	struct err e = { 0 };

	assert_int_equal(request_mount(&q, value, "/home/me", a, &e) == 0, good);
	return q;
}

TEST(mount_long_form_knows_its_three_types)
{
	scoped_arena struct arena a = { 0 };
	struct container_request q = mount("type=bind,src=/x,dst=/y,ro", &a, true);

	assert_int_equal(q.mounts[0].kind, CONTAINER_MOUNT_BIND);
	assert_true(q.mounts[0].read_only && !q.mounts[0].create_source);
	q = mount("type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770", &a, true);
	assert_string_equal(q.mounts[0].options.v[0], "size=1048576");
	assert_string_equal(q.mounts[0].options.v[1], "mode=1770");
	q = mount("source=data,target=/t", &a, true);
	assert_int_equal(q.mounts[0].kind, CONTAINER_MOUNT_VOLUME);
}

TEST(mount_long_form_refuses_nonsense)
{
	scoped_arena struct arena a = { 0 };
	static const char *const bad[] = { "", "type=bind,src=/x", "type=bind,dst=/x", "type=bind,src=x,dst=/y", "type=tmpfs,src=/x,dst=/y",
		"type=frob,dst=/x", "type=bind,src=/x,dst=/y,readonly=maybe", "type=bind,src=/x,dst=/y,frob=1", "dst=rel" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		mount(bad[i], &a, false);
}

TEST(env_file_skips_comments_and_takes_the_callers_values)
{
	scoped_arena struct arena a = { 0 };
	struct strs env = { 0 };
	struct err e = { 0 };

	setenv("TARE_TEST_ENV", "here", 1);
	assert_int_equal(request_env_file(&env, STR("# no\n\nA=1 2\r\nTARE_TEST_ENV\nNOT_SET_ANYWHERE\n"), "f", &a, &e), 0);
	assert_int_equal(env.n, 3);
	assert_string_equal(env.v[0], "A=1 2");
	assert_string_equal(env.v[1], "TARE_TEST_ENV=here");
	assert_string_equal(env.v[2], "NOT_SET_ANYWHERE");
	assert_int_equal(request_env_file(&env, STR("A B=1"), "f", &a, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "f:1"));
}

TEST(ulimit_is_a_known_name_with_ordered_limits)
{
	scoped_arena struct arena a = { 0 };
	struct container_request q = { 0 };
	struct err e = { 0 };
	static const char *const bad[] = { "nofile", "frob=1", "nofile=x", "nofile=5:4", "nofile=-2", "nofile=-1:5" };

	assert_int_equal(request_ulimit(&q, "nofile=10:20", &a, &e), 0);
	assert_int_equal(request_ulimit(&q, "core=unlimited", &a, &e), 0);
	assert_int_equal(q.ulimits[0].hard, 20);
	assert_int_equal(q.ulimits[1].soft, -1);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(request_ulimit(&q, bad[i], &a, &e), -EINVAL);
}

TEST(device_takes_a_second_path_or_access)
{
	scoped_arena struct arena a = { 0 };
	struct container_request q = { 0 };
	struct err e = { 0 };

	assert_int_equal(request_device(&q, "/dev/fuse", &a, &e), 0);
	assert_int_equal(request_device(&q, "/dev/fuse:r", &a, &e), 0);
	assert_int_equal(request_device(&q, "/dev/a:/dev/b:rw", &a, &e), 0);
	assert_string_equal(q.devices[0].access, "rwm");
	assert_string_equal(q.devices[1].access, "r");
	assert_string_equal(q.devices[2].target, "/dev/b");
	assert_int_equal(request_device(&q, "/dev/a:/dev/b:x", &a, &e), -EINVAL);
}

TEST(request_check_refuses_contradictions)
{
	struct container_request same[] = {
		{ .name = "" }, { .name = "-x" }, { .memory = 1 }, { .memory_swap = 5 << 20 }, { .nano_cpus = 1, .cpu_quota = 5000 },
		{ .workdir = "rel" }, { .pids_limit = -2 }, { .network = "none", .publish_all = true },
	};
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		assert_true(request_check(&same[i], &e) < 0);
	assert_int_equal(request_check(&(struct container_request){ .name = "web", .memory = 64 << 20, .memory_swap = -1 }, &e), 0);
}

TEST(request_gpus_are_read_as_docker_does)
{
	static const struct {
		const char *text, *devices, *driver;
		int64_t count;
	} good[] = {
		{ "all", NULL, NULL, -1 }, { "2", NULL, NULL, 2 }, { "count=3,capabilities=gpu", NULL, NULL, 3 }, { "device=0", "0", NULL, 0 },
		{ "\"device=0,1\"", "0,1", NULL, 0 }, { "\"device=0,1\",driver=amd,\"capabilities=compute,utility\"", "0,1", "amd", 0 }, { "driver=amd", NULL, "amd", 1 },
	};
	static const char *bad[] = { "", "none", "0", "-1", "2000", "device=", "count=1,device=0", "options=a=b", "frob=1", "all,", "\"device=0" };
	scoped_arena struct arena a = { 0 };
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct container_request q = { 0 };

		assert_int_equal(request_gpus(&q, good[i].text, &a, &e), 0);
		assert_int_equal(q.isolation.gpus[0].count, good[i].count);
		assert_true(streq(q.isolation.gpus[0].devices, good[i].devices) && streq(q.isolation.gpus[0].driver, good[i].driver));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct container_request q = { 0 };

		if (request_gpus(&q, bad[i], &a, &e) == 0)
			fail_msg("'%s' is accepted", bad[i]);
	}
}

TEST(mount_keys_that_do_not_go_with_the_type_are_refused_wherever_the_type_stands)
{
	scoped_arena struct arena a = { 0 };
	static const char *const bad[] = { "type=bind,source=/a,target=/b,tmpfs-size=1m", "tmpfs-size=1m,target=/b,type=bind,source=/a", "target=/b,volume-nocopy,type=tmpfs",
		"type=volume,target=/b,volume-subpath=/abs", "type=volume,target=/b,subpath=a/../../b", "type=image,target=/b", "type=bind,source=/a,target=/b,bind-recursive=often" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct container_request q = { 0 };
		struct err e = { 0 };

		assert_int_equal(request_mount(&q, bad[i], "/", &a, &e), -EINVAL);
	}
}

TEST(mount_of_an_image_is_read_only_unless_rw)
{
	scoped_arena struct arena a = { 0 };
	struct container_request q = { 0 };
	struct err e = { 0 };

	assert_int_equal(request_mount(&q, "type=image,source=x,target=/x", "/", &a, &e), 0);
	assert_int_equal(request_mount(&q, "rw=true,type=image,source=x,target=/y", "/", &a, &e), 0);
	assert_int_equal(request_mount(&q, "rw,type=bind,source=/x,target=/z", "/", &a, &e), 0);
	assert_true(q.mounts[0].read_only && !q.mounts[0].overlay);
	assert_true(!q.mounts[1].read_only && q.mounts[1].overlay);
	assert_true(!q.mounts[2].read_only && !q.mounts[2].overlay);
}

TEST(secret_has_a_place_and_a_mode_of_its_own)
{
	scoped_arena struct arena a = { 0 };
	struct container_request q = { 0 };
	struct err e = { 0 };

	assert_int_equal(request_secret(&q, "one", &a, &e), 0);
	assert_int_equal(request_secret(&q, "two,type=env", &a, &e), 0);
	assert_int_equal(request_secret(&q, "source=three,target=key,mode=0400,uid=7", &a, &e), 0);
	assert_int_equal(request_secret(&q, "four,mode=x", &a, &e), -EINVAL);
	assert_int_equal(request_secret(&q, "target=x", &a, &e), -EINVAL);
	assert_string_equal(q.secrets[0].target, "/run/secrets/one");
	assert_int_equal(q.secrets[0].mode, 0444);
	assert_true(q.secrets[1].env);
	assert_string_equal(q.secrets[1].target, "two");
	assert_string_equal(q.secrets[2].target, "/run/secrets/key");
	assert_int_equal(q.secrets[2].mode, 0400);
	assert_int_equal(q.secrets[2].uid, 7);
}
