/* SPDX-License-Identifier: Apache-2.0 */
#include "os/procfs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/internal.h"
#include "os/mount.h"
#include "os/path_safe.h"

/* The root directory of every procfs has this inode. */
enum { PROC_ROOT_INODE = 1 };

static bool is_proc_root(int fd)
{
	struct stat s;

	return path_check_fs(fd, PATH_FS_PROC) == 0 && fstat(fd, &s) == 0 && s.st_ino == PROC_ROOT_INODE;
}

int procfs_open(void)
{
	/* From the best to the weakest; a clone is safe from later changes, the path only as far as -EXDEV goes. */
	for (int way = 0; way < 3; way++) {
		scoped_fd int fd = way == 0   ? mount_new("proc", NULL, NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, NULL)
				   : way == 1 ? mount_clone(AT_FDCWD, "/proc", false)
					      : result(RETRY(openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)));

		if (fd < 0 && way == 2)
			return fd;
		if (fd >= 0 && is_proc_root(fd))
			return take_fd(&fd);
	}
	return -EXDEV;
}

int procfs_open_at(int procfd, const char *path, int flags)
{
	return path_open(procfd, path, flags | O_NOCTTY, 0, PATH_BENEATH_NO_XDEV);
}

int procfs_write(int procfd, const char *path, const char *text)
{
	scoped_fd int fd = procfs_open_at(procfd, path, O_WRONLY);
	size_t n = strlen(text);
	ssize_t put;

	if (fd < 0)
		return fd;
	put = RETRY(write(fd, text, n));
	return put < 0 ? -errno : (size_t)put == n ? 0 : -EIO;
}

int procfs_read(int procfd, const char *path, char *ret, size_t size)
{
	scoped_fd int fd = procfs_open_at(procfd, path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = fd_read_all(fd, ret, size);
	if (n < 0)
		return (int)n;
	if ((size_t)n == size)
		return -E2BIG;
	if (n > 0 && ret[n - 1] == '\n')
		n--;
	ret[n] = 0;
	return 0;
}
