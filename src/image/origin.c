/* SPDX-License-Identifier: Apache-2.0 */
#include "image/origin.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "os/fd.h"

int origin_open(const struct image_store *s, const char *path, int fd, enum source_kind if_file, enum source_kind if_directory,
	const struct pull_options *o, struct courier *ret, struct err *e)
{
	scoped_fd int opened = -EBADF, spool = -EBADF;
	struct transfer_message task = { .parallel = o->parallel };
	struct stat st;

	if (path && strcmp(path, "-") != 0) {
		opened = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
		if (opened < 0)
			return err_sys(e, -errno, "open '%.200s'", path);
		fd = opened;
	}
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "look at '%.200s'", path ? path : "-");
	task.source = S_ISDIR(st.st_mode) ? if_directory : if_file;
	/* Where a compressed archive is unfolded to; it has no name, so nothing is left of it whatever happens. */
	spool = openat(s->root_fd, "blobs/ingest", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (spool < 0)
		return err_sys(e, -errno, "make temporary file in '%s'", s->root);
	return courier_open(ret, s, &task, (int[]){ fd, spool }, 2, o->cancel_fd, e);
}
