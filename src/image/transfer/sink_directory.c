/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink that is a directory: an OCI layout, or what skopeo calls dir:. Each file appears when it is whole, durable, and has its digest; a file without a
 * digest (index.json) replaces the one that was there in one moment.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/transfer/sink.h"
#include "image/transfer/source_fd.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/path_safe.h"

static int discard(void *arg, const void *p, size_t n, struct err *e)
{
	return 0;
}

/* Whether the file is there with that digest; what is there without it will be replaced. */
static bool is_there(int dirfd, const char *name, const char *digest, uint64_t size)
{
	scoped_fd int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct sink_put q = { .name = name, .digest = digest, .fd = fd, .size = size };
	struct err ignored;
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == size && sink_put_each(&q, discard, NULL, &ignored) == 0;
}

static int piece_write(void *arg, const void *p, size_t n, struct err *e)
{
	int r = fd_write_all(*(int *)arg, p, n);

	return r < 0 ? err_sys(e, r, "write") : 0;
}

static int file_put(int dirfd, const char *name, const struct sink_put *q, struct err *e)
{
	scoped_tmp_file struct tmp_file t = TMP_FILE_NONE;
	int r = tmp_file_open_hidden(&t, dirfd, 0644);

	if (r < 0)
		return err_sys(e, r, "make file for '%.100s'", q->name);
	r = sink_put_each(q, piece_write, &t.fd, e);
	if (r < 0)
		return r;
	r = tmp_file_commit_hidden(&t, name, FILE_SYNC);
	return r < 0 ? err_sys(e, r, "keep '%.100s'", q->name) : 0;
}

static int put(void *self, void *line, const struct sink_put *q, struct sink_answer *ret, struct err *e)
{
	char name[NAME_MAX + 1];
	scoped_fd int parent = path_parent(*(int *)self, q->name, 0755, PATH_NO_SYMLINKS, name, sizeof name), dirfd = -EBADF;

	*ret = (struct sink_answer){ .outcome = SINK_EXISTED };
	if (parent < 0)
		return err_sys(e, parent, "directory of '%.100s'", q->name);
	dirfd = fd_reopen(parent, O_RDONLY | O_DIRECTORY);
	if (dirfd < 0)
		return err_sys(e, dirfd, "directory of '%.100s'", q->name);
	if (q->digest && is_there(dirfd, name, q->digest, q->size))
		return 0;
	if (q->fd < 0)
		return err_set(e, ERR_NOT_FOUND, "'%.100s' is not in the directory", q->name);
	ret->outcome = SINK_STORED;
	return file_put(dirfd, name, q, e);
}

static int has(void *self, void *line, const char *name, const char *accept, struct source_answer *ret, struct err *e)
{
	scoped_fd int fd = path_open(*(int *)self, name, O_PATH | O_NOFOLLOW, 0, PATH_NO_SYMLINKS);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, fd < 0 ? fd : -errno, "look at '%.100s'", name);
	*ret = (struct source_answer){ .size = (uint64_t)st.st_size };
	return 0;
}

const struct sink_driver sink_directory = { source_fd_open, source_fd_close, NULL, NULL, put, has, NULL, NULL, NULL, NULL, NULL };
