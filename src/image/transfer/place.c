/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/path_safe.h"

enum { IMPLIED_MODE = 0755, NEW_MODE = 0600, NEW_DIR_MODE = 0700, SET_IDS = 06000 };

/* A directory whose attributes are set at the end. */
struct late {
	const char *path;            /* below the destination */
	struct layer_entry entry;    /* mode, owner, times, attributes */
};

struct place {
	struct place_job job;
	bool root;                   /* we may give files away */
	struct arena arena;
	struct VEC(struct late) dirs;
	uint64_t entries, bytes;
	/* the entry at work */
	const struct layer_entry *entry;
	char path[LIMIT_PATH];       /* cleaned */
	const char *name;            /* its last component, in path */
	char parent_path[LIMIT_PATH];
	int parent;                  /* the directory it is in; kept for the next entry */
	int fd;                      /* a regular file being written */
	uint64_t written_to;
};

struct place *place_new(const struct place_job *job)
{
	struct place *p = alloc_or_die(sizeof *p);

	*p = (struct place){ .job = *job, .root = geteuid() == 0, .parent = -EBADF, .fd = -EBADF };
	return p;
}

void place_free(struct place *p)
{
	if (!p)
		return;
	fd_close(p->parent);
	fd_close(p->fd);
	arena_done(&p->arena);
	free(p);
}

/* ---- where ---------------------------------------------------------------------------------------------------------------------------------------- */

/* The path of @path, which is below the destination, from the root. */
static const char *from_root(struct place *p, const char *path, struct arena *a)
{
	return arena_printf(a, "%s/%s", p->job.base, path);
}

static int parent_enter(struct place *p)
{
	scoped_arena struct arena a = { 0 };
	size_t n = p->name > p->path ? (size_t)(p->name - p->path) - 1 : 0;
	int fd;

	if (p->parent >= 0 && strlen(p->parent_path) == n && memcmp(p->parent_path, p->path, n) == 0)
		return 0;
	memcpy(p->parent_path, p->path, n);
	p->parent_path[n] = 0;
	p->parent = fd_close(p->parent);
	fd = path_mkdir(p->job.root, from_root(p, p->parent_path, &a), IMPLIED_MODE, PATH_IN_ROOT);
	if (fd < 0)
		return fd;
	p->parent = fd;
	return 0;
}

/* ---- what is in the way --------------------------------------------------------------------------------------------------------------------------- */

/* 1: it stays, being a directory like the entry; 2: it stays, being mounted, and is written through. */
static int way_clear(struct place *p, struct err *e)
{
	bool is_dir = S_ISDIR(p->entry->mode) && !p->entry->hardlink;
	struct stat st;
	int r;

	if (fstatat(p->parent, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, -errno, "look at '%.200s'", p->path);
	if (S_ISDIR(st.st_mode) && is_dir)
		return 1;
	if (S_ISDIR(st.st_mode) != is_dir && !p->job.overwrite)
		return err_set(e, ERR_CONFLICT, is_dir ? "cannot overwrite '%.200s', which is no directory, with a directory" :
			"cannot overwrite directory '%.200s' with something that is none", p->path);
	r = S_ISDIR(st.st_mode) ? dir_remove_tree(p->parent, p->name) : unlinkat(p->parent, p->name, 0) < 0 ? -errno : 0;
	if (r == -EBUSY && S_ISREG(st.st_mode) && S_ISREG(p->entry->mode))
		return 2;
	return r < 0 && r != -ENOENT ? err_sys(e, r, "replace '%.200s'", p->path) : 0;
}

/* ---- attributes ----------------------------------------------------------------------------------------------------------------------------------- */

static uid_t owner_of(const struct place *p, const struct layer_entry *entry, gid_t *ret_gid)
{
	*ret_gid = p->job.owner == PLACE_GIVE ? p->job.gid : entry->gid;
	return p->job.owner == PLACE_GIVE ? p->job.uid : entry->uid;
}

/* EINVAL is a number that our user namespace has no id for. */
static int chown_failed(int errnum)
{
	return errnum == EINVAL ? -EOVERFLOW : -errnum;
}

static int xattrs_set(const struct place *p, int fd, const struct layer_entry *entry)
{
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct layer_xattr *x = &entry->xattrs[i];

		if (!tree_has_xattr(x->name) || (p->job.owner == PLACE_OWN && !str_after(x->name, "user.")))
			continue;
		if (fsetxattr(fd, x->name, x->value, x->size, 0) < 0 && errno != ENOTSUP && errno != EPERM)
			return -errno;
	}
	return 0;
}

