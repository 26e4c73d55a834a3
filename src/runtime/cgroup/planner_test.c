/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/plan.h"

#include <string.h>

#include "base/test.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/driver.h"
#include "runtime/cgroup/fake_hosts.h"

static struct cgroup_plan *plan_of(struct arena *a, enum cgroup_mode mode, const char *path, const struct oci_resources *r)
{
	struct cgroup_request q = { .id = "web", .cgroups_path = path, .resources = r };
	struct cgroup_plan *p = NULL;
	struct err e = { 0 };

	if (cgroup_plan_make(&q, fake_host(a, mode), a, &p, &e) < 0)
		fail_msg("%s", e.msg);
	return p;
}

static const struct cgroup_dir_plan *dir_of(const struct cgroup_plan *p, const char *controllers)
{
	for (size_t i = 0; i < p->dirs.n; i++)
		if (streq(p->dirs.v[i].controllers, controllers))
			return &p->dirs.v[i];
	return NULL;
}

TEST(on_v1_only_the_hierarchies_that_are_needed_get_a_directory)
{
	scoped_arena struct arena a = { 0 };
	struct cgroup_plan *p = plan_of(&a, CGROUP_V1, NULL, NULL);

	assert_string_equal(p->driver->name, "v1");
	assert_non_null(dir_of(p, "memory"));
	assert_non_null(dir_of(p, "pids"));
	assert_non_null(dir_of(p, "devices"));
	assert_non_null(dir_of(p, "freezer"));
	assert_non_null(dir_of(p, "cpu,cpuacct"));
	assert_null(dir_of(p, "cpuset"));
	assert_null(dir_of(p, "blkio"));
}

TEST(who_names_the_cgroup_can_read_block_io_there)
{
	scoped_arena struct arena a = { 0 };
	struct cgroup_plan *p = plan_of(&a, CGROUP_V1, "/docker/web", NULL);

	assert_string_equal(dir_of(p, "blkio")->path, "docker/web");
	assert_null(dir_of(p, "cpuset"));
}

TEST(a_limit_brings_its_controller)
{
	scoped_arena struct arena a = { 0 };
	struct oci_cpu cpu = { .cpus = "0-1" };
	struct cgroup_plan *p = plan_of(&a, CGROUP_V1, NULL, &(struct oci_resources){ .cpu = &cpu });

	assert_non_null(dir_of(p, "cpuset"));
}

TEST(absolute_paths_start_at_the_mount_and_relative_ones_at_our_own_cgroup)
{
	scoped_arena struct arena a = { 0 };

	assert_string_equal(dir_of(plan_of(&a, CGROUP_V1, "/docker/web", NULL), "memory")->path, "docker/web");
	assert_string_equal(dir_of(plan_of(&a, CGROUP_V1, "pod/web", NULL), "memory")->path, "own/pod/web");
	assert_string_equal(dir_of(plan_of(&a, CGROUP_V1, "pod/web", NULL), "pids")->path, "pod/web");
	assert_string_equal(dir_of(plan_of(&a, CGROUP_V1, NULL, NULL), "memory")->path, "own/tare-web");
	/* On v2 beside ourselves: below us no controller could be enabled. */
	assert_string_equal(dir_of(plan_of(&a, CGROUP_V2, NULL, NULL), "")->path, "user.slice/tare-web");
}

TEST(the_same_path_is_the_same_place)
{
	scoped_arena struct arena a = { 0 };

	assert_string_equal(dir_of(plan_of(&a, CGROUP_V2, "/a//b/", NULL), "")->path,
			    dir_of(plan_of(&a, CGROUP_V2, "/a/b", NULL), "")->path);
}

TEST(the_root_of_the_tree_is_no_cgroup_for_a_container)
{
	scoped_arena struct arena a = { 0 };
	struct cgroup_request q = { .id = "web", .cgroups_path = "/" };
	struct cgroup_plan *p;
	struct err e = { 0 };

	assert_true(cgroup_plan_make(&q, fake_host(&a, CGROUP_V1), &a, &p, &e) < 0);
	assert_int_equal(e.kind, ERR_INVALID);
}

TEST(v2_enables_what_limits_need_and_would_like_the_rest)
{
	scoped_arena struct arena a = { 0 };
	struct oci_pids pids = { .limit = { true, 10 } };
	struct cgroup_plan *p = plan_of(&a, CGROUP_V2, "/web", &(struct oci_resources){ .pids = &pids });

	assert_string_equal(p->driver->name, "v2");
	assert_int_equal(p->dirs.n, 1);
	assert_true(strs_has(&p->enable_needed, "pids"));
	assert_int_equal(p->enable_needed.n, 1);
	assert_true(strs_has(&p->enable_wanted, "memory"));
	assert_true(strs_has(&p->enable_wanted, "io"));
	assert_false(strs_has(&p->enable_wanted, "cpuset"));
	assert_true(p->program.n > 0);
}

