/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/layout.h"

#include "base/enumtab.h"
#include "base/test.h"

TEST(own_cgroup_is_read_for_every_hierarchy)
{
	scoped_arena struct arena a = { 0 };
	struct cgroup_host h = { 0 };

	cgroup_own_parse("4:cpu,cpuacct:/a\n2:name=systemd:/b\n1:memory:/docker/0a:f\nnonsense\n0::/u.slice\n", &a, &h.own);
	assert_int_equal(h.own.n, 4);
	assert_string_equal(cgroup_host_own(&h, "cpuacct", "/"), "/a");
	assert_string_equal(cgroup_host_own(&h, "memory", "/"), "/docker/0a:f");
	assert_string_equal(cgroup_host_own(&h, "", NULL), "/u.slice");
	assert_string_equal(cgroup_host_own(&h, "pids", "/"), "/");
}

TEST(own_cgroup_is_told_as_the_mount_shows_it)
{
	scoped_arena struct arena a = { 0 };
	struct cgroup_host h = { 0 };

	cgroup_own_parse("1:memory:/docker/x/inner\n", &a, &h.own);
	assert_string_equal(cgroup_host_own(&h, "memory", "/docker/x"), "/inner");
	assert_string_equal(cgroup_host_own(&h, "memory", "/docker/xy"), "/");
	assert_string_equal(cgroup_host_own(&h, "memory", "/elsewhere"), "/");
}

TEST(cgroup_paths_are_joined_clean_and_never_climb)
{
	scoped_arena struct arena a = { 0 };
	struct err e;
	char *p;

	assert_int_equal(cgroup_path_join("", "//docker/./x/", &a, &p, &e), 0);
	assert_string_equal(p, "docker/x");
	assert_int_equal(cgroup_path_join("/own/", "pod", &a, &p, &e), 0);
	assert_string_equal(p, "own/pod");
	assert_int_equal(cgroup_path_join("", "/", &a, &p, &e), 0);
	assert_string_equal(p, "");
	assert_int_equal(cgroup_path_join("/own", "a/../../b", &a, &p, &e), -EINVAL);
	assert_int_equal(e.kind, ERR_INVALID);
}

TEST(every_controller_has_a_row)
{
	for (enum cgroup_ctl ctl = 0; ctl < CGROUP_CTL_COUNT; ctl++)
		assert_non_null(cgroup_ctls[ctl].v1);
}
