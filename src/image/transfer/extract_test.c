/* SPDX-License-Identifier: Apache-2.0 */
/* The corpus of hostile and awkward tar contents, entry by entry, into a directory beside a canary. */
#include "image/transfer/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/test.h"
#include "os/test_dir.h"

/* dir/root is where the layer goes; dir/canary is what must not change. */
struct place {
	struct test_dir dir;
	int root;
	struct extract *x;
	struct err e;
};

static void place_make(struct place *p)
{
	umask(0);
	*p = (struct place){ .dir = test_dir_make() };
	assert_int_equal(file_create(p->dir.fd, "canary", "untouched", 9, 0644), 0);
	assert_int_equal(mkdirat(p->dir.fd, "root", 0755), 0);
	p->root = dir_open(p->dir.fd, "root");
	p->x = extract_new(p->root);
}

static void place_done(struct place *p)
{
	scoped_arena struct arena a = { 0 };
	char *text;
	struct stat st;

	assert_int_equal(file_read(p->dir.fd, "canary", 100, &a, &text, NULL), 0);
	assert_string_equal(text, "untouched");
	assert_int_equal(fstatat(p->dir.fd, "canary", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(test_dir_count(p->dir.fd), 2);
	extract_free(p->x);
	fd_done(&p->root);
	test_dir_done(&p->dir);
}
#define scoped_place SCOPED(place_done)

static int add(struct place *p, struct layer_entry entry, const char *content)
{
	int r;

	entry.size = content ? strlen(content) : 0;
	entry.uid = geteuid();
	entry.gid = getegid();
	entry.mtime.tv_sec = 1000000000;
	r = extract_begin(p->x, &entry, &p->e);
	if (r == 0 && content)
		r = extract_data(p->x, content, strlen(content), 0, &p->e);
	return r == 0 ? extract_end(p->x, &p->e) : r;
}

static int add_file(struct place *p, const char *path, const char *content)
{
	return add(p, (struct layer_entry){ .path = path, .mode = S_IFREG | 0644 }, content);
}

static int add_dir(struct place *p, const char *path, mode_t mode)
{
	return add(p, (struct layer_entry){ .path = path, .mode = S_IFDIR | mode }, NULL);
}

static int add_link(struct place *p, const char *path, const char *target)
{
	return add(p, (struct layer_entry){ .path = path, .mode = S_IFLNK | 0777, .symlink = target }, NULL);
}

static int add_hardlink(struct place *p, const char *path, const char *target)
{
	return add(p, (struct layer_entry){ .path = path, .mode = S_IFREG | 0644, .hardlink = target }, NULL);
}

static struct unpacked finish(struct place *p)
{
	struct unpacked result;

	assert_int_equal(extract_finish(p->x, &result, &p->e), 0);
	return result;
}

static void expect_file(struct place *p, const char *path, const char *content)
{
	scoped_arena struct arena a = { 0 };
	char *text;

	assert_int_equal(file_read(p->root, path, 1000, &a, &text, NULL), 0);
	assert_string_equal(text, content);
}

static struct stat stat_of(struct place *p, const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(p->root, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* ---- names ---- */

TEST(extract_cleans_names)
{
	static const struct {
		const char *in, *out;
		int r;
	} rows[] = {
		{ "a/b", "a/b", 0 }, { "./a//b/./c/", "a/b/c", 0 }, { "/etc/passwd", "etc/passwd", 0 }, { "///", "", 0 }, { ".", "", 0 }, { "", "", 0 },
		{ "..", NULL, -EINVAL }, { "a/../b", NULL, -EINVAL }, { "/../etc", NULL, -EINVAL }, { "a/..", NULL, -EINVAL }, { "..a/...", "..a/...", 0 },
	};
	char out[4096], deep[5000];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(layer_name_clean(rows[i].in, out), rows[i].r);
		if (rows[i].out)
			assert_string_equal(out, rows[i].out);
	}
	memset(deep, 'x', sizeof deep);
	deep[300] = 0;
	assert_int_equal(layer_name_clean(deep, out), -ENAMETOOLONG);
	for (size_t i = 0; i < sizeof deep; i++)
		deep[i] = i % 2 ? '/' : 'x';
	deep[4999] = 0;
	assert_int_equal(layer_name_clean(deep, out), -ENAMETOOLONG);
}

TEST(extract_refuses_names_that_leave_the_tree)
{
	static const char *const names[] = { "../canary", "a/../../canary", "..", "/../canary", "a/b/../../../canary" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		scoped_place struct place p;

		place_make(&p);
		assert_true(add_file(&p, names[i], "evil") < 0);
		assert_true(add_hardlink(&p, "x", names[i]) < 0);
		assert_int_equal(p.e.kind, ERR_INVALID);
	}
}

TEST(extract_puts_absolute_names_inside)
{
	scoped_place struct place p;

	place_make(&p);
	assert_int_equal(add_file(&p, "/etc/passwd", "inside"), 0);
	expect_file(&p, "etc/passwd", "inside");
}

/* ---- links ---- */

TEST(extract_file_through_a_link_stays_inside)
{
	static const char *const targets[] = { "..", "../..", "/", "../../../../..", "/tmp", "." };

	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		scoped_place struct place p;

		place_make(&p);
		assert_int_equal(add_link(&p, "link", targets[i]), 0);
		assert_int_equal(add_file(&p, "link/canary", "evil"), 0);
	}
}

TEST(extract_directories_through_links_get_their_attributes)
{
	scoped_place struct place p;

	place_make(&p);
	assert_int_equal(add_link(&p, "l", "a/./m//../b/"), 0);
	assert_int_equal(add_link(&p, "a/m", "/c/d"), 0);
	assert_int_equal(add_link(&p, "up", "../../.."), 0);
	assert_int_equal(add_dir(&p, "l/e", 01711), 0);
	assert_int_equal(add_file(&p, "up/l/e/.wh..wh..opq", ""), 0);
	assert_int_equal(add_file(&p, "up/f", "x"), 0);
	assert_string_equal(finish(&p).opaque.v[0], "c/b/e");
	assert_int_equal(stat_of(&p, "c/b/e").st_mode & 07777, 01711);
	assert_true(S_ISDIR(stat_of(&p, "c/d").st_mode));
	expect_file(&p, "f", "x");
}

TEST(extract_links_in_a_circle_are_refused)
{
	scoped_place struct place p;

	place_make(&p);
	assert_int_equal(add_link(&p, "a", "b"), 0);
	assert_int_equal(add_link(&p, "b", "a"), 0);
	assert_int_equal(add_file(&p, "a/f", "x"), -ELOOP);
	assert_int_equal(add_link(&p, "longer", "longer/longer"), 0);
	assert_int_equal(add_file(&p, "longer/f", "x"), -ELOOP);
}

TEST(extract_link_to_a_file_outside_is_replaced_not_written_through)
{
	scoped_place struct place p;

	place_make(&p);
	assert_int_equal(add_link(&p, "f", "../canary"), 0);
	assert_int_equal(add_file(&p, "f", "evil"), 0);
	expect_file(&p, "f", "evil");
	assert_true(S_ISREG(stat_of(&p, "f").st_mode));
}

TEST(extract_mode_and_owner_of_a_link_target_outside_do_not_change)
{
	scoped_place struct place p;

	/* CVE-2021-32760: a link, then a directory entry of the same name whose mode would go through it. */
	place_make(&p);
	assert_int_equal(add_link(&p, "d", ".."), 0);
	assert_int_equal(add_dir(&p, "d", 01777), 0);
	assert_int_equal(add_link(&p, "g", "../canary"), 0);
	assert_int_equal(add_hardlink(&p, "h", "g"), 0);
	assert_int_equal(add(&p, (struct layer_entry){ .path = "h", .mode = S_IFREG | 04777 }, "x"), 0);
	finish(&p);
	assert_true(S_ISDIR(stat_of(&p, "d").st_mode));
}

TEST(extract_directory_replaced_by_a_link_gets_no_late_attributes)
{
	scoped_place struct place p;

	place_make(&p);
	assert_int_equal(add_dir(&p, "d", 02777), 0);
	assert_int_equal(add_file(&p, "d/x", "x"), 0);
	assert_int_equal(add_link(&p, "d", ".."), 0);
	finish(&p);
	assert_true(S_ISLNK(stat_of(&p, "d").st_mode));
}

TEST(extract_hard_link_to_what_is_outside_is_refused)
{
	static const char *const targets[] = { "/tmp", "canary", "nothing", "link/canary" };

	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		scoped_place struct place p;

		place_make(&p);
		assert_int_equal(add_link(&p, "link", ".."), 0);
		assert_true(add_hardlink(&p, "x", targets[i]) < 0);
		assert_int_equal(p.e.kind, ERR_UNSUPPORTED);
	}
}

TEST(extract_hard_link_to_a_link_links_the_link)
{
	scoped_place struct place p;

	place_make(&p);
	assert_int_equal(add_link(&p, "l", "../canary"), 0);
	assert_int_equal(add_hardlink(&p, "h", "l"), 0);
	assert_int_equal(add_file(&p, "h", "evil"), 0);
	assert_true(S_ISLNK(stat_of(&p, "l").st_mode));
	expect_file(&p, "h", "evil");
}

TEST(extract_hard_link_joins_names_of_one_file)
{
	scoped_place struct place p;

	place_make(&p);
	assert_int_equal(add_file(&p, "a/b/f", "shared"), 0);
	assert_int_equal(add_hardlink(&p, "c/g", "./a/b/f"), 0);
	assert_int_equal(add_hardlink(&p, "c/g", "c/g"), 0);
	assert_int_equal(stat_of(&p, "a/b/f").st_nlink, 2);
	assert_int_equal(stat_of(&p, "a/b/f").st_ino, stat_of(&p, "c/g").st_ino);
}

/* ---- duplicates ---- */

TEST(extract_takes_the_last_of_duplicate_entries)
{
	scoped_place struct place p;

	place_make(&p);
	assert_int_equal(add_file(&p, "f", "one"), 0);
	assert_int_equal(add_file(&p, "f", "two"), 0);
	assert_int_equal(add_dir(&p, "d", 0700), 0);
	assert_int_equal(add_file(&p, "d/x", "x"), 0);
	assert_int_equal(add_dir(&p, "d", 0750), 0);
	assert_int_equal(add_file(&p, "f", "three"), 0);
	assert_int_equal(add_file(&p, "d/x/y", "not a directory") < 0, true);
	assert_int_equal(add_file(&p, "d", "was a tree"), 0);
	finish(&p);
	expect_file(&p, "f", "three");
	expect_file(&p, "d", "was a tree");
}

TEST(extract_forgets_what_was_said_of_a_directory_that_was_replaced)
{
	scoped_place struct place p;
	const struct layer_xattr xattr = { "user.old", "x", 1 };
	char path[128], value[8];

	place_make(&p);
	assert_int_equal(add(&p, (struct layer_entry){ .path = "d", .mode = S_IFDIR | 02700, .xattrs = &xattr, .n_xattrs = 1 }, NULL), 0);
	assert_int_equal(add_dir(&p, "d/e", 01700), 0);
	assert_int_equal(add_file(&p, "d", "in the way"), 0);
	assert_int_equal(add_dir(&p, "d", 0755), 0);
	assert_int_equal(add_file(&p, "d/e/f", "implies e"), 0);
	finish(&p);
	assert_int_equal(stat_of(&p, "d").st_mode & 07777, 0755);
	assert_int_equal(stat_of(&p, "d/e").st_mode & 07777, 0755);
	snprintf(path, sizeof path, "%s/root/d", p.dir.path);
	assert_true(getxattr(path, "user.old", value, sizeof value) < 0);
}

TEST(extract_keeps_what_is_in_a_directory_that_comes_twice)
{
	scoped_place struct place p;

	place_make(&p);
	assert_int_equal(add_file(&p, "d/x", "x"), 0);
	assert_int_equal(add_dir(&p, "d", 0750), 0);
	finish(&p);
	expect_file(&p, "d/x", "x");
	assert_int_equal(stat_of(&p, "d").st_mode & 07777, 0750);
	assert_int_equal(stat_of(&p, "d").st_mtime, 1000000000);
}

/* ---- attributes ---- */

TEST(extract_directory_that_comes_twice_has_the_owner_of_the_last)
{
	scoped_place struct place p;
	struct layer_entry entry = { .path = "d", .mode = S_IFDIR | 0755, .uid = 1000, .gid = 1000 };

	if (geteuid() != 0)
		skip();
	place_make(&p);
	assert_int_equal(extract_begin(p.x, &entry, &p.e), 0);
	entry.uid = entry.gid = 0;
	assert_int_equal(extract_begin(p.x, &entry, &p.e), 0);
	finish(&p);
	assert_int_equal(stat_of(&p, "d").st_uid, 0);
	assert_int_equal(stat_of(&p, "d").st_gid, 0);
}

TEST(extract_gives_modes_and_times)
{
	scoped_place struct place p;

	place_make(&p);
	assert_int_equal(add(&p, (struct layer_entry){ .path = "suid", .mode = S_IFREG | 04755 }, "x"), 0);
	assert_int_equal(add_dir(&p, "sticky", 01777), 0);
	assert_int_equal(add_dir(&p, "closed", 0500), 0);
	assert_int_equal(add_file(&p, "closed/in", "x"), 0);
	assert_int_equal(add(&p, (struct layer_entry){ .path = "fifo", .mode = S_IFIFO | 0622 }, NULL), 0);
	assert_int_equal(add_link(&p, "l", "nowhere"), 0);
	assert_int_equal(add_dir(&p, "./", 0711), 0);
	finish(&p);
	assert_int_equal(stat_of(&p, "suid").st_mode & 07777, 04755);
	assert_int_equal(stat_of(&p, "sticky").st_mode & 07777, 01777);
	assert_int_equal(stat_of(&p, "closed").st_mode & 07777, 0500);
	assert_int_equal(stat_of(&p, "fifo").st_mode & 07777, 0622);
	assert_int_equal(stat_of(&p, ".").st_mode & 07777, 0711);
	assert_int_equal(stat_of(&p, "suid").st_mtime, 1000000000);
	assert_int_equal(stat_of(&p, "closed").st_mtime, 1000000000);
	assert_int_equal(stat_of(&p, "l").st_mtime, 1000000000);
	assert_int_equal(fchmodat(p.root, "closed", 0700, 0), 0);
}

TEST(extract_set_group_id_directory_does_not_reach_its_children)
{
	scoped_place struct place p;

	place_make(&p);
	assert_int_equal(add_dir(&p, "d", 02775), 0);
	assert_int_equal(add_dir(&p, "d/e", 0755), 0);
	finish(&p);
	assert_int_equal(stat_of(&p, "d").st_mode & 07777, 02775);
	assert_int_equal(stat_of(&p, "d/e").st_mode & 07777, 0755);
}

TEST(extract_keeps_user_attributes_and_drops_orders_to_overlay)
{
	const struct layer_xattr xattrs[] = { { "user.a", "b", 1 }, { "user.overlay.redirect", "/etc", 4 }, { "trusted.overlay.opaque", "y", 1 },
		{ "trusted.overlay.redirect", "/", 1 }, { "security.ima", "x", 1 }, { "system.posix_acl_access", "x", 1 } };
	scoped_place struct place p;
	char value[8];
	char path[128];

	place_make(&p);
	assert_int_equal(add(&p, (struct layer_entry){ .path = "f", .mode = S_IFREG | 0644, .xattrs = xattrs, .n_xattrs = 6 }, "x"), 0);
	assert_int_equal(add(&p, (struct layer_entry){ .path = "d", .mode = S_IFDIR | 0755, .xattrs = xattrs, .n_xattrs = 6 }, NULL), 0);
	finish(&p);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/root/%s", p.dir.path, i ? "d" : "f");
		if (getxattr(path, "user.a", value, sizeof value) == 1)
			assert_int_equal(value[0], 'b');
		assert_true(getxattr(path, "user.overlay.redirect", value, sizeof value) < 0);
		assert_true(getxattr(path, "trusted.overlay.opaque", value, sizeof value) < 0);
		assert_true(getxattr(path, "trusted.overlay.redirect", value, sizeof value) < 0);
		assert_true(getxattr(path, "security.ima", value, sizeof value) < 0);
	}
}

