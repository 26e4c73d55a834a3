/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log_chain.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "os/fd.h"
#include "os/file.h"

enum { PATH_SIZE = LIMIT_PATH + 16, TRIES = 1000 };

static void name_of(const struct log_chain *c, int i, char ret[PATH_SIZE])
{
	if (i)
		snprintf(ret, PATH_SIZE, "%s.%d", c->path, i);
	else
		snprintf(ret, PATH_SIZE, "%s", c->path);
}

static bool is_at(const struct log_chain *c, int fd, int i)
{
	char path[PATH_SIZE];
	struct stat here, there;

	name_of(c, i, path);
	return fstat(fd, &here) == 0 && lstat(path, &there) == 0 && here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* Opens and locks number @i, which may be another one a moment later. Errors: -ENOENT, -EAGAIN: it is being removed. */
static int open_at(const struct log_chain *c, int i, int *ret)
{
	char path[PATH_SIZE];
	scoped_fd int fd = -EBADF;
	struct stat st;
	int r;

	name_of(c, i, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	r = lock_fd_try(fd, FILE_LOCK_SHARED);
	if (r < 0)
		return r;
	if (fstat(fd, &st) == 0 && !st.st_nlink)
		return -EAGAIN;
	*ret = take_fd(&fd);
	return 0;
}

/* Where our file stands now; -ENOENT: nowhere. While the files move up one is missing for a moment. */
static int index_of(const struct log_chain *c)
{
	struct stat st;

	for (int tries = 0; tries < TRIES; tries++) {
		for (int i = 0, missing = 0; missing < 2; i++) {
			char path[PATH_SIZE];

			if (is_at(c, c->fd, i))
				return i;
			name_of(c, i, path);
			missing = lstat(path, &st) < 0 ? missing + 1 : 0;
		}
		if (fstat(c->fd, &st) < 0 || !st.st_nlink)
			break;
	}
	return -ENOENT;
}

static int failed(const struct log_chain *c, int r, struct err *e)
{
	return err_sys(e, r, "open the log '%s'", c->path);
}

int log_chain_newest(struct log_chain *c, struct err *e)
{
	int r = -EAGAIN;

	for (int tries = 0; r == -EAGAIN && tries < TRIES; tries++)
		r = open_at(c, 0, &c->fd);
	return r < 0 ? failed(c, r, e) : 0;
}

/* The number of the oldest, or -1. */
static int last_index(const struct log_chain *c)
{
	int last = -1;

	for (int i = 0, missing = 0; missing < 2; i++) {
		char path[PATH_SIZE];
		struct stat st;

		name_of(c, i, path);
		missing = lstat(path, &st) < 0 ? missing + 1 : 0;
		if (!missing)
			last = i;
	}
	return last;
}

int log_chain_oldest(struct log_chain *c, struct err *e)
{
	int r = -EAGAIN;

	for (int tries = 0; (r == -EAGAIN || r == -ENOENT) && tries < TRIES; tries++) {
		int i = last_index(c);

		if (i < 0)
			return failed(c, -ENOENT, e);
		r = open_at(c, i, &c->fd);
		if (r == 0 && is_at(c, c->fd, i) && last_index(c) == i)
			return 0;
		if (r == 0) {
			fd_done(&c->fd);
			r = -EAGAIN;
		}
	}
	return failed(c, r, e);
}

/* Opens the neighbour @step numbers from ours into *ret. Returns 1, or 0 if there is none. */
static int neighbour(const struct log_chain *c, int step, int *ret, struct err *e)
{
	int r = 0;

	for (int tries = 0; tries < TRIES; tries++) {
		scoped_fd int fd = -EBADF;
		int i = index_of(c);

		if (i < 0)
			return i;
		if (i + step < 0)
			return 0;
		r = open_at(c, i + step, &fd);
		/* The neighbour is the one it was only if we have not moved meanwhile: whoever moves files begins with the oldest. */
		if (!is_at(c, c->fd, i) || r == -EAGAIN)
			continue;
		if (r == -ENOENT)
			return 0;
		if (r < 0)
			break;
		*ret = take_fd(&fd);
		return 1;
	}
	return failed(c, r < 0 ? r : -EAGAIN, e);
}

int log_chain_older(struct log_chain *c, struct err *e)
{
	scoped_fd int fd = -EBADF;
	int r = neighbour(c, 1, &fd, e);

	if (r == -ENOENT)
		return 0;
	if (r > 0) {
		fd_done(&c->fd);
		c->fd = take_fd(&fd);
	}
	return r;
}

int log_chain_next(struct log_chain *c, struct err *e)
{
	struct log_chain oldest = { .path = c->path, .fd = -EBADF, .next = -EBADF };
	int r = neighbour(c, -1, &c->next, e);

	c->turning = r == 0 && !is_at(c, c->fd, 0);
	if (r != -ENOENT)
		return r;
	/* Ours was removed: we stood still for too long. */
	r = log_chain_oldest(&oldest, e);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	c->next = oldest.fd;
	c->gap = true;
	return 1;
}

void log_chain_go(struct log_chain *c)
{
	fd_done(&c->fd);
	c->fd = take_fd(&c->next);
}

void log_chain_done(struct log_chain *c)
{
	fd_done(&c->fd);
	fd_done(&c->next);
}
