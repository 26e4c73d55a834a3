/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * test_dir: a directory of its own for one test, removed at the end of the scope. For unit tests of every floor above os.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/fd.h"
#include "os/file.h"

struct test_dir {
	int fd;
	char path[64];
};

static inline struct test_dir test_dir_make(void)
{
	struct test_dir t = { .fd = -EBADF };

	snprintf(t.path, sizeof t.path, "/tmp/tare-unit-XXXXXX");
	if (!mkdtemp(t.path) || (t.fd = dir_open(AT_FDCWD, t.path)) < 0)
		abort();
	return t;
}

static inline void test_dir_done(struct test_dir *t)
{
	fd_done(&t->fd);
	dir_remove_tree(AT_FDCWD, t->path);
}
#define scoped_test_dir SCOPED(test_dir_done)

static inline int test_dir_count_one(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	(void)dirfd, (void)name, (void)d_type;
	++*(int *)arg;
	return 0;
}

/* How many entries a directory has. */
static inline int test_dir_count(int dirfd)
{
	int n = 0, r = dir_each(dirfd, test_dir_count_one, &n);

	return r < 0 ? r : n;
}
