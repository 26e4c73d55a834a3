/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * outfile: a file that is made for the user, and appears under its name when it is whole. Pipes, devices and standard output are written as they are.
 *
 * Life cycle: outfile_open(), write to .fd, outfile_commit(); what is not committed is gone at outfile_done().
 */
#include "base/err.h"
#include "os/file.h"

struct outfile {
	int fd;                 /* to write to; borrowed of this */
	int dirfd;
	const char *name;       /* in dirfd; NULL: written as it is */
	struct tmp_file tmp;
};
#define OUTFILE_NONE ((struct outfile){ .fd = -EBADF, .dirfd = -EBADF, .tmp = TMP_FILE_NONE })

/* @path is borrowed; NULL or "-": standard output. Made 0600: images may hold secrets. */
int outfile_open(struct outfile *f, const char *path, struct err *e);
int outfile_commit(struct outfile *f, struct err *e);
void outfile_done(struct outfile *f);
