/* SPDX-License-Identifier: Apache-2.0 */
#include "os/facts.h"
#include "base/test.h"

#include <errno.h>
#include <string.h>

#define TMPFS "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"

static struct cgroup_facts parsed(struct arena *a, const char *text, const char *v2)
{
	struct cgroup_facts c;

	assert_int_equal(cgroup_facts_parse(arena_strdup(a, text), v2, a, &c), 0);
	return c;
}

TEST(facts_tell_the_cgroup_modes_apart)
{
	scoped_arena struct arena a = { 0 };
	struct cgroup_facts none = parsed(&a, TMPFS, NULL);
	struct cgroup_facts v2 = parsed(&a, "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n", "cpu memory pids");
	struct cgroup_facts v1 = parsed(&a, TMPFS "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n", NULL);
	struct cgroup_facts hybrid = parsed(&a,
		TMPFS "32 31 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		      "33 31 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
		      "34 31 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
		      "90 31 0:29 /c1 /var/x/sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
		"hugetlb");

	assert_string_equal(cgroup_mode_name(none.mode), "none");
	assert_int_equal(v2.mode, CGROUP_V2);
	assert_true(strs_has(&v2.v2_controllers, "memory"));
	assert_int_equal(v1.mode, CGROUP_V1);
	assert_string_equal(cgroup_facts_find(&v1, "cpuacct")->mount, "/sys/fs/cgroup/cpu,cpuacct");
	assert_null(cgroup_facts_find(&v1, "memory"));
	assert_int_equal(hybrid.mode, CGROUP_HYBRID);
	assert_int_equal(hybrid.n_v1, 2);
	assert_string_equal(hybrid.v2_mount, "/sys/fs/cgroup/unified");
	assert_string_equal(cgroup_facts_find(&hybrid, "memory")->mount, "/sys/fs/cgroup/memory");
	assert_non_null(cgroup_facts_find(&hybrid, "name=systemd"));
	assert_null(cgroup_facts_find(&hybrid, "xattr"));
}

TEST(facts_filled_by_hand_are_not_probed)
{
	struct cgroup_facts c = { .mode = CGROUP_V2 };
	struct host_facts f = { .openat2 = FACTS_NO, .kernel = FACTS_KERNEL(5, 6), .landlock_abi = -1, .clone3 = FACTS_YES, .cgroup = &c };
	scoped_arena struct arena a = { 0 };

	assert_false(facts_openat2(&f));
	assert_false(facts_clone_into_cgroup(&f));
	assert_int_equal(facts_landlock(&f), 0);
	assert_ptr_equal(facts_cgroup(&f, &a), &c);
}

TEST(facts_of_this_host_make_sense)
{
	struct host_facts f = { 0 };
	scoped_arena struct arena a = { 0 };

	assert_true(facts_kernel(&f) >= FACTS_KERNEL(4, 18));
	assert_true(facts_pidfd(&f) && f.pidfd == FACTS_YES);
	assert_non_null(facts_cgroup(&f, &a));
	assert_ptr_equal(facts_cgroup(&f, &a), f.cgroup);
}
