/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/resources.h"

#include <string.h>

#include "base/test.h"
#include "runtime/cgroup/fake_hosts.h"

static struct cgroup_writes plan_on(struct arena *a, enum cgroup_mode mode, const struct oci_resources *r)
{
	struct cgroup_writes w = { 0 };
	struct err e = { 0 };

	if (resources_plan(r, fake_host(a, mode), a, &w, &e) < 0)
		fail_msg("%s", e.msg);
	return w;
}

static void assert_refused(enum cgroup_mode mode, const struct oci_resources *r, enum err_kind kind)
{
	scoped_arena struct arena a = { 0 };
	struct cgroup_writes w = { 0 };
	struct err e = { 0 };

	assert_true(resources_plan(r, fake_host(&a, mode), &a, &w, &e) < 0);
	assert_int_equal(e.kind, kind);
}

static const char *written(const struct cgroup_writes *w, const char *file)
{
	for (size_t i = 0; i < w->n; i++)
		if (streq(w->v[i].file, file))
			return w->v[i].value;
	return NULL;
}

static void assert_written(const struct cgroup_writes *w, const char *file, const char *value)
{
	const char *found = written(w, file);

	if (!found)
		fail_msg("'%s' is not written", file);
	assert_string_equal(found, value);
}

TEST(no_resources_write_nothing)
{
	scoped_arena struct arena a = { 0 };
	struct oci_resources empty = { 0 };

	assert_int_equal(plan_on(&a, CGROUP_V1, NULL).n, 0);
	assert_int_equal(plan_on(&a, CGROUP_V2, &empty).n, 0);
}

TEST(shares_become_weights_on_the_curve_through_the_defaults)
{
	assert_int_equal(resources_weight_of_shares(0), 0);
	assert_int_equal(resources_weight_of_shares(2), 1);
	assert_int_equal(resources_weight_of_shares(1024), 100);
	assert_int_equal(resources_weight_of_shares(262144), 10000);
	assert_int_equal(resources_weight_of_shares(UINT64_MAX), 10000);
	for (uint64_t s = 3; s < 262144; s += 97)
		assert_true(resources_weight_of_shares(s) >= resources_weight_of_shares(s - 1));
}

TEST(memory_limits_have_both_spellings_and_the_limit_goes_first)
{
	scoped_arena struct arena a = { 0 };
	struct oci_memory m = { .limit = { true, 1048576 }, .swap = { true, 3145728 }, .reservation = { true, 4096 } };
	struct oci_resources r = { .memory = &m };
	struct cgroup_writes v1 = plan_on(&a, CGROUP_V1, &r), v2 = plan_on(&a, CGROUP_V2, &r);

	assert_string_equal(v1.v[0].file, "memory.limit_in_bytes");
	assert_true(v1.v[0].flags & CGROUP_WRITE_SWAP);
	assert_string_equal(v1.v[1].file, "memory.memsw.limit_in_bytes");
	assert_written(&v1, "memory.memsw.limit_in_bytes", "3145728");
	assert_written(&v1, "memory.soft_limit_in_bytes", "4096");
	assert_written(&v2, "memory.max", "1048576");
	assert_written(&v2, "memory.swap.max", "2097152");
	assert_written(&v2, "memory.low", "4096");
}

TEST(swap_on_v2_is_what_exceeds_the_limit)
{
	scoped_arena struct arena a = { 0 };
	struct oci_memory same = { .limit = { true, 1000 }, .swap = { true, 1000 } };
	struct oci_memory open = { .limit = { true, 1000 }, .swap = { true, -1 } };
	struct oci_memory less = { .limit = { true, 1000 }, .swap = { true, 999 } };
	struct oci_memory lone = { .swap = { true, 1000 } };
	struct cgroup_writes w = plan_on(&a, CGROUP_V2, &(struct oci_resources){ .memory = &same });

	assert_written(&w, "memory.swap.max", "0");
	w = plan_on(&a, CGROUP_V2, &(struct oci_resources){ .memory = &open });
	assert_written(&w, "memory.swap.max", "max");
	assert_refused(CGROUP_V2, &(struct oci_resources){ .memory = &less }, ERR_INVALID);
	assert_refused(CGROUP_V2, &(struct oci_resources){ .memory = &lone }, ERR_INVALID);
}

TEST(quota_and_period_are_one_file_on_v2)
{
	scoped_arena struct arena a = { 0 };
	struct oci_cpu both = { .quota = { true, 50000 }, .period = { true, 20000 }, .shares = { true, 512 }, .burst = { true, 1000 } };
	struct oci_cpu period = { .period = { true, 20000 } };
	struct cgroup_writes w = plan_on(&a, CGROUP_V2, &(struct oci_resources){ .cpu = &both });

	assert_written(&w, "cpu.max", "50000 20000");
	assert_written(&w, "cpu.weight", "59");
	assert_written(&w, "cpu.max.burst", "1000");
	assert_int_equal(w.n, 3);
	w = plan_on(&a, CGROUP_V2, &(struct oci_resources){ .cpu = &period });
	assert_written(&w, "cpu.max", "max 20000");
	w = plan_on(&a, CGROUP_V1, &(struct oci_resources){ .cpu = &both });
	assert_written(&w, "cpu.cfs_period_us", "20000");
	assert_written(&w, "cpu.cfs_quota_us", "50000");
	assert_written(&w, "cpu.cfs_burst_us", "1000");
	assert_written(&w, "cpu.shares", "512");
}

