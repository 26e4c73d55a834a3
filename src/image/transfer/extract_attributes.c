/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/extract_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "os/fd.h"
#include "os/path_safe.h"
#include "os/survey.h"

enum { WRITE_BEHIND = 1024 * 1024 };

/* ---- files and nodes ---- */

static int xattrs_set(struct extract *x, int fd, const struct layer_xattr *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!tree_has_xattr(list[i].name))
			continue;
		if (fsetxattr(fd, list[i].name, list[i].value, list[i].size, 0) == 0)
			tree_sum_xattr(&x->result.sum, list[i].name, list[i].value, list[i].size);
		else if (errno != ENOTSUP && (x->root || errno != EPERM))
			return -errno;
	}
	return 0;
}

/* What the entry is, for the sum of the tree; @content only of a regular file. */
static void inode_sum(struct extract *x, uint64_t content)
{
	const struct layer_entry *entry = x->entry;
	struct tree_sum_inode i = { .mode = entry->mode, .uid = x->root ? entry->uid : geteuid(), .gid = x->root ? entry->gid : getegid(),
		.dev = entry->dev, .size = entry->size, .content = content, .mtime = entry->mtime.tv_sec, .target = entry->symlink };

	if (S_ISLNK(i.mode))
		i.mode = S_IFLNK | 0777;
	tree_sum_inode(&x->result.sum, &i);
}

/* EINVAL is a number that our user namespace has no id for. */
static int owner_error(int errnum)
{
	return errnum == EINVAL ? -EOVERFLOW : -errnum;
}

/* By name, in a parent that nobody else changes. */
int extract_attributes_node(struct extract *x)
{
	const struct layer_entry *entry = x->entry;
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, entry->mtime };

	if (x->root && (entry->uid || entry->gid) && fchownat(x->parent_fd, x->name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return owner_error(errno);
	/* mknod takes no more than the permission bits. */
	if (!S_ISLNK(entry->mode) && (entry->mode & 07000) && fchmodat(x->parent_fd, x->name, entry->mode & 07777, 0) < 0)
		return -errno;
	inode_sum(x, 0);
	return utimensat(x->parent_fd, x->name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int extract_attributes_file(struct extract *x)
{
	const struct layer_entry *entry = x->entry;
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, entry->mtime };
	int r;

	if (x->written_to < entry->size && ftruncate(x->fd, (off_t)entry->size) < 0)
		return -errno;
	if (x->root && (entry->uid || entry->gid) && fchown(x->fd, entry->uid, entry->gid) < 0)
		return owner_error(errno);
	if ((entry->mode & 07000) && fchmod(x->fd, entry->mode & 07777) < 0)
		return -errno;
	if (entry->n_xattrs > 0) {
		r = xattrs_set(x, x->fd, entry->xattrs, entry->n_xattrs);
		if (r < 0)
			return r;
	}
	checksum_add_zeros(&x->content, entry->size > x->written_to ? entry->size - x->written_to : 0);
	inode_sum(x, checksum_finish(&x->content));
	/* Large content starts its way to the disk now; the sync at the end of a pull then finds little to do. */
	if (entry->size >= WRITE_BEHIND)
		sync_file_range(x->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return futimens(x->fd, times) < 0 ? -errno : 0;
}

/* ---- directories ---- */

void extract_dir_implied(struct extract *x, const char *path)
{
	*vec_push(&x->arena, &x->dirs) = (struct late_dir){ .path = arena_strdup(&x->arena, path), .mode = 0755, .uid = geteuid(), .gid = getegid(),
		.made = true, .implied = true };
}

void extract_dir_later(struct extract *x, bool existed)
{
	const struct layer_entry *entry = x->entry;
	struct late_dir *d = vec_push(&x->arena, &x->dirs);

	*d = (struct late_dir){ .path = arena_strdup(&x->arena, x->path), .mode = entry->mode & 07777, .uid = entry->uid, .gid = entry->gid,
		.mtime = entry->mtime, .made = !existed, .chmod = existed || (entry->mode & 07000) || (entry->mode & 0700) != 0700 };
	d->xattrs = arena_array(&x->arena, struct layer_xattr, entry->n_xattrs);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct layer_xattr *from = &entry->xattrs[i];

		if (tree_has_xattr(from->name))
			d->xattrs[d->n_xattrs++] = (struct layer_xattr){ arena_strdup(&x->arena, from->name),
				arena_memdup(&x->arena, from->value, from->size), from->size };
	}
}

/* A directory that a later entry replaced by something else is passed over. */
static int dir_finish(struct extract *x, const struct late_dir *d)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, d->mtime };
	scoped_fd int fd = -EBADF;
	int r;

	if (d->implied)
		return 0;
	fd = path_open(x->rootfd, *d->path ? d->path : "/", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, PATH_NO_SYMLINKS_NO_XDEV);
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return 0;
	if (fd < 0)
		return fd;
	if (x->root && (d->uid || d->gid || !d->made) && fchown(fd, d->uid, d->gid) < 0)
		return owner_error(errno);
	if (d->chmod && fchmod(fd, d->mode) < 0)
		return -errno;
	r = xattrs_set(x, fd, d->xattrs, d->n_xattrs);
	if (r < 0)
		return r;
	return futimens(fd, times) < 0 ? -errno : 0;
}

