/* SPDX-License-Identifier: Apache-2.0 */
#include "os/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checksum.h"
#include "base/str.h"
#include "os/fd.h"
#include "os/file.h"

enum { PIECE = 256 * 1024, PATH_SIZE = 256 * 1024, SEEN_MIN = 256,
	XATTRS_MAX = 64 * 1024 /* the kernel's own limit, for the names of a file and for a value */ };

struct surveying {
	struct survey sum;
	bool contents;
	char *piece, *path;      /* of one file; of the directory we are in, with a '/' at its end */
	size_t n_path;
	ino_t *seen;             /* files with several names that were counted: open hashing, 0 is an empty place */
	size_t n_seen, seen_size;
};

static void surveying_done(struct surveying *s)
{
	free(s->piece);
	free(s->path);
	free(s->seen);
}

static ino_t *seen_place(const struct surveying *s, ino_t ino)
{
	size_t at = (size_t)(ino * UINT64_C(0x9E3779B97F4A7C15) >> 20);

	while (s->seen[at & (s->seen_size - 1)] && s->seen[at & (s->seen_size - 1)] != ino)
		at++;
	return &s->seen[at & (s->seen_size - 1)];
}

static void seen_grow(struct surveying *s)
{
	size_t n = s->seen_size;
	ino_t *old = s->seen;

	s->seen_size = n ? n * 2 : SEEN_MIN;
	s->seen = alloc_or_die(s->seen_size * sizeof *s->seen);
	memset(s->seen, 0, s->seen_size * sizeof *s->seen);
	for (size_t i = 0; i < n; i++)
		if (old[i])
			*seen_place(s, old[i]) = old[i];
	free(old);
}

static bool is_first_name(struct surveying *s, const struct stat *st)
{
	ino_t *place;

	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return true;
	if (s->n_seen * 2 >= s->seen_size)
		seen_grow(s);
	place = seen_place(s, st->st_ino);
	if (*place)
		return false;
	*place = st->st_ino;
	s->n_seen++;
	return true;
}

/* ---- contents ---- */

static int range_add(struct surveying *s, int fd, struct checksum *c, off_t at, off_t end)
{
	while (at < end) {
		ssize_t n = pread(fd, s->piece, end - at < PIECE ? (size_t)(end - at) : PIECE, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		checksum_add(c, s->piece, (size_t)n);
		at += n;
	}
	return 0;
}

static int content_sum(struct surveying *s, int fd, off_t size, uint64_t *ret)
{
	struct checksum c;
	off_t at = 0;

	checksum_init(&c);
	while (at < size) {
		off_t data = lseek(fd, at, SEEK_DATA), end;
		int r;

		if (data < 0)
			data = errno == ENXIO ? size : at; /* nothing but a hole; or a file system that knows no holes */
		checksum_add_zeros(&c, (uint64_t)(data - at));
		if (data == size)
			break;
		end = lseek(fd, data, SEEK_HOLE);
		end = end < 0 ? size : end;
		r = range_add(s, fd, &c, data, end);
		if (r < 0)
			return r;
		at = end;
	}
	*ret = checksum_finish(&c);
	return 0;
}

/* Attributes of the layer's own, not the marks of overlayfs. */
static int xattrs_add(struct surveying *s, int fd)
{
	char *names = s->piece, *value = s->piece + XATTRS_MAX;
	ssize_t n = flistxattr(fd, names, XATTRS_MAX);

	for (const char *name = names; n > 0 && name < names + n; name += strlen(name) + 1) {
		ssize_t size;

		if (!tree_has_xattr(name))
			continue;
		size = fgetxattr(fd, name, value, XATTRS_MAX);
		if (size < 0)
			return -errno;
		tree_sum_xattr(&s->sum.sum, name, value, (size_t)size);
	}
	return n < 0 && errno != ENOTSUP ? -errno : 0;
}

static int inode_add(struct surveying *s, int dirfd, const char *name, int fd, const struct stat *st)
{
	struct tree_sum_inode i = { .mode = st->st_mode, .uid = st->st_uid, .gid = st->st_gid, .dev = st->st_rdev, .size = (uint64_t)st->st_size,
		.mtime = st->st_mtim.tv_sec };
	char target[PATH_MAX];
	ssize_t n;
	int r = 0;

	if (S_ISLNK(st->st_mode)) {
		n = readlinkat(dirfd, name, target, sizeof target - 1);
		if (n < 0)
			return -errno;
		target[n] = 0;
		i.target = target;
	}
	if (S_ISREG(st->st_mode))
		r = content_sum(s, fd, st->st_size, &i.content);
	if (r == 0 && fd >= 0)
		r = xattrs_add(s, fd);
	tree_sum_inode(&s->sum.sum, &i);
	return r;
}

/* ---- the walk ---- */

static int entry_visit(void *arg, int dirfd, const char *name, unsigned char type);

static int directory_walk(struct surveying *s, int fd, const char *name)
{
	size_t n_path = s->n_path, n = strlen(name);
	int r;

	if (n_path + n + 1 >= PATH_SIZE)
		return -ENAMETOOLONG;
	memcpy(s->path + n_path, name, n);
	s->path[n_path + n] = '/';
	s->n_path = n_path + n + 1;
	r = dir_each(fd, entry_visit, s);
	s->n_path = n_path;
	return r;
}

static int entry_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct surveying *s = arg;
	scoped_fd int fd = -EBADF;
	struct stat st;
	int r = 0;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	s->sum.entries++;
	if (S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && s->contents)) {
		fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			return -errno;
	}
	if (s->contents) {
		snprintf(s->path + s->n_path, PATH_SIZE - s->n_path, "%s", name);
		tree_sum_name(&s->sum.sum, s->path);
	}
	if (!is_first_name(s, &st))
		return 0;
	s->sum.bytes += S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	s->sum.blocks += (uint64_t)st.st_blocks * 512;
	if (s->contents)
		r = inode_add(s, dirfd, name, fd, &st);
	return r == 0 && S_ISDIR(st.st_mode) ? directory_walk(s, fd, name) : r;
}

int survey_tree(int dirfd, bool contents, struct survey *ret)
{
	SCOPED(surveying_done) struct surveying s = { .contents = contents };
	struct stat st;
	int r;

	s.path = alloc_or_die(PATH_SIZE);
	s.piece = contents ? alloc_or_die(PIECE) : NULL;
	if (fstat(dirfd, &st) < 0)
		return -errno;
	s.sum.blocks = (uint64_t)st.st_blocks * 512;
	r = contents ? inode_add(&s, dirfd, "", dirfd, &st) : 0;
	if (r == 0)
		r = dir_each(dirfd, entry_visit, &s);
	if (r == 0)
		*ret = s.sum;
	return r;
}

int survey_entry(int dirfd, const char *name, uint64_t *ret)
{
	scoped_fd int fd = -EBADF;
	struct survey found;
	struct stat st;
	int r;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*ret = (uint64_t)st.st_blocks * 512;
	if (!S_ISDIR(st.st_mode))
		return 0;
	fd = dir_open(dirfd, name);
	r = fd < 0 ? fd : survey_tree(fd, false, &found);
	if (r == 0)
		*ret = found.blocks;
	return r;
}
