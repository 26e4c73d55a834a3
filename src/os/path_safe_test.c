/* SPDX-License-Identifier: Apache-2.0 */
#include "os/path_safe.h"
#include "os/test_dir.h"
#include "base/test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Every test runs twice, by the kernel and by the walk. The tree, below "root", with "canary" and "outside/" beside it:
 *   dir/file  dir/sub/  abs -> /dir  up -> ../../outside  dots -> dir/../dir/sub  dangling -> /new/place  loop -> loop  self -> /proc/self/…
 */
struct tree {
	struct test_dir t;
	int root;
};

static struct tree tree_make(void)
{
	struct tree x = { .t = test_dir_make() };

	x.root = dir_ensure(x.t.fd, "root", 0755);
	fd_close(dir_ensure_all(x.root, "dir/sub", 0755));
	fd_close(dir_ensure(x.t.fd, "outside", 0755));
	assert_int_equal(file_create(x.t.fd, "canary", "host", 4, 0644), 0);
	assert_int_equal(file_create(x.root, "dir/file", "file", 4, 0644), 0);
	assert_int_equal(symlinkat("/dir", x.root, "abs"), 0);
	assert_int_equal(symlinkat("../../outside", x.root, "up"), 0);
	assert_int_equal(symlinkat("dir/../dir/sub", x.root, "dots"), 0);
	assert_int_equal(symlinkat("/new/place", x.root, "dangling"), 0);
	assert_int_equal(symlinkat("loop", x.root, "loop"), 0);
	return x;
}

static void tree_done(struct tree *x)
{
	fd_done(&x->root);
	test_dir_done(&x->t);
}
#define scoped_tree SCOPED(tree_done)

static void in_both_ways(void (*body)(struct tree *x))
{
	for (int walk = 0; walk < 2; walk++) {
		scoped_tree struct tree x = tree_make();

		setenv("TARE_NO_OPENAT2", walk ? "1" : "0", 1);
		body(&x);
	}
	unsetenv("TARE_NO_OPENAT2");
}

/* What opening gives: the text of the file, or the error. */
static void expect_open(const struct tree *x, const char *path, enum path_policy policy, int expected)
{
	scoped_fd int fd = path_open(x->root, path, O_RDONLY, 0, policy);

	if (expected < 0 ? fd != expected : fd < 0)
		fail_msg("'%s' by policy %d: %d instead of %d", path, policy, fd, expected);
}

static void policies(struct tree *x)
{
	static const struct {
		const char *path;
		int in_root, beneath, no_links;
	} cases[] = {
		{ "dir/file", 0, 0, 0 },
		{ "/dir/file", 0, 0, 0 },
		{ "dir//./sub/../file", 0, 0, 0 },
		{ "dir/file/", -ENOTDIR, -ENOTDIR, -ENOTDIR },
		{ "dir/file/x", -ENOTDIR, -ENOTDIR, -ENOTDIR },
		{ "dir/none", -ENOENT, -ENOENT, -ENOENT },
		{ "", 0, 0, 0 },
		{ "/", 0, 0, 0 },
		{ ".", 0, 0, 0 },
		{ "dir/..", 0, 0, 0 },
		{ "..", 0, -EXDEV, -EXDEV },
		{ "../canary", -ENOENT, -EXDEV, -EXDEV },
		{ "dir/../../../canary", -ENOENT, -EXDEV, -EXDEV },
		{ "abs/file", 0, -EXDEV, -ELOOP },
		{ "abs", 0, -EXDEV, -ELOOP },
		{ "up", -ENOENT, -EXDEV, -ELOOP },
		{ "dots", 0, 0, -ELOOP },
		{ "dots/../file", 0, 0, -ELOOP },
		{ "loop", -ELOOP, -ELOOP, -ELOOP },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		expect_open(x, cases[i].path, PATH_IN_ROOT, cases[i].in_root);
		expect_open(x, cases[i].path, PATH_IN_ROOT_NO_XDEV, cases[i].in_root);
		expect_open(x, cases[i].path, PATH_BENEATH, cases[i].beneath);
		expect_open(x, cases[i].path, PATH_BENEATH_NO_XDEV, cases[i].beneath);
		expect_open(x, cases[i].path, PATH_NO_SYMLINKS, cases[i].no_links);
		expect_open(x, cases[i].path, PATH_NO_SYMLINKS_NO_XDEV, cases[i].no_links);
	}
}
TEST(path_open_answers_by_policy)
{
	in_both_ways(policies);
}

static void creating(struct tree *x)
{
	scoped_fd int made = path_open(x->root, "abs/new", O_CREAT | O_EXCL | O_WRONLY, 0600, PATH_IN_ROOT);
	struct stat s;

	assert_true(made >= 0);
	assert_int_equal(fstatat(x->root, "dir/new", &s, 0), 0);
	assert_int_equal(s.st_mode & 07777, 0600);
	assert_int_equal(path_open(x->root, "dir/new", O_CREAT | O_EXCL | O_WRONLY, 0600, PATH_IN_ROOT), -EEXIST);
	assert_int_equal(path_open(x->root, "dangling", O_CREAT | O_EXCL | O_WRONLY, 0600, PATH_IN_ROOT), -EEXIST);
	assert_int_equal(path_open(x->root, "dangling", O_CREAT | O_WRONLY, 0600, PATH_IN_ROOT), -ENOENT);
	assert_int_equal(path_open(x->root, "dir", O_CREAT | O_RDONLY, 0600, PATH_IN_ROOT), -EISDIR);
	assert_int_equal(path_open(x->root, "abs", O_RDONLY | O_NOFOLLOW, 0, PATH_IN_ROOT), -ELOOP);
	assert_int_equal(fcntl(made, F_GETFD), FD_CLOEXEC);
}
TEST(path_open_creates_inside_only)
{
	in_both_ways(creating);
}