static int by_path(const void *a, const void *b)
{
	const struct late_dir *const *x = a, *const *y = b;
	int order = strcmp((*x)->path, (*y)->path);

	return order ? order : (*x > *y) - (*x < *y);
}

/* Sets what was said of one directory, @v[0 .. n), since it was made; into the sum comes how it ended. */
static int dir_finish_all(struct extract *x, const struct late_dir *const *v, size_t n)
{
	const struct late_dir *last = v[n - 1];
	size_t from = n - 1;
	int r = 0;

	while (from > 0 && !v[from]->made)
		from--;
	for (size_t i = from; r == 0 && i < n; i++)
		r = dir_finish(x, v[i]);
	/* One that was made on the way and described later is as described; one described twice must be looked at. */
	for (size_t i = 0; i + 1 < n; i++)
		x->replaced = x->replaced || !v[i]->implied;
	tree_sum_inode(&x->result.sum, &(struct tree_sum_inode){ .mode = S_IFDIR | last->mode, .uid = x->root ? last->uid : geteuid(),
		.gid = x->root ? last->gid : getegid() });
	return r;
}

/* From the leaves to the root: a directory that even its owner may not enter is not in the way then. */
int extract_dirs_finish(struct extract *x, struct err *e)
{
	size_t n = x->dirs.n, begin;
	scoped_free const struct late_dir **v = alloc_or_die((n + 1) * sizeof *v);

	for (size_t i = 0; i < n; i++)
		v[i] = &x->dirs.v[i];
	qsort(v, n, sizeof *v, by_path);
	for (; n > 0; n = begin) {
		int r;

		for (begin = n - 1; begin > 0 && strcmp(v[begin - 1]->path, v[n - 1]->path) == 0; begin--)
			;
		r = dir_finish_all(x, v + begin, n - begin);
		if (r == -EOVERFLOW)
			return layer_entry_failed(&(struct layer_entry){ .path = v[n - 1]->path, .uid = v[n - 1]->uid, .gid = v[n - 1]->gid }, r, e);
		if (r < 0)
			return err_sys(e, r, "attributes of directory '%.200s'", v[begin]->path);
	}
	return 0;
}

int extract_count(struct extract *x)
{
	struct survey found;
	int r = survey_tree(x->rootfd, true, &found);

	if (r < 0)
		return r;
	x->result.entries = found.entries;
	x->result.bytes = found.bytes;
	x->result.sum = found.sum;
	return 0;
}
