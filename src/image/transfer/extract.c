/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "image/transfer/extract_state.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/path_safe.h"

/* Removes whatever has the entry's name. The cached descriptors may have pointed below it. */
static int way_clear(struct extract *x)
{
	struct stat st;

	if (fstatat(x->parent_fd, x->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	x->replaced = true;
	if (S_ISDIR(st.st_mode))
		return dir_remove_tree(x->parent_fd, x->name);
	return unlinkat(x->parent_fd, x->name, 0) < 0 ? -errno : 0;
}

/* ---- kinds of entries: each returns -errno, -EEXIST meaning "clear the way and call me again" ---- */

static int file_make(struct extract *x)
{
	int fd = openat(x->parent_fd, x->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, x->entry->mode & 0777);

	if (fd < 0)
		return -errno;
	x->fd = fd;
	x->written_to = 0;
	checksum_init(&x->content);
	x->result.bytes += x->entry->size;
	return 0;
}

static int node_make(struct extract *x)
{
	mode_t mode = x->entry->mode;

	return mknodat(x->parent_fd, x->name, mode & (S_IFMT | 0777), x->entry->dev) < 0 ? -errno : 0;
}

static int symlink_make(struct extract *x)
{
	const char *target = x->entry->symlink;

	if (!target || !*target)
		return -EINVAL;
	return symlinkat(target, x->parent_fd, x->name) < 0 ? -errno : 0;
}

static int hardlink_make(struct extract *x)
{
	char target[LIMIT_PATH], path[LIMIT_PATH], name[NAME_MAX + 1];
	scoped_fd int fd = -EBADF;
	int r;

	r = layer_name_clean(x->entry->hardlink, target);
	if (r == 0)
		r = layer_name_clean(x->entry->path, path);
	if (r < 0)
		return r;
	if (strcmp(target, path) == 0)
		return 1;
	fd = path_parent(x->rootfd, target, 0, PATH_IN_ROOT_NO_XDEV, name, sizeof name);
	if (fd < 0)
		return fd;
	return linkat(fd, name, x->parent_fd, x->name, 0) < 0 ? -errno : 0;
}

/* A directory in the way of a directory is kept: it changes only its attributes. */
static int dir_make(struct extract *x)
{
	struct stat st;

	if (mkdirat(x->parent_fd, x->name, (x->entry->mode & 0777) | 0700) == 0)
		return 0;
	if (errno != EEXIST || fstatat(x->parent_fd, x->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return 1;
	if (extract_is_whiteout(&st))
		extract_opaque_add(x, x->path);
	return -EEXIST;
}

static int (*kind_of(const struct layer_entry *entry))(struct extract *)
{
	if (entry->hardlink)
		return hardlink_make;
	switch (entry->mode & S_IFMT) {
	case S_IFREG:
		return file_make;
	case S_IFDIR:
		return dir_make;
	case S_IFLNK:
		return symlink_make;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
		return node_make;
	default:
		return NULL;
	}
}

/* ---- whiteouts ---- */

static void whiteout_sum(struct extract *x, size_t n_parent, const char *hidden)
{
	tree_sum_inode(&x->result.sum, &(struct tree_sum_inode){ .mode = S_IFCHR, .uid = geteuid(), .gid = getegid() });
	memmove(x->path + n_parent, hidden, strlen(hidden) + 1);
	tree_sum_name(&x->result.sum, x->path);
}

/* Handles ".wh." names. Returns 1 if it was one, 0 if not. */
static int whiteout_make(struct extract *x)
{
	const char *hidden = str_after(x->name, LAYER_WHITEOUT);
	struct stat st;
	size_t n_parent;

	if (!hidden)
		return 0;
	n_parent = (size_t)(x->name - x->path);
	if (strcmp(x->name, LAYER_WHITEOUT_OPAQUE) == 0) {
		x->path[n_parent ? n_parent - 1 : 0] = 0;
		extract_opaque_add(x, x->path);
		return 1;
	}
	if (str_after(x->name, LAYER_WHITEOUT_META))
		return 1; /* bookkeeping of aufs */
	if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return -EINVAL;
	if (mknodat(x->parent_fd, hidden, S_IFCHR, makedev(0, 0)) == 0) {
		x->result.entries++;
		whiteout_sum(x, n_parent, hidden);
		return 1;
	}
	if (errno != EEXIST)
		return -errno;
	/* It hides what lower layers have, never what this layer has made. */
	if (fstatat(x->parent_fd, hidden, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		memmove(x->path + n_parent, hidden, strlen(hidden) + 1);
		extract_opaque_add(x, x->path);
	}
	return 1;
}

/* ---- the interface ---- */

struct extract *extract_new(int rootfd)
{
	struct extract *x = alloc_or_die(sizeof *x);

	*x = (struct extract){ .rootfd = rootfd, .fd = -EBADF, .root = geteuid() == 0 };
	extract_dir_implied(x, "");
	return x;
}

void extract_free(struct extract *x)
{
	if (!x)
		return;
	extract_levels_cut(x, 0);
	fd_close(x->fd);
	arena_done(&x->arena);
	free(x);
}

static int entry_make(struct extract *x)
{
	int (*make)(struct extract *) = kind_of(x->entry);
	bool replaced;
	int r;

	if (!make)
		return 0; /* sockets and the like mean nothing in a layer */
	r = make(x);
	replaced = r == -EEXIST;
	if (replaced) {
		r = way_clear(x);
		/* A directory that went away may be on the cached path. */
		extract_levels_cut(x, 0);
		if (r == 0)
			r = extract_parent_enter(x);
		if (r == 0)
			r = make(x);
	}
	if (r == -EPERM && x->root && make == node_make)
		return 0; /* a device, in a user namespace */
	if (r == 0 && !replaced) {
		x->result.entries++;
		tree_sum_name(&x->result.sum, x->path);
	}
	if (r < 0)
		return r;
	if (make == dir_make)
		extract_dir_later(x, r > 0);
	else if (make == symlink_make || make == node_make)
		return extract_attributes_node(x);
	return 0;
}

int extract_begin(struct extract *x, const struct layer_entry *entry, struct err *e)
{
	char *slash;
	int r;

	x->entry = entry;
	x->fd = fd_close(x->fd);
	r = layer_entry_check(x->result.entries, &x->arena, e);
	if (r < 0)
		return r;
	r = layer_name_clean(entry->path, x->path);
	if (r < 0)
		return layer_entry_failed(x->entry, r, e);
	if (!*x->path) {
		if (!S_ISDIR(entry->mode) || entry->hardlink)
			return layer_entry_failed(x->entry, -EINVAL, e);
		extract_dir_later(x, true);
		return 0;
	}
	slash = strrchr(x->path, '/');
	x->name = slash ? slash + 1 : x->path;
	r = extract_parent_enter(x);
	if (r == 0)
		r = whiteout_make(x);
	if (r == 0)
		r = entry_make(x);
	return r < 0 ? layer_entry_failed(x->entry, r, e) : 0;
}

int extract_data(struct extract *x, const void *p, size_t n, uint64_t offset, struct err *e)
{
	int r;

	if (x->fd < 0 || n == 0)
		return 0; /* the data of a whiteout or a hard link is nobody's */
	if (offset < x->written_to)
		return err_set(e, ERR_INVALID, "'%.200s': sparse map is not in order", x->entry->path);
	if (offset > x->written_to && lseek(x->fd, (off_t)offset, SEEK_SET) < 0)
		return err_sys(e, -errno, "'%.200s'", x->entry->path);
	checksum_add_zeros(&x->content, offset - x->written_to);
	checksum_add(&x->content, p, n);
	r = fd_write_all(x->fd, p, n);
	if (r < 0)
		return err_sys(e, r, "write '%.200s'", x->entry->path);
	x->written_to = offset + n;
	return 0;
}

int extract_end(struct extract *x, struct err *e)
{
	int r;

	if (x->fd < 0)
		return 0;
	r = extract_attributes_file(x);
	x->fd = fd_close(x->fd);
	if (r == -EOVERFLOW)
		return layer_entry_failed(x->entry, r, e);
	return r < 0 ? err_sys(e, r, "attributes of '%.200s'", x->entry->path) : 0;
}

int extract_finish(struct extract *x, struct unpacked *ret, struct err *e)
{
	int r;

	extract_levels_cut(x, 0);
	r = extract_dirs_finish(x, e);
	if (r < 0)
		return r;
	if (x->replaced) {
		r = extract_count(x);
		if (r < 0)
			return err_sys(e, r, "count the files of a layer");
	}
	*ret = x->result;
	return 0;
}