/* Owner before mode, because chown takes set-id bits away; capabilities after both. */
static int attributes_set(const struct place *p, int fd, const struct layer_entry *entry)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, entry->mtime };
	mode_t mode = entry->mode & 07777;
	gid_t gid;
	uid_t uid = owner_of(p, entry, &gid);
	int r;

	if (p->root && p->job.owner != PLACE_OWN && fchown(fd, uid, gid) < 0)
		return chown_failed(errno);
	if (fchmod(fd, p->job.owner == PLACE_OWN ? mode & ~(mode_t)SET_IDS : mode) < 0)
		return -errno;
	r = xattrs_set(p, fd, entry);
	if (r < 0)
		return r;
	return futimens(fd, times) < 0 ? -errno : 0;
}

/* Of a link or node, by name, without following. */
static int attributes_set_node(const struct place *p)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, p->entry->mtime };
	gid_t gid;
	uid_t uid = owner_of(p, p->entry, &gid);

	if (p->root && p->job.owner != PLACE_OWN && fchownat(p->parent, p->name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return chown_failed(errno);
	return utimensat(p->parent, p->name, times, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT ? -errno : 0;
}

/* ---- kinds of entries ----------------------------------------------------------------------------------------------------------------------------- */

static int file_make(struct place *p, bool through)
{
	p->fd = openat(p->parent, p->name, through ? O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC : O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		NEW_MODE);
	p->written_to = 0;
	p->bytes += p->entry->size;
	return p->fd < 0 ? -errno : 0;
}

static int dir_make(struct place *p)
{
	struct late *d;

	if (mkdirat(p->parent, p->name, NEW_DIR_MODE) < 0 && errno != EEXIST)
		return -errno;
	d = vec_push(&p->arena, &p->dirs);
	*d = (struct late){ arena_strdup(&p->arena, p->path), *p->entry };
	d->entry.xattrs = NULL;
	d->entry.n_xattrs = 0;
	if (p->entry->n_xattrs > 0) {
		struct layer_xattr *list = arena_array(&p->arena, struct layer_xattr, p->entry->n_xattrs);

		for (size_t i = 0; i < p->entry->n_xattrs; i++)
			list[i] = (struct layer_xattr){ arena_strdup(&p->arena, p->entry->xattrs[i].name),
				arena_memdup(&p->arena, p->entry->xattrs[i].value, p->entry->xattrs[i].size), p->entry->xattrs[i].size };
		d->entry.xattrs = list;
		d->entry.n_xattrs = p->entry->n_xattrs;
	}
	return 0;
}

static int symlink_make(struct place *p)
{
	if (!p->entry->symlink || !*p->entry->symlink)
		return -EINVAL;
	return symlinkat(p->entry->symlink, p->parent, p->name) < 0 ? -errno : attributes_set_node(p);
}

static int node_make(struct place *p)
{
	mode_t mode = p->entry->mode;

	/* umask is 0, and set-id bits mean nothing on these: no chmod, which would follow. */
	if (mknodat(p->parent, p->name, mode & (S_IFMT | 0777), p->entry->dev) < 0)
		return errno == EPERM && p->root ? 0 : -errno;       /* a device, in a user namespace */
	return attributes_set_node(p);
}

/* To what this archive has brought, or what was there. */
static int hardlink_make(struct place *p)
{
	scoped_arena struct arena a = { 0 };
	char target[LIMIT_PATH], name[NAME_MAX + 1];
	scoped_fd int fd = -EBADF;
	int r = layer_name_clean(p->entry->hardlink, target);

	if (r < 0)
		return r;
	fd = path_parent(p->job.root, from_root(p, target, &a), 0, PATH_IN_ROOT, name, sizeof name);
	if (fd < 0)
		return fd;
	return linkat(fd, name, p->parent, p->name, 0) < 0 ? -errno : 0;
}

static int entry_make(struct place *p, int way)
{
	if (p->entry->hardlink)
		return hardlink_make(p);
	switch (p->entry->mode & S_IFMT) {
	case S_IFREG:
		return file_make(p, way == 2);
	case S_IFDIR:
		return dir_make(p);
	case S_IFLNK:
		return symlink_make(p);
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
		return node_make(p);
	default:
		return 0;
	}
}

/* ---- the form ------------------------------------------------------------------------------------------------------------------------------------- */

static int device_check(const struct place *p, struct err *e)
{
	if (p->job.owner != PLACE_OWN || p->entry->hardlink || !(S_ISCHR(p->entry->mode) || S_ISBLK(p->entry->mode)))
		return 0;
	return err_set(e, ERR_DENIED, "'%.200s' is a device: it comes out of a container with --archive only", p->path);
}

static int place_begin(void *self, const struct layer_entry *entry, struct err *e)
{
	struct place *p = self;
	char *slash;
	int r;

	p->entry = entry;
	p->fd = fd_close(p->fd);
	r = layer_entry_check(p->entries++, &p->arena, e);
	if (r < 0)
		return r;
	r = layer_name_clean(entry->path, p->path);
	if (r < 0)
		return layer_entry_failed(entry, r, e);
	if (!*p->path)
		return 0;       /* the destination keeps its attributes */
	slash = strrchr(p->path, '/');
	p->name = slash ? slash + 1 : p->path;
	r = device_check(p, e);
	if (r < 0)
		return r;
	r = parent_enter(p);
	if (r < 0)
		return err_sys(e, r, "make the directory of '%.200s'", p->path);
	r = way_clear(p, e);
	if (r < 0)
		return r;
	r = entry_make(p, r);
	return r < 0 ? layer_entry_failed(entry, r, e) : 0;
}

static int place_data(void *self, const void *bytes, size_t n, uint64_t offset, struct err *e)
{
	struct place *p = self;
	int r;

	if (p->fd < 0 || n == 0)
		return 0;
	if (offset < p->written_to)
		return err_set(e, ERR_INVALID, "'%.200s': sparse map is not in order", p->path);
	if (offset > p->written_to && lseek(p->fd, (off_t)offset, SEEK_SET) < 0)
		return err_sys(e, -errno, "'%.200s'", p->path);
	r = fd_write_all(p->fd, bytes, n);
	if (r < 0)
		return err_sys(e, r, "write '%.200s'", p->path);
	p->written_to = offset + n;
	return 0;
}

static int place_end(void *self, struct err *e)
{
	struct place *p = self;
	int r = 0;

	if (p->fd < 0)
		return 0;
	if (p->written_to < p->entry->size && ftruncate(p->fd, (off_t)p->entry->size) < 0)
		r = -errno;
	if (r == 0)
		r = attributes_set(p, p->fd, p->entry);
	p->fd = fd_close(p->fd);
	return r < 0 ? layer_entry_failed(p->entry, r, e) : 0;
}

/* From the last to the first: children before their parents, whose times then stay. One that somebody took away meanwhile is nobody's. */
static int place_finish(void *self, struct unpacked *ret, struct err *e)
{
	struct place *p = self;

	for (size_t i = p->dirs.n; i-- > 0;) {
		scoped_arena struct arena a = { 0 };
		struct late *d = &p->dirs.v[i];
		scoped_fd int fd = path_open(p->job.root, from_root(p, d->path, &a), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, PATH_IN_ROOT);
		int r = fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? 0 : fd;

		d->entry.path = d->path;
		if (fd >= 0)
			r = attributes_set(p, fd, &d->entry);
		if (r < 0)
			return layer_entry_failed(&d->entry, r, e);
	}
	*ret = (struct unpacked){ .entries = p->entries, .bytes = p->bytes };
	return 0;
}

const struct unpack_form place_form = { .name = "place", .begin = place_begin, .data = place_data, .end = place_end, .finish = place_finish };
