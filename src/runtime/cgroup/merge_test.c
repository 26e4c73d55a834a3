/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/merge.h"

#include "base/test.h"

TEST(what_an_update_does_not_name_stays)
{
	scoped_arena struct arena a = { 0 };
	struct oci_memory old_memory = { .limit = { true, 100 }, .swappiness = { true, 7 } }, new_memory = { .limit = { true, 50 } };
	struct oci_pids pids = { .limit = { true, 9 } };
	struct oci_cpu cpu = { .cpus = "0" };
	struct oci_resources kept = { .memory = &old_memory, .pids = &pids }, asked = { .memory = &new_memory, .cpu = &cpu }, todo, whole;

	resources_merge(&kept, &asked, &a, &todo, &whole);
	assert_int_equal(whole.memory->limit.v, 50);
	assert_int_equal(whole.memory->swappiness.v, 7);
	assert_int_equal(whole.pids->limit.v, 9);
	assert_string_equal(whole.cpu->cpus, "0");
	assert_int_equal(old_memory.limit.v, 100);
	assert_null(todo.pids);
}

TEST(an_update_without_anything_kept_is_itself)
{
	scoped_arena struct arena a = { 0 };
	struct oci_pids pids = { .limit = { true, 0 } };
	struct oci_resources asked = { .pids = &pids }, todo, whole;

	resources_merge(NULL, &asked, &a, &todo, &whole);
	assert_true(whole.pids->limit.set);
	assert_int_equal(whole.pids->limit.v, 0);
}

TEST(device_rules_of_an_update_are_not_looked_at)
{
	scoped_arena struct arena a = { 0 };
	struct oci_device_rule deny = { .allow = false }, allow = { .allow = true };
	struct oci_resources kept = { .devices = &deny, .n_devices = 1 }, asked = { .devices = &allow, .n_devices = 1 }, todo, whole;

	resources_merge(&kept, &asked, &a, &todo, &whole);
	assert_int_equal(todo.n_devices, 0);
	assert_int_equal(whole.n_devices, 1);
	assert_false(whole.devices[0].allow);
}

TEST(entries_for_the_same_device_are_one)
{
	scoped_arena struct arena a = { 0 };
	struct oci_throttle_device old[] = { { 8, 0, 100 }, { 8, 16, 200 } }, new[] = { { 8, 16, 300 }, { 9, 0, 400 } };
	struct oci_block_io kept_io = { .throttle_read_bps = old, .n_throttle_read_bps = 2 };
	struct oci_block_io asked_io = { .throttle_read_bps = new, .n_throttle_read_bps = 2 };
	struct oci_resources kept = { .block_io = &kept_io }, asked = { .block_io = &asked_io }, todo, whole;

	resources_merge(&kept, &asked, &a, &todo, &whole);
	assert_int_equal(todo.block_io->n_throttle_read_bps, 2);
	assert_int_equal(whole.block_io->n_throttle_read_bps, 3);
	assert_int_equal(whole.block_io->throttle_read_bps[0].rate, 100);
	assert_int_equal(whole.block_io->throttle_read_bps[1].rate, 300);
	assert_int_equal(whole.block_io->throttle_read_bps[2].major, 9);
	assert_int_equal(old[1].rate, 200);
}

TEST(a_weight_does_not_unset_the_leaf_weight_of_the_same_device)
{
	scoped_arena struct arena a = { 0 };
	struct oci_weight_device old = { 8, 0, { 0 }, { true, 20 } }, new = { 8, 0, { true, 10 }, { 0 } };
	struct oci_block_io kept_io = { .weight_device = &old, .n_weight_device = 1 };
	struct oci_block_io asked_io = { .weight_device = &new, .n_weight_device = 1 };
	struct oci_resources kept = { .block_io = &kept_io }, asked = { .block_io = &asked_io }, todo, whole;

	resources_merge(&kept, &asked, &a, &todo, &whole);
	assert_int_equal(whole.block_io->n_weight_device, 1);
	assert_int_equal(whole.block_io->weight_device[0].weight.v, 10);
	assert_int_equal(whole.block_io->weight_device[0].leaf_weight.v, 20);
}

TEST(page_sizes_and_interfaces_are_told_apart_by_name)
{
	scoped_arena struct arena a = { 0 };
	struct oci_hugepage_limit old[] = { { "2MB", 1 }, { "1GB", 2 } }, new = { "1GB", 3 };
	struct pair one = { "memory.high", "1" }, other = { "memory.high", "2" };
	struct oci_resources kept = { .hugepage_limits = old, .n_hugepage_limits = 2, .unified = { &one, 1 } };
	struct oci_resources asked = { .hugepage_limits = &new, .n_hugepage_limits = 1, .unified = { &other, 1 } }, todo, whole;

	resources_merge(&kept, &asked, &a, &todo, &whole);
	assert_int_equal(whole.n_hugepage_limits, 2);
	assert_int_equal(whole.hugepage_limits[0].limit, 1);
	assert_int_equal(whole.hugepage_limits[1].limit, 3);
	assert_int_equal(whole.unified.n, 1);
	assert_string_equal(whole.unified.v[0].value, "2");
	assert_string_equal(one.value, "1");
}

TEST(what_goes_together_is_written_together)
{
	scoped_arena struct arena a = { 0 };
	struct oci_memory old = { .limit = { true, 100 }, .swap = { true, 300 } }, more = { .limit = { true, 200 } }, all = { .limit = { true, -1 } };
	struct oci_cpu old_cpu = { .quota = { true, 5000 }, .period = { true, 10000 } }, period = { .period = { true, 20000 } };
	struct oci_cpu quota = { .quota = { true, 7000 } };
	struct oci_resources kept = { .memory = &old, .cpu = &old_cpu }, todo, whole;

	resources_merge(&kept, &(struct oci_resources){ .memory = &more }, &a, &todo, &whole);
	assert_int_equal(todo.memory->swap.v, 300);
	resources_merge(&kept, &(struct oci_resources){ .memory = &all }, &a, &todo, &whole);
	assert_int_equal(todo.memory->swap.v, -1);
	assert_int_equal(whole.memory->swap.v, -1);
	resources_merge(&kept, &(struct oci_resources){ .cpu = &period }, &a, &todo, &whole);
	assert_int_equal(todo.cpu->quota.v, 5000);
	resources_merge(&kept, &(struct oci_resources){ .cpu = &quota }, &a, &todo, &whole);
	assert_int_equal(todo.cpu->quota.v, 7000);
	assert_int_equal(todo.cpu->period.v, 10000);
}