static void making_dirs(struct tree *x)
{
	scoped_fd int a = path_mkdir(x->root, "/abs/x/../y/z", 0755, PATH_IN_ROOT);
	scoped_fd int b = path_mkdir(x->root, "up/w", 0755, PATH_IN_ROOT);
	scoped_fd int c = path_mkdir(x->root, "dangling/deep", 0755, PATH_IN_ROOT);
	scoped_fd int root = path_mkdir(x->root, "/", 0755, PATH_IN_ROOT);
	struct stat s;

	assert_true(a >= 0 && b >= 0 && c >= 0 && fd_is_same(root, x->root));
	assert_int_equal(fstatat(x->root, "dir/y/z", &s, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(fstatat(x->root, "outside/w", &s, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(fstatat(x->root, "new/place/deep", &s, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(fstatat(x->t.fd, "outside/w", &s, 0), -1);
	assert_int_equal(path_mkdir(x->root, "up/w", 0755, PATH_BENEATH), -EXDEV);
	assert_int_equal(path_mkdir(x->root, "abs/q", 0755, PATH_NO_SYMLINKS), -ELOOP);
	assert_int_equal(path_mkdir(x->root, "dir/file/q", 0755, PATH_IN_ROOT), -ENOTDIR);
	assert_int_equal(path_mkdir(x->root, "dir/file", 0755, PATH_IN_ROOT), -ENOTDIR);
	assert_int_equal(path_mkdir(x->root, "loop/q", 0755, PATH_IN_ROOT), -ELOOP);
}
TEST(path_mkdir_makes_the_missing_part_inside_the_root)
{
	in_both_ways(making_dirs);
}

static void targets(struct tree *x)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int old = path_touch(x->root, "abs/file", PATH_IN_ROOT);
	scoped_fd int fresh = path_touch(x->root, "etc/deep/hosts", PATH_IN_ROOT);
	scoped_fd int through = path_touch(x->root, "dangling", PATH_IN_ROOT);
	char *text, name[256];
	scoped_fd int parent = path_parent(x->root, "abs/sub/", 0, PATH_IN_ROOT, name, sizeof name);
	struct stat s;

	assert_true(old >= 0 && fresh >= 0);
	assert_int_equal(through, -ENOENT); /* /new is missing: open(2) would not make it either */
	assert_string_equal(name, "sub");
	assert_true(parent >= 0);
	assert_int_equal(path_touch(x->root, "dir", PATH_IN_ROOT), -EISDIR);
	assert_int_equal(path_symlink(x->root, "/proc/mounts", "etc/mtab", PATH_IN_ROOT), 0);
	assert_int_equal(path_symlink(x->root, "/proc/mounts", "etc/mtab", PATH_IN_ROOT), -EEXIST);
	assert_int_equal(path_readlink(x->root, "/etc/mtab", PATH_NO_SYMLINKS, &a, &text), 0);
	assert_string_equal(text, "/proc/mounts");
	assert_int_equal(path_readlink(x->root, "dir/file", PATH_IN_ROOT, &a, &text), -EINVAL);
	assert_int_equal(path_mknod(x->root, "run/fifo", S_IFIFO | 0666, 0, PATH_IN_ROOT), 0);
	assert_int_equal(fstatat(x->root, "run/fifo", &s, 0), 0);
	assert_int_equal(s.st_mode, S_IFIFO | 0666);
	assert_int_equal(path_parent(x->root, "dir/..", 0, PATH_IN_ROOT, name, sizeof name), -EINVAL);
}
TEST(path_targets_links_and_nodes_are_made_with_their_parents)
{
	in_both_ways(targets);
}

TEST(path_open_never_follows_a_magic_link)
{
	for (int walk = 0; walk < 2; walk++) {
		scoped_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
		scoped_fd int ok = -EBADF;

		setenv("TARE_NO_OPENAT2", walk ? "1" : "0", 1);
		ok = path_open(proc, "self/stat", O_RDONLY, 0, PATH_BENEATH);
		assert_true(ok >= 0);
		assert_int_equal(path_open(proc, "self/exe", O_RDONLY, 0, PATH_IN_ROOT), -ELOOP);
		assert_int_equal(path_open(proc, "self/root/etc", O_RDONLY, 0, PATH_IN_ROOT), -ELOOP);
		assert_int_equal(path_check_fs(ok, PATH_FS_PROC), 0);
		assert_int_equal(path_check_fs(ok, PATH_FS_SYSFS), -EXDEV);
	}
	unsetenv("TARE_NO_OPENAT2");
}

TEST(path_open_does_not_cross_mounts_where_the_policy_minds)
{
	for (int walk = 0; walk < 2; walk++) {
		scoped_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		scoped_fd int over = -EBADF;

		setenv("TARE_NO_OPENAT2", walk ? "1" : "0", 1);
		over = path_open(root, "proc/stat", O_RDONLY, 0, PATH_IN_ROOT);
		assert_true(over >= 0);
		assert_int_equal(path_open(root, "proc/stat", O_RDONLY, 0, PATH_IN_ROOT_NO_XDEV), -EXDEV);
		assert_int_equal(path_open(root, "proc/stat", O_RDONLY, 0, PATH_NO_SYMLINKS_NO_XDEV), -EXDEV);
	}
	unsetenv("TARE_NO_OPENAT2");
}