TEST(pids_limit_zero_is_a_limit_and_minus_one_is_none)
{
	scoped_arena struct arena a = { 0 };
	struct oci_pids zero = { .limit = { true, 0 } }, none = { .limit = { true, -1 } };
	struct cgroup_writes w = plan_on(&a, CGROUP_V1, &(struct oci_resources){ .pids = &zero });

	assert_written(&w, "pids.max", "0");
	w = plan_on(&a, CGROUP_V2, &(struct oci_resources){ .pids = &none });
	assert_written(&w, "pids.max", "max");
}

TEST(block_io_is_translated)
{
	scoped_arena struct arena a = { 0 };
	struct oci_throttle_device d = { 8, 16, 1048576 };
	struct oci_block_io b = { .weight = { true, 500 }, .throttle_write_bps = &d, .n_throttle_write_bps = 1 };
	struct oci_resources r = { .block_io = &b };
	struct cgroup_writes v1 = plan_on(&a, CGROUP_V1, &r), v2 = plan_on(&a, CGROUP_V2, &r);

	assert_written(&v1, "blkio.throttle.write_bps_device", "8:16 1048576");
	assert_written(&v1, "blkio.weight", "500");
	assert_written(&v2, "io.max", "8:16 wbps=1048576");
	assert_written(&v2, "io.bfq.weight", "500");
	assert_written(&v2, "io.weight", "default 4950");
}

TEST(what_v2_lacks_is_refused_unless_it_holds_anyway)
{
	scoped_arena struct arena a = { 0 };
	struct oci_memory swappiness = { .swappiness = { true, 60 } }, kernel = { .kernel = { true, 1 } };
	struct oci_memory fine = { .disable_oom_killer = { true, false }, .use_hierarchy = { true, true } };
	struct oci_cpu rt = { .realtime_runtime = { true, 1000 } };

	assert_refused(CGROUP_V2, &(struct oci_resources){ .memory = &swappiness }, ERR_UNSUPPORTED);
	assert_refused(CGROUP_V2, &(struct oci_resources){ .memory = &kernel }, ERR_UNSUPPORTED);
	assert_refused(CGROUP_V2, &(struct oci_resources){ .cpu = &rt }, ERR_UNSUPPORTED);
	assert_int_equal(plan_on(&a, CGROUP_V2, &(struct oci_resources){ .memory = &fine }).n, 0);
}

TEST(a_controller_this_host_lacks_is_named)
{
	struct oci_hugepage_limit huge = { "2MB", 4194304 };
	struct oci_network_resources net = { .class_id = { true, 1 } };

	assert_refused(CGROUP_V1, &(struct oci_resources){ .hugepage_limits = &huge, .n_hugepage_limits = 1 }, ERR_UNSUPPORTED);
	assert_refused(CGROUP_V1, &(struct oci_resources){ .network = &net }, ERR_UNSUPPORTED);
}

TEST(huge_page_sizes_become_file_names_only_if_they_are_sizes)
{
	scoped_arena struct arena a = { 0 };
	static const char *const bad[] = { "", "MB", "2MB/../x", "02MB", "2mb", "2M", "2MBB" };
	struct oci_hugepage_limit huge = { "2MB", 4194304 };
	struct oci_resources r = { .hugepage_limits = &huge, .n_hugepage_limits = 1 };
	struct cgroup_writes w = plan_on(&a, CGROUP_HYBRID, &r);

	assert_written(&w, "hugetlb.2MB.max", "4194304");
	assert_written(&w, "hugetlb.2MB.rsvd.max", "4194304");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		huge.page_size = bad[i];
		assert_refused(CGROUP_HYBRID, &r, ERR_INVALID);
	}
}

TEST(unified_files_are_written_as_they_are_where_v2_has_their_controller)
{
	scoped_arena struct arena a = { 0 };
	struct pair good = { "memory.high", "100M" }, climbing = { "../memory.high", "1" }, unknown = { "rdma.max", "x" };
	struct oci_resources r = { .unified = { &good, 1 } };
	struct cgroup_writes w = plan_on(&a, CGROUP_V2, &r);

	assert_written(&w, "memory.high", "100M");
	assert_refused(CGROUP_V1, &r, ERR_UNSUPPORTED);
	assert_refused(CGROUP_HYBRID, &r, ERR_UNSUPPORTED);
	r.unified.v = &climbing;
	assert_refused(CGROUP_V2, &r, ERR_INVALID);
	r.unified.v = &unknown;
	assert_refused(CGROUP_V2, &r, ERR_UNSUPPORTED);
}

TEST(a_part_takes_from_the_whole_what_its_files_need)
{
	scoped_arena struct arena a = { 0 };
	struct oci_memory limit = { .limit = { true, 100 } }, swap = { .swap = { true, 300 } }, both = { .limit = { true, 100 }, .swap = { true, 300 } };
	struct oci_cpu quota = { .quota = { true, 5 } }, period = { .quota = { true, 5 }, .period = { true, 7 } };
	struct oci_resources part = { .memory = &swap, .cpu = &quota }, whole = { .memory = &both, .cpu = &period };
	struct cgroup_writes w = { 0 };
	struct err e = { 0 };

	assert_int_equal(resources_plan_part(&part, &whole, fake_host(&a, CGROUP_V2), &a, &w, &e), 0);
	assert_int_equal(w.n, 2);
	assert_written(&w, "memory.swap.max", "200");
	assert_written(&w, "cpu.max", "5 7");
	part = (struct oci_resources){ .memory = &limit };
	w.n = 0;
	assert_int_equal(resources_plan_part(&part, &whole, fake_host(&a, CGROUP_V1), &a, &w, &e), 0);
	assert_int_equal(w.n, 1);
}
