/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

static int parent_open(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char parent[LIMIT_PATH];

	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		return dir_open(AT_FDCWD, ".");
	if ((size_t)(slash - path) >= sizeof parent)
		return -ENAMETOOLONG;
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = 0;
	return dir_open(AT_FDCWD, slash == path ? "/" : parent);
}

int outfile_open(struct outfile *f, const char *path, struct err *e)
{
	struct stat st;
	int r;

	*f = OUTFILE_NONE;
	if (!path || strcmp(path, "-") == 0) {
		f->fd = fd_dup_min(STDOUT_FILENO, 3);
		return f->fd < 0 ? err_sys(e, f->fd, "standard output") : 0;
	}
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		f->fd = S_ISDIR(st.st_mode) ? -1 : open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
		if (f->fd < 0)
			return err_sys(e, S_ISDIR(st.st_mode) ? -EISDIR : -errno, "write '%.200s'", path);
		return 0;
	}
	f->dirfd = parent_open(path, &f->name);
	r = f->dirfd < 0 ? f->dirfd : !*f->name ? -EISDIR : tmp_file_open_hidden(&f->tmp, f->dirfd, 0600);
	if (r < 0)
		return err_sys(e, r, "write '%.200s'", path);
	f->fd = f->tmp.fd;
	return 0;
}

int outfile_commit(struct outfile *f, struct err *e)
{
	int r = f->name ? tmp_file_commit_hidden(&f->tmp, f->name, FILE_SYNC) : 0;

	return r < 0 ? err_sys(e, r, "write '%.200s'", f->name) : 0;
}

void outfile_done(struct outfile *f)
{
	if (f->fd >= 0 && f->fd != f->tmp.fd)
		fd_close(f->fd);
	tmp_file_done(&f->tmp);
	fd_close(f->dirfd);
	*f = OUTFILE_NONE;
}
