/* SPDX-License-Identifier: Apache-2.0 */
#include "os/fd.h"
#include "base/test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int file_of(const char *text)
{
	int fd = memfd_create("fd_test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

TEST(fd_scope_closes_and_take_fd_hands_over)
{
	int kept, closed;
	{
		scoped_fd int a = file_of("a");
		scoped_fd int b = file_of("b");

		closed = a;
		kept = take_fd(&b);
	}
	assert_int_equal(fcntl(closed, F_GETFD), -1);
	assert_int_equal(fcntl(kept, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fd_close(kept), -EBADF);
	assert_int_equal(fd_close(-EBADF), -EBADF);
}

TEST(fd_read_buf_stops_at_the_maximum_and_not_before)
{
	scoped_fd int fd = file_of("12345");
	scoped_buf struct buf exact = BUF(5), small = BUF(4);

	assert_int_equal(fd_read_buf(fd, &exact), 0);
	assert_string_equal(buf_text(&exact), "12345");
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_buf(fd, &small), -E2BIG);
	buf_done(&small);
}

TEST(fd_read_all_is_short_only_at_the_end)
{
	scoped_fd int fd = file_of("abc");
	char p[8];

	assert_int_equal(fd_read_all(fd, p, 2), 2);
	assert_int_equal(fd_read_all(fd, p, sizeof p), 1);
	assert_int_equal(fd_read_all(fd, p, sizeof p), 0);
}

TEST(fd_dup_min_goes_above_and_is_cloexec)
{
	scoped_fd int fd = file_of("");
	scoped_fd int high = fd_dup_min(fd, 100);

	assert_true(high >= 100);
	assert_int_equal(fcntl(high, F_GETFD), FD_CLOEXEC);
	assert_true(fd_is_same(fd, high));
	assert_int_equal(fd_set_cloexec(high, false), 0);
	assert_int_equal(fcntl(high, F_GETFD), 0);
	assert_int_equal(fd_cloexec_from(90), 0);
	assert_int_equal(fcntl(high, F_GETFD), FD_CLOEXEC);
}

TEST(fd_reopen_gives_another_description_of_the_same_file)
{
	scoped_fd int fd = file_of("xyz");
	scoped_fd int again = fd_reopen(fd, O_RDONLY);
	char c;

	assert_int_equal(lseek(fd, 2, SEEK_SET), 2);
	assert_int_equal(read(again, &c, 1), 1);
	assert_int_equal(c, 'x');
	assert_true(fd_is_same(fd, again));
}
