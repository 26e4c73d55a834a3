/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checksum.h"
#include "base/limits.h"
#include "base/vec.h"
#include "os/survey.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/path_safe.h"

enum { WRITE_BEHIND = 1024 * 1024, LINKS_MAX = 40 };

/* A directory whose attributes are set at the end. */
struct late_dir {
	const char *path;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	struct extract_xattr *xattrs;
	size_t n_xattrs;
	bool chmod;
	bool made;                  /* there was none before: what was said of an earlier one of this name is void */
	bool implied;               /* made on the way to something: nothing to set */
};

/* One open component of the path to the last parent. */
struct level {
	int fd;
	size_t end; /* length of the path up to here */
};

struct extract {
	struct arena arena;
	int rootfd;
	bool root;                        /* we may give files away */
	struct level levels[LIMIT_LAYER_DEPTH];
	size_t n_levels;
	char parent[LIMIT_PATH];          /* the path the levels stand for */
	struct VEC(struct late_dir) dirs;
	struct extract_result result;
	bool replaced;                    /* later entries replaced earlier ones: the result must be counted */
	struct checksum content;          /* of the file being written */
	/* the entry at work */
	char path[LIMIT_PATH];            /* cleaned; without links once its parent is entered */
	const char *name;                 /* its last component, in path */
	int parent_fd;                    /* borrowed from the levels or the root */
	const struct extract_entry *entry;
	int fd;                           /* a regular file being written */
	uint64_t written_to;              /* end of the last piece */
};

/* ---- names ---- */

int extract_clean(const char *path, char *ret)
{
	size_t n = 0;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0)
			return -EINVAL;
		if (len > NAME_MAX || n + len + 2 > LIMIT_PATH)
			return -ENAMETOOLONG;
		if (len > 0 && !(len == 1 && *path == '.')) {
			if (n > 0)
				ret[n++] = '/';
			memcpy(ret + n, path, len);
			n += len;
		}
		path += len;
		path += *path == '/';
	}
	ret[n] = 0;
	return 0;
}

/* ---- directories on the way ---- */

static void levels_cut(struct extract *x, size_t keep)
{
	while (x->n_levels > keep)
		fd_close(x->levels[--x->n_levels].fd);
	x->parent[keep ? x->levels[keep - 1].end : 0] = 0;
}

static bool stat_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static void opaque_add(struct extract *x, const char *path)
{
	struct strs *list = &x->result.opaque;

	if (list->n == 0 || strcmp(list->v[list->n - 1], path) != 0)
		strs_push(&x->arena, list, arena_strdup(&x->arena, path));
}

static void dir_implied(struct extract *x, const char *path)
{
	*vec_push(&x->arena, &x->dirs) = (struct late_dir){ .path = arena_strdup(&x->arena, path), .mode = 0755, .uid = geteuid(), .gid = getegid(),
		.made = true, .implied = true };
}

/* Opens the directory @name in @fd, whose path is @path; makes it if missing. Errors: -ELOOP if it is a link. */
static int dir_enter(struct extract *x, int fd, const char *name, const char *path)
{
	struct stat st;
	int r;

	for (int turn = 0; turn < 3; turn++) {
		r = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (r >= 0)
			return r;
		if (errno == ENOENT) {
			if (mkdirat(fd, name, 0755) < 0 && errno != EEXIST)
				return -errno;
			x->result.entries++;
			tree_sum_name(&x->result.sum, path);
			dir_implied(x, path);
			continue;
		}
		if (errno != ENOTDIR && errno != ELOOP)
			return -errno;
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		if (!stat_is_whiteout(&st))
			return S_ISLNK(st.st_mode) ? -ELOOP : -ENOTDIR;
		/* "x" was deleted and made again as a directory: nothing of the old one shows through. */
		if (unlinkat(fd, name, 0) < 0)
			return -errno;
		x->result.entries--;
		x->replaced = true;
		opaque_add(x, path);
	}
	return -EAGAIN;
}

/* Puts @text into the place of x->path[from .. to). */
static int path_splice(struct extract *x, size_t from, size_t to, const char *text, size_t n)
{
	size_t rest = strlen(x->path + to) + 1, name = strlen(x->name);

	if (from + n + rest > LIMIT_PATH)
		return -ENAMETOOLONG;
	memmove(x->path + from + n, x->path + to, rest);
	memcpy(x->path + from, text, n);
	x->name = x->path + strlen(x->path) - name;
	return 0;
}

/* The component x->path[at .. end), in x->parent_fd, is a link: the path goes on as it says, never above the root of the tree. */
static int link_splice(struct extract *x, const char *name, size_t at, size_t end)
{
	char target[LIMIT_PATH];
	ssize_t n = readlinkat(x->parent_fd, name, target, sizeof target);

	if (n < 0 || n == sizeof target)
		return n < 0 ? -errno : -ENAMETOOLONG;
	if (*target == '/') {
		levels_cut(x, 0);
		at = 0;
	}
	return path_splice(x, at, end, target, (size_t)n);
}

