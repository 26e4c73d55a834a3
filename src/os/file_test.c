/* SPDX-License-Identifier: Apache-2.0 */
#include "os/file.h"
#include "os/test_dir.h"
#include "base/test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(file_read_returns_what_file_create_wrote)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_arena struct arena a = { 0 };
	char *text, small[4];
	size_t n;

	assert_int_equal(file_create(t.fd, "f", "hello\n", 6, 0644), 0);
	assert_int_equal(file_read(t.fd, "f", 6, &a, &text, &n), 0);
	assert_string_equal(text, "hello\n");
	assert_int_equal(n, 6);
	assert_int_equal(file_read(t.fd, "f", 5, &a, &text, NULL), -E2BIG);
	assert_int_equal(file_read_text(t.fd, "f", small, sizeof small), -E2BIG);
	assert_int_equal(file_read(t.fd, "none", 5, &a, &text, NULL), -ENOENT);
	assert_int_equal(file_write(t.fd, "none", "x"), -ENOENT);
}

TEST(file_replace_swaps_whole_files_and_leaves_no_temporary)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	char text[8];

	assert_int_equal(file_replace(t.fd, "f", "one", 3, 0600, FILE_SYNC), 0);
	assert_int_equal(file_replace(t.fd, "f", "two", 3, 0600, 0), 0);
	assert_int_equal(file_replace(t.fd, "f", "three", 5, 0600, FILE_NOREPLACE), -EEXIST);
	assert_int_equal(file_read_text(t.fd, "f", text, sizeof text), 0);
	assert_string_equal(text, "two");
	assert_int_equal(test_dir_count(t.fd), 1);
}

TEST(tmp_file_that_is_not_committed_is_gone)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	{
		scoped_tmp_file struct tmp_file f = TMP_FILE_NONE;

		assert_int_equal(tmp_file_open(&f, t.fd, 0600), 0);
		assert_int_equal(test_dir_count(t.fd), 1);
	}
	assert_int_equal(test_dir_count(t.fd), 0);
}

TEST(lock_file_excludes_until_the_descriptor_is_closed)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_fd int first = lock_file_try(t.fd, "lock", FILE_LOCK_EXCLUSIVE);
	scoped_fd int probe = openat(t.fd, "lock", O_RDWR | O_CLOEXEC);

	assert_true(first >= 0);
	assert_int_equal(lock_fd_is_held(probe, FILE_LOCK_SHARED), 1);
	assert_int_equal(lock_file_try(t.fd, "lock", FILE_LOCK_SHARED), -EAGAIN);
	fd_done(&first);
	assert_int_equal(lock_fd_is_held(probe, FILE_LOCK_EXCLUSIVE), 0);
	first = lock_file_wait(t.fd, "lock", FILE_LOCK_SHARED);
	assert_true(first >= 0);
	assert_int_equal(lock_fd_try(probe, FILE_LOCK_SHARED), 0);
}

TEST(dir_ensure_all_makes_every_level)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_fd int fd = dir_ensure_all(t.fd, "a/b/c", 0700);
	scoped_fd int again = dir_ensure_all(t.fd, "a/b/c", 0700);

	assert_true(fd >= 0);
	assert_true(fd_is_same(fd, again));
}

TEST(dir_remove_tree_removes_links_and_not_what_they_point_at)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_fd int fd = dir_ensure_all(t.fd, "tree/a/b", 0700);

	assert_int_equal(file_create(t.fd, "canary", "x", 1, 0600), 0);
	assert_int_equal(mkdirat(t.fd, "canaries", 0700), 0);
	assert_int_equal(file_create(t.fd, "canaries/c", "x", 1, 0600), 0);
	assert_int_equal(symlinkat("../../../canary", fd, "l"), 0);
	assert_int_equal(symlinkat("../../../canaries", fd, "d"), 0);
	assert_int_equal(dir_remove_tree(t.fd, "tree"), 0);
	assert_int_equal(faccessat(t.fd, "tree", F_OK, 0), -1);
	assert_int_equal(faccessat(t.fd, "canary", F_OK, 0), 0);
	assert_int_equal(faccessat(t.fd, "canaries/c", F_OK, 0), 0);
	assert_int_equal(dir_remove_tree(t.fd, "tree"), 0);
}

TEST(dir_remove_tree_takes_a_tree_deeper_than_it_has_descriptors)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_fd int at = dir_ensure(t.fd, "deep", 0700);

	for (int i = 0; i < 300; i++) {
		int next = dir_ensure(at, "d", 0700);

		assert_true(next >= 0);
		if (i % 7 == 0)
			assert_int_equal(file_create(at, "f", "", 0, 0600), 0);
		fd_done(&at);
		at = next;
	}
	assert_int_equal(dir_remove_tree(t.fd, "deep"), 0);
	assert_int_equal(test_dir_count(t.fd), 0);
}
