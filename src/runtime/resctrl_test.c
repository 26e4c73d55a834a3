/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/resctrl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/test.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/test_dir.h"

/* A directory that looks like resctrl, but for the files that the kernel would put into new directories. */
struct tree {
	struct arena a;
	struct test_dir dir;
	struct resctrl_record *r;
	struct err e;
};

static void put(const struct tree *t, const char *path, const char *text)
{
	assert_int_equal(file_create(t->dir.fd, path, text, strlen(text), 0600), 0);
}

static struct tree tree_make(void)
{
	struct tree t = { .dir = test_dir_make() };

	assert_int_equal(mkdirat(t.dir.fd, "info", 0700), 0);
	assert_int_equal(mkdirat(t.dir.fd, "gold", 0700), 0);
	assert_int_equal(mkdirat(t.dir.fd, "gold/mon_groups", 0700), 0);
	put(&t, "info/last_cmd_status", "ok\n");
	put(&t, "schemata", "    L3:0=fff;1=fff\n    MB:0=100;1=100\n");
	put(&t, "gold/schemata", "    L3:0=7f0;1=01f\n    MB:0= 20;1= 70\n");
	return t;
}

static void tree_done(struct tree *t)
{
	test_dir_done(&t->dir);
	arena_done(&t->a);
}
#define scoped_tree SCOPED(tree_done)

static int plan(struct tree *t, const struct oci_intel_rdt *x)
{
	err_clear(&t->e);
	return resctrl_plan(x, t->dir.path, "box", &t->a, &t->r, &t->e);
}

static int make(struct tree *t, const struct oci_intel_rdt *x)
{
	int r = plan(t, x);

	return r < 0 ? r : resctrl_make(t->r, x, &t->e);
}

static const char *text_of(struct tree *t, const char *path)
{
	char *text;
	size_t n;

	return file_read(t->dir.fd, path, 4096, &t->a, &text, &n) < 0 ? NULL : text;
}

static bool is_there(const struct tree *t, const char *path)
{
	return faccessat(t->dir.fd, path, F_OK, 0) == 0;
}

TEST(resctrl_without_a_class_makes_one_of_the_id_and_removes_it)
{
	scoped_tree struct tree t = tree_make();
	const char *more[] = { "L2:0=f" };
	const struct oci_intel_rdt x = { .l3_cache_schema = "L3:0=f", .mem_bw_schema = "MB:0=50", .schemata = { more, 1 } };

	assert_int_equal(make(&t, &x), 0);
	assert_true(t.r->made && !t.r->group);
	assert_string_equal(text_of(&t, "box/schemata"), "L3:0=f\nMB:0=50\nL2:0=f\n");
	assert_int_equal(resctrl_enter(t.r, 42, &t.e), 0);
	assert_string_equal(text_of(&t, "box/tasks"), "42");
	assert_int_equal(resctrl_update(t.r, NULL, "MB:0=60", &t.e), 0);
	assert_non_null(strstr(text_of(&t, "box/schemata"), "MB:0=60"));
	unlinkat(t.dir.fd, "box/tasks", 0);
	unlinkat(t.dir.fd, "box/schemata", 0);
	assert_int_equal(resctrl_remove(t.r, &t.e), 0);
	assert_false(is_there(&t, "box"));
	assert_int_equal(resctrl_remove(t.r, &t.e), 0);
}

TEST(resctrl_without_anything_writes_no_schemata)
{
	scoped_tree struct tree t = tree_make();
	const struct oci_intel_rdt x = { 0 };

	assert_int_equal(make(&t, &x), 0);
	assert_true(is_there(&t, "box") && !is_there(&t, "box/schemata"));
}

TEST(resctrl_keeps_a_directory_of_the_id_that_was_there)
{
	scoped_tree struct tree t = tree_make();
	const struct oci_intel_rdt x = { 0 };

	assert_int_equal(mkdirat(t.dir.fd, "box", 0700), 0);
	assert_int_equal(make(&t, &x), 0);
	assert_false(t.r->made);
	assert_int_equal(resctrl_remove(t.r, &t.e), 0);
	assert_true(is_there(&t, "box"));
}