TEST(extract_leaves_holes)
{
	scoped_place struct place p;
	struct layer_entry entry = { .path = "sparse", .mode = S_IFREG | 0644, .size = 4 << 20, .uid = geteuid(), .gid = getegid() };

	place_make(&p);
	assert_int_equal(extract_begin(p.x, &entry, &p.e), 0);
	assert_int_equal(extract_data(p.x, "x", 1, 1 << 20, &p.e), 0);
	assert_true(extract_data(p.x, "x", 1, 0, &p.e) < 0);
	assert_int_equal(extract_end(p.x, &p.e), 0);
	assert_int_equal(stat_of(&p, "sparse").st_size, 4 << 20);
	assert_true(stat_of(&p, "sparse").st_blocks * 512 < 1 << 20);
}

/* ---- whiteouts ---- */

TEST(extract_whiteout_becomes_a_device_unless_this_layer_has_the_name)
{
	scoped_place struct place p;
	struct unpacked result;

	place_make(&p);
	if (mknodat(p.root, "probe", S_IFCHR, makedev(0, 0)) < 0)
		skip(); /* an old kernel without the right to make whiteouts */
	assert_int_equal(unlinkat(p.root, "probe", 0), 0);
	assert_int_equal(add_file(&p, "etc/.wh.gone", NULL), 0);
	assert_int_equal(add_file(&p, "mine", "x"), 0);
	assert_int_equal(add_file(&p, ".wh.mine", NULL), 0);
	assert_int_equal(add_file(&p, ".wh.late", NULL), 0);
	assert_int_equal(add_file(&p, "late", "again"), 0);
	assert_int_equal(add_file(&p, ".wh.tree", NULL), 0);
	assert_int_equal(add_file(&p, "tree/new", "x"), 0);
	assert_int_equal(add_dir(&p, "made", 0755), 0);
	assert_int_equal(add_file(&p, ".wh.made", NULL), 0);
	assert_int_equal(add_file(&p, "opq/.wh..wh..opq", NULL), 0);
	assert_int_equal(add_file(&p, "opq/.wh..wh.plnk", NULL), 0);
	result = finish(&p);
	{
		struct stat st = stat_of(&p, "etc/gone");

		assert_true(is_whiteout(&st));
	}
	expect_file(&p, "mine", "x");
	expect_file(&p, "late", "again");
	expect_file(&p, "tree/new", "x");
	assert_int_equal(result.opaque.n, 3);
	assert_true(strs_has(&result.opaque, "tree"));
	assert_true(strs_has(&result.opaque, "made"));
	assert_true(strs_has(&result.opaque, "opq"));
}

