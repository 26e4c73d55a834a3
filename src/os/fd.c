/* SPDX-License-Identifier: Apache-2.0 */
#include "os/fd.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/stat.h> /* struct statx, which musl lacks and glibc takes from here, too */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/parse.h"
#include "os/internal.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000
#endif
enum { CLOSE_RANGE_CLOEXEC_FLAG = 1 << 2 };

int fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0) {
		int r = close(fd);

		assert(r == 0 || errno != EBADF);
		(void)r;
	}
	errno = saved;
	return -EBADF;
}

void fd_done(int *fd)
{
	*fd = fd_close(*fd);
}

int fd_dup_min(int fd, int min)
{
	return result(fcntl(fd, F_DUPFD_CLOEXEC, min));
}

/* Sets or clears @bit in the flags that the pair of commands reads and writes. */
static int change_flag(int fd, int get, int set, int bit, bool on)
{
	int flags = fcntl(fd, get), wanted;

	if (flags < 0)
		return -errno;
	wanted = on ? flags | bit : flags & ~bit;
	return wanted == flags ? 0 : result(fcntl(fd, set, wanted));
}

int fd_set_cloexec(int fd, bool on)
{
	return change_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int fd_set_nonblock(int fd, bool on)
{
	return change_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int fd_pipe(int ret[2], int flags)
{
	return result(pipe2(ret, O_CLOEXEC | flags));
}

ssize_t fd_read_all(int fd, void *p, size_t size)
{
	size_t n = 0;

	while (n < size) {
		ssize_t got = RETRY(read(fd, (char *)p + n, size - n));

		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

int fd_read_buf(int fd, struct buf *b)
{
	for (;;) {
		size_t left = b->max - b->n, want = left < 4096 ? left : 4096;
		char one, *room = want ? buf_room(b, want) : &one;
		ssize_t got;

		if (!room)
			return -E2BIG;
		got = RETRY(read(fd, room, want ? want : 1));
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		if (!want)
			return -E2BIG; /* full, and there is more */
		buf_grow(b, (size_t)got);
	}
}

int fd_write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t put = write(fd, at, n);

		if (put < 0 && errno == EAGAIN) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			if (RETRY(poll(&wait, 1, -1)) < 0)
				return -errno;
			continue;
		}
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

/* For kernels without close_range: handles each number listed in /proc/self/fd. */
static int walk_from(unsigned first)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *entry;

	if (!d)
		return -errno;
	while ((entry = readdir(d))) {
		uint32_t fd;

		if (parse_u32(entry->d_name, &fd) < 0 || fd < first || (int)fd == dirfd(d))
			continue;
		fd_set_cloexec((int)fd, true);
	}
	closedir(d);
	return 0;
}

static int close_between(unsigned first, unsigned last)
{
	enum { MANY = 1 << 20 };
	int r;

	if (first > last)
		return 0;
	r = result(syscall(SYS_close_range, first, last, 0));
	if (r != -ENOSYS && r != -EPERM)
		return r;
	for (unsigned fd = first; fd <= last && fd < MANY; fd++)
		close((int)fd);
	return 0;
}

static int by_number(const void *x, const void *y)
{
	return *(const int *)x - *(const int *)y;
}

int fd_close_others(unsigned first, const int *keep, size_t n)
{
	int sorted[FD_KEEP_MAX], r = 0;

	assert(n <= FD_KEEP_MAX);
	if (n)
		memcpy(sorted, keep, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, by_number);
	for (size_t i = 0; i < n && r == 0; i++) {
		if (sorted[i] < (int)first)
			continue;
		r = sorted[i] == (int)first ? 0 : close_between(first, (unsigned)sorted[i] - 1);
		first = (unsigned)sorted[i] + 1;
	}
	return r < 0 ? r : close_between(first, ~0u);
}

int fd_cloexec_from(unsigned first)
{
	int r = result(syscall(SYS_close_range, first, ~0u, CLOSE_RANGE_CLOEXEC_FLAG));

	/* -EINVAL: close_range of kernel 5.9, which does not know the flag yet. */
	return r == -ENOSYS || r == -EPERM || r == -EINVAL ? walk_from(first) : r;
}

struct fd_path fd_path(int fd)
{
	struct fd_path p;

	snprintf(p.s, sizeof p.s, "/proc/self/fd/%d", fd);
	return p;
}

int fd_reopen(int fd, int flags)
{
	return result(RETRY(openat(AT_FDCWD, fd_path(fd).s, flags | O_CLOEXEC)));
}

bool fd_is_same(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

bool fd_mounted_at(int dirfd, const char *name)
{
	struct statx x;

	return syscall(SYS_statx, dirfd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &x) == 0 && (x.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

int fd_mount_id(int fd, uint64_t *ret)
{
	struct statx x;

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &x) < 0)
		return -errno;
	if (!(x.stx_mask & STATX_MNT_ID))
		return -EOPNOTSUPP;
	*ret = x.stx_mnt_id;
	return 0;
}