/* Goes down one component, which ends at @end of x->path. */
static int level_push(struct extract *x, const char *name, size_t end)
{
	int fd;

	if (x->n_levels == LIMIT_LAYER_DEPTH)
		return -ENAMETOOLONG;
	memcpy(x->parent, x->path, end);
	x->parent[end] = 0;
	fd = dir_enter(x, x->parent_fd, name, x->parent);
	if (fd < 0)
		return fd;
	x->levels[x->n_levels++] = (struct level){ .fd = fd, .end = end };
	return 0;
}

static size_t level_begin(const struct extract *x, size_t level)
{
	return level > 0 ? x->levels[level - 1].end + 1 : 0;
}

/* How many of the open directories are on the way of the path. */
static size_t levels_shared(const struct extract *x, size_t n)
{
	size_t keep = 0;

	while (keep < x->n_levels) {
		size_t end = x->levels[keep].end;

		if (end > n || (end < n && x->path[end] != '/') || memcmp(x->parent, x->path, end) != 0)
			break;
		keep++;
	}
	return keep;
}

/*
 * Makes x->parent_fd the directory that the entry is in. Links on the way are replaced in x->path by what they say, so that in the end it is the entry's
 * real name; "..", which only links bring, goes back to where we came from, and not above the root.
 */
static int parent_enter(struct extract *x)
{
	int links = 0, r = 0;

	levels_cut(x, levels_shared(x, x->name > x->path ? (size_t)(x->name - x->path) - 1 : 0));
	while (r == 0) {
		size_t at = level_begin(x, x->n_levels), len = strcspn(x->path + at, "/"), end = at + len;
		char name[NAME_MAX + 1];

		x->parent_fd = x->n_levels > 0 ? x->levels[x->n_levels - 1].fd : x->rootfd;
		if (x->path + at == x->name)
			return 0;
		if (len > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, x->path + at, len);
		name[len] = 0;
		if (len == 0 || strcmp(name, ".") == 0) {
			r = path_splice(x, at, end + 1, "", 0);
		} else if (strcmp(name, "..") == 0) {
			levels_cut(x, x->n_levels > 0 ? x->n_levels - 1 : 0);
			r = path_splice(x, level_begin(x, x->n_levels), end + 1, "", 0);
		} else {
			r = level_push(x, name, end);
			if (r == -ELOOP && links++ < LINKS_MAX)
				r = link_splice(x, name, at, end);
		}
	}
	return r;
}

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

	r = extract_clean(x->entry->hardlink, target);
	if (r == 0)
		r = extract_clean(x->entry->path, path);
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
	if (stat_is_whiteout(&st))
		opaque_add(x, x->path);
	return -EEXIST;
}

static int (*kind_of(const struct extract_entry *entry))(struct extract *)
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

/* ---- attributes ---- */

static int xattrs_set(struct extract *x, int fd, const struct extract_xattr *list, size_t n)
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
	const struct extract_entry *entry = x->entry;
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

static int owner_failed(const char *path, uid_t uid, gid_t gid, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "'%.200s' belongs to %u:%u, for whom this user has no id: /etc/subuid and /etc/subgid give too few", path, uid, gid);
}