TEST(extract_whiteout_of_nothing_or_of_dots_is_refused)
{
	static const char *const names[] = { ".wh.", ".wh..", ".wh...", "a/.wh.", "a/.wh..." };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		scoped_place struct place p;

		place_make(&p);
		assert_true(add_file(&p, names[i], NULL) < 0);
		assert_int_equal(p.e.kind, ERR_INVALID);
	}
}

/* ---- depth ---- */

TEST(extract_refuses_layers_of_too_many_entries)
{
	scoped_arena struct arena a = { 0 };
	struct err e = { 0 };

	assert_int_equal(layer_entry_check(LIMIT_LAYER_ENTRIES, &a, &e), 0);
	assert_true(layer_entry_check(UINT64_C(1) + LIMIT_LAYER_ENTRIES, &a, &e) < 0);
	assert_int_equal(e.kind, ERR_EXHAUSTED);
}

TEST(extract_refuses_trees_deeper_than_its_limit)
{
	scoped_place struct place p;
	char path[2 * 300 + 1];

	place_make(&p);
	for (size_t i = 0; i < sizeof path; i++)
		path[i] = i % 2 ? '/' : 'd';
	path[2 * 300 - 1] = 0;
	assert_true(add_file(&p, path, "x") < 0);
	path[2 * 200 - 1] = 0;
	assert_int_equal(add_file(&p, path, "x"), 0);
}
