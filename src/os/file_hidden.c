/* SPDX-License-Identifier: Apache-2.0 */
/* The part of file.h about files that have no name until they are whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "os/file.h"
#include "os/internal.h"

int tmp_file_open_hidden(struct tmp_file *t, int dirfd, mode_t mode)
{
	int fd = RETRY(openat(dirfd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, mode));

	if (fd < 0)
		return errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT ? tmp_file_open(t, dirfd, mode) : -errno;
	t->dirfd = dirfd;
	t->fd = fd;
	t->name[0] = 0;
	return 0;
}

static int link_as(const struct tmp_file *t, const char *name)
{
	return result(linkat(AT_FDCWD, fd_path(t->fd).s, t->dirfd, name, AT_SYMLINK_FOLLOW));
}

/* A link cannot replace what is there: by way of a second name. */
static int link_over(struct tmp_file *t, const char *name)
{
	scoped_tmp_file struct tmp_file way = TMP_FILE_NONE;
	int r = tmp_file_open(&way, t->dirfd, 0600);

	if (r == 0)
		r = result(unlinkat(way.dirfd, way.name, 0));
	if (r == 0)
		r = link_as(t, way.name);
	return r < 0 ? r : tmp_file_commit(&way, name, 0);
}

int tmp_file_commit_hidden(struct tmp_file *t, const char *name, unsigned flags)
{
	int r = flags & FILE_SYNC ? result(fdatasync(t->fd)) : 0;

	if (r < 0 || t->name[0])
		return r < 0 ? r : tmp_file_commit(t, name, flags);
	r = link_as(t, name);
	if (r == -EEXIST && !(flags & FILE_NOREPLACE))
		r = link_over(t, name);
	return r == 0 && flags & FILE_SYNC ? dir_sync(t->dirfd) : r;
}
