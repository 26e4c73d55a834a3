/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attacker who owns the tree changes it as fast as he can while we work in it (CVE-2021-30465, CVE-2015-1335 and their kin). Each race runs twice,
 * by openat2 and by the walk, until the attacker has made his changes, and then asks: has anything outside been read, made or removed?
 *
 * Beside "root" lie "outside/" and "secret", both forbidden ground.
 */
#include "os/path_safe.h"
#include "os/proc.h"
#include "os/test_dir.h"
#include "base/parse.h"
#include "base/test.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * So many changes the attacker makes, unless we have made MAX_ROUNDS attempts before: the unit test must be quick. With TARE_RACE=SECONDS each race lasts
 * so long in each of its ways instead, as tests/security asks for: long enough to find each hole for certain when it is put back by hand.
 */
enum { FLIPS_OPEN = 2000, FLIPS_MAKE = 1000, FLIPS_MOVE = 1000, FLIPS_LAST = 200, FLIPS_REMOVE = 8000, MAX_ROUNDS = 20000 };

struct race {
	struct test_dir t;
	int root;
	struct proc attacker;
	atomic_uint *flips;       /* shared with the attacker */
	int64_t end;              /* in milliseconds of the monotonic clock; 0: after so many changes */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t race_end(void)
{
	const char *wanted = getenv("TARE_RACE");
	uint32_t n;

	if (!wanted)
		return 0;
	if (parse_u32(wanted, &n) < 0)
		fail_msg("TARE_RACE='%s' is no number of seconds", wanted);
	return now_ms() + (int64_t)n * 1000;
}

static struct race race_make(void)
{
	struct race x = { .t = test_dir_make(), .attacker = PROC_NONE, .end = race_end() };
	void *shared = mmap(NULL, sizeof *x.flips, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(shared != MAP_FAILED);
	x.flips = shared;
	x.root = dir_ensure(x.t.fd, "root", 0755);
	fd_close(dir_ensure(x.t.fd, "outside", 0755));
	assert_int_equal(file_create(x.t.fd, "secret", "secret", 6, 0644), 0);
	assert_int_equal(file_create(x.t.fd, "outside/secret", "secret", 6, 0644), 0);
	return x;
}

static void race_done(struct race *x)
{
	proc_done(&x->attacker);
	munmap(x->flips, sizeof *x->flips);
	fd_done(&x->root);
	test_dir_done(&x->t);
}
#define scoped_race SCOPED(race_done)

/* Starts the attacker: @flip again and again, until killed. */
static void attack(struct race *x, void (*flip)(const struct race *x))
{
	x->attacker.pid = proc_clone(0, -EBADF, &x->attacker.pidfd);
	assert_true(x->attacker.pid >= 0);
	if (x->attacker.pid > 0)
		return;
	for (;;) {
		flip(x);
		atomic_fetch_add(x->flips, 1);
	}
}

static bool goes_on(const struct race *x, unsigned flips, int round)
{
	if (x->end)
		return now_ms() < x->end;
	return atomic_load(x->flips) < flips && round < MAX_ROUNDS;
}

static void in_both_ways(void (*body)(void))
{
	setenv("TARE_NO_OPENAT2", "0", 1);
	body();
	setenv("TARE_NO_OPENAT2", "1", 1);
	body();
	unsetenv("TARE_NO_OPENAT2");
}

/* Nothing was made in or taken from the forbidden ground: it holds "secret" alone. */
static void assert_outside_untouched(const struct race *x)
{
	scoped_fd int outside = dir_open(x->t.fd, "outside");

	assert_int_equal(test_dir_count(outside), 1);
	assert_int_equal(faccessat(outside, "secret", F_OK, 0), 0);
	assert_int_equal(faccessat(x->t.fd, "secret", F_OK, 0), 0);
}

static void assert_not_secret(int fd)
{
	char text[8] = "";

	if (fd < 0)
		return;
	assert_true(fd_read_all(fd, text, sizeof text - 1) >= 0);
	if (strcmp(text, "secret") == 0)
		fail_msg("read what lies outside the root");
}

/* ---- a directory that is a link to the outside every other moment ---- */

static void swap_dir_and_link(const struct race *x)
{
	renameat2(x->root, "dir", x->root, "link", RENAME_EXCHANGE);
}

static void make_dir_and_link(struct race *x)
{
	fd_close(dir_ensure_all(x->root, "dir", 0755));
	assert_int_equal(file_create(x->root, "dir/secret", "inside", 6, 0644), 0);
	assert_int_equal(symlinkat("../outside", x->root, "link"), 0);
}

static void open_through_swapped(void)
{
	scoped_race struct race x = race_make();

	make_dir_and_link(&x);
	attack(&x, swap_dir_and_link);
	for (int i = 0; goes_on(&x, FLIPS_OPEN, i); i++) {
		scoped_fd int fd = path_open(x.root, "dir/secret", O_RDONLY, 0, i % PATH_POLICY_COUNT);

		assert_not_secret(fd);
	}
}
TEST(path_race_open_never_leaves_a_root_whose_directories_become_links)
{
	in_both_ways(open_through_swapped);
}

static void make_through_swapped(void)
{
	scoped_race struct race x = race_make();

	make_dir_and_link(&x);
	attack(&x, swap_dir_and_link);
	for (int i = 0; goes_on(&x, FLIPS_MAKE, i); i++) {
		char path[32];

		snprintf(path, sizeof path, "dir/m%d/deep", i % 64);
		fd_close(path_mkdir(x.root, path, 0755, PATH_IN_ROOT));
		snprintf(path, sizeof path, "dir/t%d/file", i % 64);
		fd_close(path_touch(x.root, path, PATH_IN_ROOT));
		snprintf(path, sizeof path, "dir/l%d", i % 64);
		path_symlink(x.root, "x", path, PATH_IN_ROOT);
		snprintf(path, sizeof path, "dir/f%d", i % 64);
		path_mknod(x.root, path, S_IFIFO | 0600, 0, PATH_IN_ROOT);
		fd_close(path_open(x.root, path, O_CREAT | O_RDWR | O_NONBLOCK, 0600, PATH_IN_ROOT));
	}
	assert_outside_untouched(&x);
}
TEST(path_race_nothing_is_made_outside)
{
	in_both_ways(make_through_swapped);
}

/* ---- a directory that is moved out while we stand in it, so that ".." leads elsewhere ---- */

static void move_out_and_in(const struct race *x)
{
	renameat(x->root, "a/b", x->t.fd, "outside/b");
	renameat(x->t.fd, "outside/b", x->root, "a/b");
}

static void open_through_moved(void)
{
	scoped_race struct race x = race_make();

	fd_close(dir_ensure_all(x.root, "a/b/c", 0755));
	attack(&x, move_out_and_in);
	for (int i = 0; goes_on(&x, FLIPS_MOVE, i); i++) {
		scoped_fd int up = path_open(x.root, "a/b/../secret", O_RDONLY, 0, i & 1 ? PATH_IN_ROOT : PATH_BENEATH);
		scoped_fd int up2 = path_open(x.root, "a/b/c/../../../secret", O_RDONLY, 0, i & 1 ? PATH_IN_ROOT : PATH_BENEATH);

		assert_not_secret(up);
		assert_not_secret(up2);
		fd_close(path_open(x.root, "a/b/c/../../made", O_CREAT | O_WRONLY, 0600, PATH_IN_ROOT));
	}
	proc_done(&x.attacker);
	assert_int_equal(faccessat(x.t.fd, "made", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(faccessat(x.t.fd, "outside/made", F_OK, AT_SYMLINK_NOFOLLOW), -1);
}
TEST(path_race_parent_of_a_moved_directory_is_not_taken)
{
	in_both_ways(open_through_moved);
}

/* ---- a last component that is a file, a link and nothing in turn ---- */

static void change_last(const struct race *x)
{
	unlinkat(x->root, "last", 0);
	fd_close(openat(x->root, "last", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	unlinkat(x->root, "last", 0);
	if (symlinkat("../outside/made", x->root, "last") < 0)
		return;
	unlinkat(x->root, "last", 0);
	if (symlinkat("../secret", x->root, "last") < 0)
		return;
}

static void create_last(void)
{
	scoped_race struct race x = race_make();

	attack(&x, change_last);
	for (int i = 0; goes_on(&x, FLIPS_LAST, i); i++) {
		scoped_fd int fd = path_open(x.root, "last", O_CREAT | O_RDWR, 0600, PATH_IN_ROOT);
		scoped_fd int target __attribute__((unused)) = path_touch(x.root, "last", PATH_IN_ROOT);

		assert_not_secret(fd);
	}
	proc_done(&x.attacker);
	assert_outside_untouched(&x);
}
TEST(path_race_last_component_is_opened_or_made_inside)
{
	in_both_ways(create_last);
}

/* ---- removal ---- */

static void swap_in_doomed(const struct race *x)
{
	mkdirat(x->root, "doomed", 0755);
	mkdirat(x->root, "doomed/dir", 0755);
	if (symlinkat("../../outside", x->root, "doomed/link") < 0 && errno != EEXIST)
		return;
	renameat2(x->root, "doomed/dir", x->root, "doomed/link", RENAME_EXCHANGE);
}

TEST(path_race_removal_of_a_tree_never_follows_a_link_out)
{
	scoped_race struct race x = race_make();

	attack(&x, swap_in_doomed);
	for (int i = 0; goes_on(&x, FLIPS_REMOVE, i); i++)
		dir_remove_tree(x.root, "doomed");
	proc_done(&x.attacker);
	assert_outside_untouched(&x);
	assert_int_equal(dir_remove_tree(x.root, "doomed"), 0);
}
