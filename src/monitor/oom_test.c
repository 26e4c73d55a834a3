/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "monitor/oom.h"

static const char *cgroup(const char *text, bool *ret_v2)
{
	static char path[64];
	struct str p = oom_cgroup(str_of(text), ret_v2);

	snprintf(path, sizeof path, STR_FMT, STR_ARG(p));
	return p.p ? path : NULL;
}

TEST(the_memory_controller_of_v1_wins_over_the_unified_tree)
{
	bool v2;

	assert_string_equal(cgroup("12:cpu,cpuacct:/c\n4:cpuset,memory:/m/x\n1:name=systemd:/s\n0::/u\n", &v2), "/m/x");
	assert_false(v2);
	assert_string_equal(cgroup("0::/\n4:memory:/m:with:colons\n", &v2), "/m:with:colons");
	assert_false(v2);
}

TEST(without_a_memory_controller_the_unified_tree_counts)
{
	bool v2;

	assert_string_equal(cgroup("12:cpu:/c\n0::/u/x\n", &v2), "/u/x");
	assert_true(v2);
	assert_null(cgroup("12:cpu:/c\n", &v2));
	assert_null(cgroup("", &v2));
	assert_null(cgroup("nonsense\n0:\n", &v2));
}

TEST(a_counted_kill_is_seen_in_both_formats)
{
	assert_true(oom_counted(STR("low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n")));
	assert_true(oom_counted(STR("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")));
	assert_false(oom_counted(STR("oom_kill_disable 0\nunder_oom 0\noom_kill 0\n")));
	assert_false(oom_counted(STR("low 0\noom 5\n")));
	assert_false(oom_counted(STR("")));
}