TEST(hybrid_has_a_v2_directory_only_for_limits_that_live_there)
{
	scoped_arena struct arena a = { 0 };
	struct oci_hugepage_limit huge = { "2MB", 4194304 };
	struct cgroup_plan *p = plan_of(&a, CGROUP_HYBRID, "/web", NULL);

	assert_null(dir_of(p, ""));
	assert_int_equal(p->program.n, 0);
	p = plan_of(&a, CGROUP_HYBRID, "/web", &(struct oci_resources){ .hugepage_limits = &huge, .n_hugepage_limits = 1 });
	assert_non_null(dir_of(p, ""));
	assert_true(strs_has(&p->enable_needed, "hugetlb"));
	assert_ptr_equal(cgroup_plan_dir_of(p, CGROUP_HUGETLB), dir_of(p, ""));
	assert_ptr_equal(cgroup_plan_dir_of(p, CGROUP_MEMORY), dir_of(p, "memory"));
}

TEST(without_cgroups_limits_are_refused_and_no_limits_are_fine)
{
	scoped_arena struct arena a = { 0 };
	struct oci_pids pids = { .limit = { true, 10 } };
	struct oci_resources r = { .pids = &pids };
	struct cgroup_request q = { .id = "web", .resources = &r, .disabled = true };
	struct cgroup_plan *p;
	struct err e = { 0 };

	assert_true(cgroup_plan_make(&q, fake_host(&a, CGROUP_V1), &a, &p, &e) < 0);
	assert_int_equal(e.kind, ERR_UNSUPPORTED);
	q.resources = NULL;
	assert_int_equal(cgroup_plan_make(&q, fake_host(&a, CGROUP_V1), &a, &p, &e), 0);
	assert_false(cgroup_plan_is_active(p));
}

TEST(with_systemd_directories_are_where_the_unit_is)
{
	static const struct {
		enum cgroup_mode mode;
		const char *path;
	} rows[] = {
		{ CGROUP_V2, "machine.slice/tare-web.scope/container" },
		{ CGROUP_HYBRID, "machine.slice/tare-web.scope" },
		{ CGROUP_V1, "machine.slice/tare-web.scope" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		struct cgroup_request q = { .id = "web", .cgroups_path = "machine.slice:tare:web", .systemd = true };
		struct cgroup_record rec;
		struct cgroup_plan *p;
		struct err e = { 0 };

		assert_int_equal(cgroup_plan_make(&q, fake_host(&a, rows[i].mode), &a, &p, &e), 0);
		assert_true(p->dirs.n > 0);
		VEC_EACH(const struct cgroup_dir_plan, d, &p->dirs)
			assert_string_equal(d->path, rows[i].path);
		assert_true((cgroup_plan_dir_of(p, CGROUP_CTL_COUNT) != NULL) == (rows[i].mode != CGROUP_V1));
		cgroup_plan_record(p, &a, &rec);
		assert_string_equal(rec.unit, "tare-web.scope");
		/* Of v2 only the level below the scope is ours to remove. */
		if (rows[i].mode == CGROUP_V2)
			assert_int_equal(rec.made.n, 1);
	}
}

TEST(a_v1_hierarchy_for_a_systemd_inside_is_not_built)
{
	scoped_arena struct arena a = { 0 };
	struct pair pair = { "run.oci.systemd.force_cgroup_v1", "/sys/fs/cgroup/systemd" };
	struct pairs annotations = { &pair, 1 };
	struct cgroup_request q = { .id = "web", .annotations = &annotations };
	struct cgroup_plan *p;
	struct err e = { 0 };

	assert_true(cgroup_plan_make(&q, fake_host(&a, CGROUP_V2), &a, &p, &e) < 0);
	assert_int_equal(e.kind, ERR_UNSUPPORTED);
}

TEST(without_systemd_there_is_no_unit)
{
	scoped_arena struct arena a = { 0 };
	struct cgroup_request q = { .id = "web", .cgroups_path = "/a:b:c" };
	struct cgroup_record rec;
	struct cgroup_plan *p;
	struct err e = { 0 };

	assert_int_equal(cgroup_plan_make(&q, fake_host(&a, CGROUP_V2), &a, &p, &e), 0);
	assert_null(p->unit);
	assert_ptr_equal(p->manager, &cgroup_manager_cgroupfs);
	cgroup_plan_record(p, &a, &rec);
	assert_null(rec.unit);
}

TEST(a_plan_can_be_read)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf b = BUF(4096);
	struct oci_memory m = { .limit = { true, 1048576 } };

	cgroup_plan_print(plan_of(&a, CGROUP_V1, "/web", &(struct oci_resources){ .memory = &m }), &b);
	assert_non_null(strstr(buf_text(&b), "cgroup mkdir /cg/memory/web\n"));
	assert_non_null(strstr(buf_text(&b), "cgroup write memory.limit_in_bytes = 1048576 (memory.limit)\n"));
}
