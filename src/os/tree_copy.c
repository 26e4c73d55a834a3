/* SPDX-License-Identifier: Apache-2.0 */
#include "os/tree_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/str.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/overlay.h"

enum { XATTR_NAMES_MAX = 65536, XATTR_VALUE_MAX = 65536, COPY_CHUNK = 1 << 30 };

enum { LINKS_MIN = 256, PATH_SIZE = 64 * 1024 };

/* A file of the source with several names, and the name its copy got first. */
struct linked {
	dev_t dev;
	ino_t ino;
	const char *path;            /* from the root of the copy; NULL: an empty place of the table */
};

/* One whole copy. */
struct copy {
	struct arena arena;
	int root;                    /* of the copy */
	bool over;                   /* the source is a layer */
	struct linked *links;        /* open hashing, at most half full */
	size_t n_links, links_size;
	char path[PATH_SIZE];        /* of the directory being filled, from the root of the copy, with a '/' at its end */
	size_t n_path;
};

/* One directory of it. */
struct copy_dir {
	struct copy *all;
	int to;
	unsigned depth;
};

static void copy_free(struct copy **c)
{
	arena_done(&(*c)->arena);
	free((*c)->links);
	free(*c);
}

/* ---- hard links ------------------------------------------------------------------------------------------------------------------------------- */

static struct linked *link_place(const struct copy *c, dev_t dev, ino_t ino)
{
	size_t at = (size_t)((ino ^ dev << 7) * UINT64_C(0x9E3779B97F4A7C15) >> 20);

	for (;; at++) {
		struct linked *l = &c->links[at & (c->links_size - 1)];

		if (!l->path || (l->dev == dev && l->ino == ino))
			return l;
	}
}

static void links_grow(struct copy *c)
{
	struct linked *old = c->links;
	size_t n = c->links_size;

	c->links_size = n ? n * 2 : LINKS_MIN;
	c->links = alloc_or_die(c->links_size * sizeof *c->links);
	memset(c->links, 0, c->links_size * sizeof *c->links);
	for (size_t i = 0; i < n; i++)
		if (old[i].path)
			*link_place(c, old[i].dev, old[i].ino) = old[i];
	free(old);
}

/* Links @name in @d to the copy its file has already. 1: done; 0: this is the first name, now known. */
static int link_known(const struct copy_dir *d, const char *name, const struct stat *st)
{
	struct copy *c = d->all;
	struct linked *l;

	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return 0;
	if (c->n_links * 2 >= c->links_size)
		links_grow(c);
	l = link_place(c, st->st_dev, st->st_ino);
	if (l->path)
		return linkat(c->root, l->path, d->to, name, 0) < 0 ? -errno : 1;
	*l = (struct linked){ st->st_dev, st->st_ino, arena_printf(&c->arena, "%.*s%s", (int)c->n_path, c->path, name) };
	c->n_links++;
	return 0;
}

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

static int range_copy_slowly(int from, int to, off_t at, off_t end)
{
	char chunk[8192];

	while (at < end) {
		size_t want = end - at < (off_t)sizeof chunk ? (size_t)(end - at) : sizeof chunk;
		ssize_t n = pread(from, chunk, want, at);

		if (n == 0)
			return 0;
		if (n > 0)
			n = pwrite(to, chunk, (size_t)n, at);
		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? n : 0;
	}
	return 0;
}

static int range_copy(int from, int to, off_t at, off_t end)
{
	off_t out = at;

	while (at < end) {
		ssize_t n = copy_file_range(from, &at, to, &out, end - at < COPY_CHUNK ? (size_t)(end - at) : COPY_CHUNK, 0);

		if (n == 0)
			return 0;
		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS))
			return range_copy_slowly(from, to, at, end);
		if (n < 0 && errno != EINTR)
			return -errno;
	}
	return 0;
}

