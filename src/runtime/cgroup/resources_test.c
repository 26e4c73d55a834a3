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
	struct pair good = { "memory.high", "100M" }, climbing = { "../memory.high", "1" }, unknown = { "dmem.max", "x" };
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

TEST(a_weight_of_one_device_falls_back_to_the_general_file_in_its_scale)
{
	scoped_arena struct arena a = { 0 };
	struct oci_weight_device d = { 8, 0, { true, 500 }, { 0 } }, leaf = { 8, 0, { 0 }, { true, 9 } };
	struct oci_block_io b = { .weight_device = &d, .n_weight_device = 1 };
	struct oci_resources r = { .block_io = &b };
	struct cgroup_writes v1 = plan_on(&a, CGROUP_V1, &r), v2 = plan_on(&a, CGROUP_V2, &r);

	assert_written(&v1, "blkio.bfq.weight_device", "8:0 500");
	assert_written(&v1, "blkio.weight_device", "8:0 500");
	assert_written(&v2, "io.bfq.weight", "8:0 500");
	assert_written(&v2, "io.weight", "8:0 4950");
	assert_true(v2.v[0].flags & CGROUP_WRITE_OR_NEXT);
	b.weight_device = &leaf;
	v1 = plan_on(&a, CGROUP_V1, &r);
	assert_written(&v1, "blkio.leaf_weight_device", "8:0 9");
	assert_refused(CGROUP_V2, &r, ERR_UNSUPPORTED);
}

TEST(a_rate_of_zero_takes_the_limit_away)
{
	scoped_arena struct arena a = { 0 };
	struct oci_throttle_device d = { 8, 16, 0 };
	struct oci_block_io b = { .throttle_read_iops = &d, .n_throttle_read_iops = 1 };
	struct oci_resources r = { .block_io = &b };
	struct cgroup_writes v1 = plan_on(&a, CGROUP_V1, &r), v2 = plan_on(&a, CGROUP_V2, &r);

	assert_written(&v1, "blkio.throttle.read_iops_device", "8:16 0");
	assert_written(&v2, "io.max", "8:16 riops=max");
}

TEST(rdma_devices_are_limited_by_what_is_named)
{
	scoped_arena struct arena a = { 0 };
	struct oci_rdma d[] = { { "mlx5_1", { true, 3 }, { true, 10000 } }, { "mlx4_0", { 0 }, { true, 7 } }, { "rxe3", { 0 }, { 0 } } };
	struct oci_resources r = { .rdma = d, .n_rdma = 3 };
	struct cgroup_writes w = plan_on(&a, CGROUP_V2, &r);

	assert_int_equal(w.n, 2);
	assert_string_equal(w.v[0].file, "rdma.max");
	assert_string_equal(w.v[0].value, "mlx5_1 hca_handle=3 hca_object=10000");
	assert_string_equal(w.v[1].value, "mlx4_0 hca_object=7");
	assert_refused(CGROUP_V1, &r, ERR_UNSUPPORTED);
}

TEST(lines_of_a_unified_value_are_written_one_by_one)
{
	scoped_arena struct arena a = { 0 };
	struct pair limits = { "io.max", "8:0 rbps=1\n8:16 wbps=2\n" }, empty = { "cpuset.cpus", "" };
	struct oci_resources r = { .unified = { &limits, 1 } };
	struct cgroup_writes w = plan_on(&a, CGROUP_V2, &r);

	assert_int_equal(w.n, 2);
	assert_string_equal(w.v[0].value, "8:0 rbps=1");
	assert_string_equal(w.v[1].value, "8:16 wbps=2");
	r.unified.v = &empty;
	w = plan_on(&a, CGROUP_V2, &r);
	assert_int_equal(w.n, 1);
	assert_string_equal(w.v[0].value, "");
}

TEST(no_limit_of_swap_needs_no_kernel_that_counts_it)
{
	scoped_arena struct arena a = { 0 };
	struct oci_memory none = { .swap = { true, -1 } }, some = { .limit = { true, 10 }, .swap = { true, 20 } };
	struct cgroup_writes v1 = plan_on(&a, CGROUP_V1, &(struct oci_resources){ .memory = &none });
	struct cgroup_writes v2 = plan_on(&a, CGROUP_V2, &(struct oci_resources){ .memory = &none });

	assert_true(v1.v[0].flags & CGROUP_WRITE_IF_EXISTS);
	assert_true(v2.v[0].flags & CGROUP_WRITE_IF_EXISTS);
	v2 = plan_on(&a, CGROUP_V2, &(struct oci_resources){ .memory = &some });
	assert_false(v2.v[1].flags & CGROUP_WRITE_IF_EXISTS);
}

TEST(limits_that_bound_each_other_may_be_written_the_other_way_round)
{
	scoped_arena struct arena a = { 0 };
	struct oci_cpu c = { .shares = { true, 5 }, .idle = { true, 1 }, .quota = { true, 5 }, .burst = { true, 5 } };
	struct cgroup_writes w = plan_on(&a, CGROUP_V2, &(struct oci_resources){ .cpu = &c });

	assert_int_equal(w.n, 4);
	assert_string_equal(w.v[1].file, "cpu.idle");
	assert_true(w.v[0].flags & CGROUP_WRITE_SWAP);
	assert_string_equal(w.v[3].file, "cpu.max.burst");
	assert_true(w.v[2].flags & CGROUP_WRITE_SWAP);
}