/* Not for regular files and directories: owner and times of the link or node itself, by name in a parent that nobody else changes. */
static int attributes_set_at(struct extract *x)
{
	const struct extract_entry *entry = x->entry;
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, entry->mtime };

	if (x->root && (entry->uid || entry->gid) && fchownat(x->parent_fd, x->name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return owner_error(errno);
	/* mknod takes no more than the permission bits. */
	if (!S_ISLNK(entry->mode) && (entry->mode & 07000) && fchmodat(x->parent_fd, x->name, entry->mode & 07777, 0) < 0)
		return -errno;
	inode_sum(x, 0);
	return utimensat(x->parent_fd, x->name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int attributes_set_file(struct extract *x)
{
	const struct extract_entry *entry = x->entry;
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

/* Remembers a directory. @existed: its mode is not the one we would have made it with. */
static void dir_later(struct extract *x, bool existed)
{
	const struct extract_entry *entry = x->entry;
	struct late_dir *d = vec_push(&x->arena, &x->dirs);

	*d = (struct late_dir){ .path = arena_strdup(&x->arena, x->path), .mode = entry->mode & 07777, .uid = entry->uid, .gid = entry->gid,
		.mtime = entry->mtime, .made = !existed, .chmod = existed || (entry->mode & 07000) || (entry->mode & 0700) != 0700 };
	d->xattrs = arena_array(&x->arena, struct extract_xattr, entry->n_xattrs);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct extract_xattr *from = &entry->xattrs[i];

		if (tree_has_xattr(from->name))
			d->xattrs[d->n_xattrs++] = (struct extract_xattr){ arena_strdup(&x->arena, from->name),
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
	if (x->root && (d->uid || d->gid) && fchown(fd, d->uid, d->gid) < 0)
		return owner_error(errno);
	if (d->chmod && fchmod(fd, d->mode) < 0)
		return -errno;
	r = xattrs_set(x, fd, d->xattrs, d->n_xattrs);
	if (r < 0)
		return r;
	return futimens(fd, times) < 0 ? -errno : 0;
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
	const char *hidden = str_after(x->name, EXTRACT_WHITEOUT);
	struct stat st;
	size_t n_parent;

	if (!hidden)
		return 0;
	n_parent = (size_t)(x->name - x->path);
	if (strcmp(x->name, EXTRACT_WHITEOUT_OPAQUE) == 0) {
		x->path[n_parent ? n_parent - 1 : 0] = 0;
		opaque_add(x, x->path);
		return 1;
	}
	if (str_after(x->name, EXTRACT_WHITEOUT_META))
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
		opaque_add(x, x->path);
	}
	return 1;
}

/* ---- the interface ---- */

struct extract *extract_new(int rootfd)
{
	struct extract *x = alloc_or_die(sizeof *x);

	*x = (struct extract){ .rootfd = rootfd, .fd = -EBADF, .root = geteuid() == 0 };
	dir_implied(x, "");
	return x;
}

void extract_free(struct extract *x)
{
	if (!x)
		return;
	levels_cut(x, 0);
	fd_close(x->fd);
	arena_done(&x->arena);
	free(x);
}

int extract_check(uint64_t entries, const struct arena *remembered, struct err *e)
{
	if (entries > LIMIT_LAYER_ENTRIES)
		return err_set(e, ERR_EXHAUSTED, "layer has more than %d entries", LIMIT_LAYER_ENTRIES);
	if (arena_held(remembered) > LIMIT_LAYER_MEMORY)
		return err_set(e, ERR_EXHAUSTED, "names and attributes of the layer are more than fit into %llu bytes", (unsigned long long)LIMIT_LAYER_MEMORY);
	return 0;
}

int extract_failed(const struct extract_entry *entry, int r, struct err *e)
{
	if (r == -EINVAL)
		return err_set(e, ERR_INVALID, "'%.200s' is not a name an entry may have", entry->path);
	if (r == -EOVERFLOW)
		return owner_failed(entry->path, entry->uid, entry->gid, e);
	if (entry->hardlink && r == -ENOENT)
		return err_set(e, ERR_UNSUPPORTED, "'%.200s': unsupported: hard link to '%.200s', which is not in this layer", entry->path,
			entry->hardlink);
	return err_sys(e, r, "'%.200s'", entry->path);
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
		levels_cut(x, 0);
		if (r == 0)
			r = parent_enter(x);
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
		dir_later(x, r > 0);
	else if (make == symlink_make || make == node_make)
		return attributes_set_at(x);
	return 0;
}

int extract_begin(struct extract *x, const struct extract_entry *entry, struct err *e)
{
	char *slash;
	int r;

	x->entry = entry;
	x->fd = fd_close(x->fd);
	r = extract_check(x->result.entries, &x->arena, e);
	if (r < 0)
		return r;
	r = extract_clean(entry->path, x->path);
	if (r < 0)
		return extract_failed(x->entry, r, e);
	if (!*x->path) {
		if (!S_ISDIR(entry->mode) || entry->hardlink)
			return extract_failed(x->entry, -EINVAL, e);
		dir_later(x, true);
		return 0;
	}
	slash = strrchr(x->path, '/');
	x->name = slash ? slash + 1 : x->path;
	r = parent_enter(x);
	if (r == 0)
		r = whiteout_make(x);
	if (r == 0)
		r = entry_make(x);
	return r < 0 ? extract_failed(x->entry, r, e) : 0;
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
	r = attributes_set_file(x);
	x->fd = fd_close(x->fd);
	if (r == -EOVERFLOW)
		return owner_failed(x->entry->path, x->entry->uid, x->entry->gid, e);
	return r < 0 ? err_sys(e, r, "attributes of '%.200s'", x->entry->path) : 0;
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
static int dirs_finish(struct extract *x, struct err *e)
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
			return owner_failed(v[n - 1]->path, v[n - 1]->uid, v[n - 1]->gid, e);
		if (r < 0)
			return err_sys(e, r, "attributes of directory '%.200s'", v[begin]->path);
	}
	return 0;
}

/* What was made is not what was counted on the way. */
static int result_count(struct extract *x)
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

int extract_finish(struct extract *x, struct extract_result *ret, struct err *e)
{
	int r;

	levels_cut(x, 0);
	r = dirs_finish(x, e);
	if (r < 0)
		return r;
	if (x->replaced) {
		r = result_count(x);
		if (r < 0)
			return err_sys(e, r, "count the files of a layer");
	}
	*ret = x->result;
	return 0;
}