static int bytes_copy(int from, int to, off_t size)
{
	off_t at = 0;

	/* A clone is everything at once, holes and all. */
	if (size == 0 || ioctl(to, FICLONE, from) == 0)
		return 0;
	if (ftruncate(to, size) < 0)
		return -errno;
	while ((at = lseek(from, at, SEEK_DATA)) >= 0) {
		off_t end = lseek(from, at, SEEK_HOLE);
		int r = end < 0 ? -errno : range_copy(from, to, at, end);

		if (r < 0)
			return r;
		at = end;
	}
	return errno == ENXIO ? 0 : errno == EINVAL ? range_copy(from, to, 0, size) : -errno;
}

static int file_copy(int dirfd, int to, const char *name, const struct stat *st)
{
	scoped_fd int in = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	scoped_fd int out = in < 0 ? -EBADF : openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (in < 0 || out < 0)
		return -errno;
	r = bytes_copy(in, out, st->st_size);
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
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (mknodat(to, name, st->st_mode, st->st_rdev) < 0 || fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		return -errno;
	return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* ---- directories ------------------------------------------------------------------------------------------------------------------------------- */

static int directory_copy(struct copy *all, int from, int to, unsigned depth);

static int entry_remove(int dirfd, const char *name)
{
	return unlinkat(dirfd, name, 0) == 0 || errno == ENOENT ? 0 : errno == EISDIR ? dir_remove_tree(dirfd, name) : -errno;
}

static int subdirectory_copy(const struct copy_dir *d, int dirfd, const char *name)
{
	struct copy *all = d->all;
	scoped_fd int in = dir_open(dirfd, name);
	scoped_fd int out = -EBADF;
	size_t n_path = all->n_path, n = strlen(name);
	struct stat st;
	int r;

	if (in < 0)
		return in;
	if (n_path + n + 1 > PATH_SIZE)
		return -ENAMETOOLONG;
	if (all->over && (overlay_is_opaque(in) || (fstatat(d->to, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode)))) {
		r = entry_remove(d->to, name);
		if (r < 0)
			return r;
	}
	if (mkdirat(d->to, name, 0700) < 0 && !(all->over && errno == EEXIST))
		return -errno;
	out = dir_open(d->to, name);
	if (out < 0)
		return out;
	memcpy(all->path + n_path, name, n);
	all->path[n_path + n] = '/';
	all->n_path = n_path + n + 1;
	r = directory_copy(all, in, out, d->depth + 1);
	all->n_path = n_path;
	return r;
}

static int entry_copy(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	const struct copy_dir *d = arg;
	struct stat st;
	int r;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return subdirectory_copy(d, dirfd, name);
	if (d->all->over) {
		r = entry_remove(d->to, name);
		if (r < 0 || (S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0)))
			return r;
	}
	r = link_known(d, name, &st);
	if (r != 0)
		return r < 0 ? r : 0;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return file_copy(dirfd, d->to, name, &st);
	case S_IFLNK:
		return link_copy(dirfd, d->to, name, &st);
	case S_IFSOCK:
		return 0;       /* nobody listens in a copy */
	default:
		return node_copy(d->to, name, &st);
	}
}

static int directory_copy(struct copy *all, int from, int to, unsigned depth)
{
	struct copy_dir d = { .all = all, .to = to, .depth = depth };
	struct stat st;
	int r;

	if (depth > LIMIT_TREE_DEPTH)
		return -ELOOP;
	if (fstat(from, &st) < 0)
		return -errno;
	r = dir_each(from, entry_copy, &d);
	return r < 0 ? r : attributes_copy(from, to, &st);
}

static int copy_run(int from, int to, bool over)
{
	SCOPED(copy_free) struct copy *c = alloc_or_die(sizeof *c);

	*c = (struct copy){ .root = to, .over = over };
	return directory_copy(c, from, to, 0);
}

int tree_copy(int from, int to)
{
	return copy_run(from, to, false);
}

int tree_copy_over(int from, int to)
{
	return copy_run(from, to, true);
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
