/* SPDX-License-Identifier: Apache-2.0 */
#include "os/dev.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "os/fd.h"
#include "os/internal.h"

int dev_check(int fd, mode_t type, unsigned major_number, unsigned minor_number)
{
	struct stat s;

	if (fstat(fd, &s) < 0)
		return -errno;
	return (s.st_mode & S_IFMT) == type && s.st_rdev == makedev(major_number, minor_number) ? 0 : -ENXIO;
}

int dev_open(int dirfd, const char *path, int flags, unsigned major_number, unsigned minor_number)
{
	/* O_PATH first: opening an unknown device may already do something. */
	scoped_fd int seen = result(RETRY(openat(dirfd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC)));
	scoped_fd int fd = -EBADF;
	int r = seen < 0 ? seen : dev_check(seen, S_IFCHR, major_number, minor_number);

	if (r < 0)
		return r;
	if (!flags || flags & O_PATH)
		return take_fd(&seen);
	fd = result(RETRY(openat(dirfd, path, flags | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC)));
	r = fd < 0 ? fd : dev_check(fd, S_IFCHR, major_number, minor_number);
	return r < 0 ? r : take_fd(&fd);
}

int dev_open_null(int flags)
{
	return dev_open(AT_FDCWD, "/dev/null", flags, 1, 3);
}
