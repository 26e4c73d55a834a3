/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/tree_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/str.h"
#include "os/fd.h"
#include "os/file.h"

enum { XATTR_NAMES_MAX = 65536, XATTR_VALUE_MAX = 65536, COPY_CHUNK = 1 << 30, DEPTH_MAX = 512 };

struct copy {
	int to;
	unsigned depth;
};

/* ---- attributes ------------------------------------------------------------------------------------------------------------------------------- */

/* Attributes that describe the overlay's own bookkeeping are not the file's. */
static bool xattr_is_overlay(const char *name)
{
	return str_after(name, "trusted.overlay.") || str_after(name, "user.overlay.");
}

static int xattrs_copy(int from, int to)
{
	scoped_free char *names = NULL, *value = NULL;
	ssize_t n = flistxattr(from, NULL, 0);

	if (n <= 0)
		return n < 0 && errno != ENOTSUP ? -errno : 0;
	if (n > XATTR_NAMES_MAX)
		return -E2BIG;
	names = malloc(XATTR_NAMES_MAX);
	value = malloc(XATTR_VALUE_MAX);
	if (!names || !value)
		return -ENOMEM;
	n = flistxattr(from, names, XATTR_NAMES_MAX);
	for (const char *name = names; n > 0 && name < names + n; name += strlen(name) + 1) {
		ssize_t size = fgetxattr(from, name, value, XATTR_VALUE_MAX);

		if (size < 0 || xattr_is_overlay(name))
			continue;
		if (fsetxattr(to, name, value, (size_t)size, 0) < 0 && errno != ENOTSUP)
			return -errno;
	}
	return 0;
}

static int attributes_copy(int from, int to, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	int r;

	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return -errno;
	r = xattrs_copy(from, to);
	if (r < 0)
		return r;
	return futimens(to, times) < 0 ? -errno : 0;
}

/* ---- contents ---------------------------------------------------------------------------------------------------------------------------------- */

static int bytes_copy(int from, int to)
{
	char chunk[16384 / 2];
	ssize_t n;

	do {
		n = copy_file_range(from, NULL, to, NULL, COPY_CHUNK, 0);
	} while (n > 0);
	if (n == 0)
		return 0;
	if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
		return -errno;
	while ((n = fd_read_all(from, chunk, sizeof chunk)) > 0) {
		int r = fd_write_all(to, chunk, (size_t)n);

		if (r < 0)
			return r;
	}
	return (int)n;
}

static int file_copy(int dirfd, int to, const char *name, const struct stat *st)
{
	scoped_fd int in = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	scoped_fd int out = in < 0 ? -EBADF : openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (in < 0 || out < 0)
		return -errno;
	r = bytes_copy(in, out);
	return r < 0 ? r : attributes_copy(in, out, st);
}

static int link_copy(int dirfd, int to, const char *name, const struct stat *st)
{
	char target[PATH_MAX];
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	ssize_t n = readlinkat(dirfd, name, target, sizeof target - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (symlinkat(target, to, name) < 0 || fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int node_copy(int to, const char *name, const struct stat *st)
{
	if (mknodat(to, name, st->st_mode, st->st_rdev) < 0 || fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int directory_copy(int from, int to, unsigned depth);

static int subdirectory_copy(int dirfd, int to, const char *name, unsigned depth)
{
	scoped_fd int in = dir_open(dirfd, name);
	scoped_fd int out = -EBADF;

	if (in < 0)
		return in;
	if (mkdirat(to, name, 0700) < 0)
		return -errno;
	out = dir_open(to, name);
	return out < 0 ? out : directory_copy(in, out, depth + 1);
}

static int entry_copy(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	const struct copy *c = arg;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return subdirectory_copy(dirfd, c->to, name, c->depth);
	case S_IFREG:
		return file_copy(dirfd, c->to, name, &st);
	case S_IFLNK:
		return link_copy(dirfd, c->to, name, &st);
	case S_IFSOCK:
		return 0;       /* nobody listens in a copy */
	default:
		return node_copy(c->to, name, &st);
	}
}

static int directory_copy(int from, int to, unsigned depth)
{
	struct copy c = { .to = to, .depth = depth };
	struct stat st;
	int r;

	if (depth > DEPTH_MAX)
		return -ELOOP;
	if (fstat(from, &st) < 0)
		return -errno;
	r = dir_each(from, entry_copy, &c);
	return r < 0 ? r : attributes_copy(from, to, &st);
}

int tree_copy(int from, int to)
{
	return directory_copy(from, to, 0);
}

static int entry_stop(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	return 1;
}

int tree_is_empty(int dirfd)
{
	int r = dir_each(dirfd, entry_stop, NULL);

	return r < 0 ? r : r == 0;
}
