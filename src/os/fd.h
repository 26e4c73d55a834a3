/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * fd: file descriptors that clean up after themselves.
 *
 * `scoped_fd int fd = -EBADF;` closes at the end of the block; `return take_fd(&fd);` hands over. The null value is any negative number, by
 * habit -EBADF, so an error returned by accident is still right. Every descriptor made here is O_CLOEXEC.
 * Errors: -errno. EINTR: reads and writes are retried; close never is (Linux has closed by then).
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/scope.h"

/* Closes *fd unless negative and sets it to -EBADF; keeps errno. A close that answers EBADF is our bug and aborts in debug builds. */
void fd_done(int *fd);
#define scoped_fd SCOPED(fd_done)

/* Closes @fd unless negative, keeps errno, returns -EBADF: `fd = fd_close(fd);` */
int fd_close(int fd);

/* Moves a descriptor out of a scoped variable. */
static inline int take_fd(int *fd)
{
	int moved = *fd;

	*fd = -EBADF;
	return moved;
}

/* Duplicates @fd (borrowed) to the lowest free number >= @min. Returns owned. */
int fd_dup_min(int fd, int min);

int fd_set_cloexec(int fd, bool on);
int fd_set_nonblock(int fd, bool on);

/* A pipe; @flags may add O_NONBLOCK. Both ends owned by the caller. */
int fd_pipe(int ret[2], int flags);

/* Reads until @size bytes or the end of the file. Returns the number of bytes. */
ssize_t fd_read_all(int fd, void *p, size_t size);

/* Appends everything up to the end of the file. Errors: -E2BIG past the maximum of @b. */
int fd_read_buf(int fd, struct buf *b);

/* Writes all @n bytes. On a non-blocking descriptor it waits for room. */
int fd_write_all(int fd, const void *p, size_t n);

/* Closes all from @first on but those in @keep (in any order; negative ones mean nothing). Asks no procfs: the one in sight may be hostile. */
enum { FD_KEEP_MAX = 16 };
int fd_close_others(unsigned first, const int *keep, size_t n);

/* Marks close-on-exec every descriptor >= @first. Works without close_range(2) by walking /proc/self/fd. */
int fd_cloexec_from(unsigned first);

/* The path "/proc/self/fd/N" that names an open file to calls that only take paths. */
struct fd_path {
	char s[32];
};
struct fd_path fd_path(int fd);

/* Opens the file behind @fd (usually O_PATH) again with other flags. Returns owned. Follows nothing: the file is @fd's. */
int fd_reopen(int fd, int flags);

/* True if both are open on the same inode of the same file system. */
bool fd_is_same(int a, int b);

/* Is the entry @name of a directory the root of a mount? No link is followed. False where the kernel cannot say (before Linux 5.8). */
bool fd_mounted_at(int dirfd, const char *name);

/* The id of the mount @fd was opened through, to compare with another. Errors: -EOPNOTSUPP before kernel 5.8. */
int fd_mount_id(int fd, uint64_t *ret);