TEST(resctrl_class_without_schemata_must_be_there)
{
	scoped_tree struct tree t = tree_make();
	const struct oci_intel_rdt gold = { .clos_id = "gold" }, tin = { .clos_id = "tin" }, root = { .clos_id = "/" };

	assert_int_equal(make(&t, &gold), 0);
	assert_false(t.r->made);
	assert_int_equal(resctrl_enter(t.r, 7, &t.e), 0);
	assert_string_equal(text_of(&t, "gold/tasks"), "7");
	assert_int_equal(make(&t, &tin), -ENOENT);
	assert_non_null(strstr(t.e.msg, "closID"));
	assert_int_equal(make(&t, &root), 0);
	assert_int_equal(resctrl_enter(t.r, 8, &t.e), 0);
	assert_string_equal(text_of(&t, "tasks"), "8");
	assert_int_equal(resctrl_remove(t.r, &t.e), 0);
	assert_true(is_there(&t, "info"));
}

TEST(resctrl_class_with_schemata_is_made_or_must_say_the_same)
{
	scoped_tree struct tree t = tree_make();
	const struct oci_intel_rdt tin = { .clos_id = "tin", .l3_cache_schema = "L3:0=f" };
	const struct oci_intel_rdt same = { .clos_id = "gold", .l3_cache_schema = "L3:1=1F;0=7f0", .mem_bw_schema = "MB:0=20" };
	const struct oci_intel_rdt other = { .clos_id = "gold", .l3_cache_schema = "L3:0=7ff" };
	const struct oci_intel_rdt beyond = { .clos_id = "gold", .l3_cache_schema = "L3:2=1" };
	const struct oci_intel_rdt unknown = { .clos_id = "gold", .mem_bw_schema = "SMBA:0=20" };

	assert_int_equal(make(&t, &tin), 0);
	assert_false(t.r->made);
	assert_string_equal(text_of(&t, "tin/schemata"), "L3:0=f\n");
	assert_int_equal(make(&t, &same), 0);
	assert_string_equal(text_of(&t, "gold/schemata"), "    L3:0=7f0;1=01f\n    MB:0= 20;1= 70\n");
	assert_true(make(&t, &other) < 0);
	assert_int_equal(t.e.kind, ERR_CONFLICT);
	assert_true(make(&t, &beyond) < 0);
	assert_true(make(&t, &unknown) < 0);
}

TEST(resctrl_monitoring_has_a_group_of_the_id_that_goes_with_the_container)
{
	scoped_tree struct tree t = tree_make();
	const struct oci_intel_rdt x = { .clos_id = "gold", .enable_monitoring = true };

	assert_int_equal(make(&t, &x), 0);
	assert_int_equal(resctrl_enter(t.r, 9, &t.e), 0);
	assert_string_equal(text_of(&t, "gold/mon_groups/box/tasks"), "9");
	unlinkat(t.dir.fd, "gold/mon_groups/box/tasks", 0);
	assert_int_equal(resctrl_remove(t.r, &t.e), 0);
	assert_true(is_there(&t, "gold") && !is_there(&t, "gold/mon_groups/box"));
}

TEST(resctrl_failures_carry_the_kernels_words_and_leave_nothing)
{
	scoped_tree struct tree t = tree_make();
	const struct oci_intel_rdt x = { .enable_monitoring = true };

	/* A new directory here has no mon_groups, so the group cannot be made. */
	assert_int_equal(file_replace(t.dir.fd, "info/last_cmd_status", "out of RMIDs\n", 13, 0600, 0), 0);
	assert_int_equal(make(&t, &x), -ENOENT);
	assert_non_null(strstr(t.e.msg, "out of RMIDs"));
	assert_false(is_there(&t, "box"));
}

TEST(resctrl_is_found_or_missed_by_name)
{
	scoped_arena struct arena a = { 0 };
	const char *root = NULL;
	struct err e = { 0 };

	if (resctrl_find_root(&a, &root, &e) < 0)
		assert_non_null(strstr(e.msg, "no resctrl mount"));
	else
		assert_non_null(root);
}
