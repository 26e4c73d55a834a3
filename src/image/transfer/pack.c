/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/file.h"

enum { PIECE = 256 * 1024, XATTR_NAMES = 64 * 1024, XATTR_VALUE = 64 * 1024 };

/* A file with several names: the first one written is what the others link to. */
struct link_seen {
	dev_t dev;
	ino_t ino;
	const char *path;
};

struct pack {
	const struct pack_job *job;
	struct tarball *tar;
	struct arena arena;         /* links */
	struct link_seen *links;    /* hash table, n_links of size_links in use */
	size_t n_links, size_links;
	dev_t dev;                  /* of the directories we stay on */
	char *piece;
	char *xattr_names, *xattr_value;
	unsigned depth;
	struct pack_result result;
};

static void pack_done(struct pack *p)
{
	tarball_free(p->tar);
	arena_done(&p->arena);
	free(p->links);
	free(p->piece);
	free(p->xattr_names);
	free(p->xattr_value);
}

/* ---- marks ---- */

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static bool marks_have(const struct strs *list, const char *path)
{
	return list->n > 0 && bsearch(&path, list->v, list->n, sizeof *list->v, by_text) != NULL;
}

int pack_marks_parse(struct str text, struct arena *a, struct pack_marks *ret, struct err *e)
{
	struct pack_marks marks = { 0 };
	struct strs *const lists[] = { ['o'] = &marks.opaque, ['s'] = &marks.skipped, ['d'] = &marks.deleted };

	while (text.n > 0) {
		const char *end = memchr(text.p, 0, text.n);
		size_t n = end ? (size_t)(end - text.p) : 0;

		struct strs *list = n > 0 && (unsigned char)*text.p < ARRAY_LEN(lists) ? lists[(unsigned char)*text.p] : NULL;

		if (!list || n < 2)
			return err_set(e, ERR_INVALID, "list of marks is damaged");
		strs_push(a, list, arena_strndup(a, text.p + 1, n - 1));
		text = (struct str){ end + 1, text.n - n - 1 };
	}
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (lists[i] && lists[i]->n > 0)
			qsort(lists[i]->v, lists[i]->n, sizeof *lists[i]->v, by_text);
	*ret = marks;
	return 0;
}

/* ---- hard links ---- */

static size_t link_slot(const struct link_seen *table, size_t size, dev_t dev, ino_t ino)
{
	size_t at = (size_t)((ino * UINT64_C(0x9e3779b97f4a7c15)) ^ dev) & (size - 1);

	while (table[at].path && (table[at].dev != dev || table[at].ino != ino))
		at = (at + 1) & (size - 1);
	return at;
}

static void links_grow(struct pack *p)
{
	size_t size = p->size_links ? p->size_links * 2 : 256;
	struct link_seen *table = alloc_or_die(size * sizeof *table);

	memset(table, 0, size * sizeof *table);
	for (size_t i = 0; i < p->size_links; i++)
		if (p->links[i].path)
			table[link_slot(table, size, p->links[i].dev, p->links[i].ino)] = p->links[i];
	free(p->links);
	p->links = table;
	p->size_links = size;
}

/* The name this file was written under before; NULL if this is the first. */
static const char *link_find(struct pack *p, const struct stat *st, const char *path)
{
	struct link_seen *seen;

	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return NULL;
	if (p->n_links * 2 >= p->size_links)
		links_grow(p);
	seen = &p->links[link_slot(p->links, p->size_links, st->st_dev, st->st_ino)];
	if (seen->path)
		return seen->path;
	*seen = (struct link_seen){ st->st_dev, st->st_ino, arena_strdup(&p->arena, path) };
	p->n_links++;
	return NULL;
}

/* ---- one entry ---- */

/* Attributes that cannot be read are an error: a layer must not lose a capability in silence. */
static int xattrs_read(struct pack *p, int fd, struct arena *a, struct layer_entry *entry, struct err *e)
{
	ssize_t n = flistxattr(fd, p->xattr_names, XATTR_NAMES);
	struct VEC(struct layer_xattr) list = { 0 };
	struct strs names = { 0 };

	if (n < 0 && errno != ENOTSUP)
		return err_sys(e, -errno, "attributes of '%.200s'", entry->path);
	for (const char *name = p->xattr_names; n > 0 && name < p->xattr_names + n; name += strlen(name) + 1)
		if (tree_has_xattr(name))
			strs_push(a, &names, arena_strdup(a, name));
	if (names.n > 0)
		qsort(names.v, names.n, sizeof *names.v, by_text);
	for (size_t i = 0; i < names.n; i++) {
		ssize_t size = fgetxattr(fd, names.v[i], p->xattr_value, XATTR_VALUE);

		if (size < 0 && errno == ENODATA)
			continue; /* it went away */
		if (size < 0)
			return err_sys(e, -errno, "attribute '%.100s' of '%.200s'", names.v[i], entry->path);
		*vec_push(a, &list) = (struct layer_xattr){ names.v[i], arena_memdup(a, p->xattr_value, (size_t)size), (size_t)size };
	}
	entry->xattrs = list.v;
	entry->n_xattrs = list.n;
	return 0;
}

static int content_write(struct pack *p, int fd, const struct layer_entry *entry, struct err *e)
{
	uint64_t left = entry->size;
	struct stat st;

	while (left > 0) {
		ssize_t n = fd_read_all(fd, p->piece, left < PIECE ? (size_t)left : PIECE);
		int r;

		if (n < 0)
			return err_sys(e, (int)n, "read '%.200s'", entry->path);
		if (n == 0)
			break; /* it became shorter; the archive is filled up with zeros */
		r = tarball_data(p->tar, p->piece, (size_t)n, e);
		if (r < 0)
			return r;
		left -= (uint64_t)n;
	}
	if (left > 0 || fstat(fd, &st) < 0 || (uint64_t)st.st_size != entry->size || st.st_mtim.tv_sec != entry->mtime.tv_sec ||
		st.st_mtim.tv_nsec != entry->mtime.tv_nsec)
		p->result.changed = true;
	return 0;
}

static int target_read(int fd, const char *path, struct arena *a, struct layer_entry *entry, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof target);

	if (n < 0 || n == sizeof target)
		return err_sys(e, n < 0 ? -errno : -ENAMETOOLONG, "read link '%.200s'", path);
	entry->symlink = arena_strndup(a, target, (size_t)n);
	return 0;
}

/* @fd is the name's O_PATH descriptor, @read_fd the same opened for reading (regular files and directories), @st what it is. */
static int entry_write(struct pack *p, int fd, int read_fd, const char *path, const struct stat *st, struct arena *a, struct err *e)
{
	struct layer_entry entry = { .path = path, .mode = st->st_mode, .uid = st->st_uid, .gid = st->st_gid, .mtime = st->st_mtim,
		.hardlink = link_find(p, st, path), .dev = st->st_rdev, .size = (uint64_t)st->st_size };
	int r = 0;

	if (S_ISLNK(st->st_mode))
		r = target_read(fd, path, a, &entry, e);
	else if (read_fd >= 0 && !entry.hardlink)
		r = xattrs_read(p, read_fd, a, &entry, e);
	if (r == 0)
		r = tarball_entry(p->tar, &entry, e);
	p->result.entries++;
	if (r < 0 || !S_ISREG(st->st_mode) || entry.hardlink)
		return r;
	p->result.bytes += entry.size;
	return content_write(p, read_fd, &entry, e);
}

/* ".wh.NAME" in the place of NAME. */
static int whiteout_write(struct pack *p, const char *path, struct timespec mtime, struct arena *a, struct err *e)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct layer_entry entry = { .mode = S_IFREG | 0600, .mtime = mtime,
		.path = arena_printf(a, "%.*s" LAYER_WHITEOUT "%s", (int)(name - path), path, name) };

	p->result.entries++;
	return tarball_entry(p->tar, &entry, e);
}

/* For each name in the directory that is marked as deleted: those stand together, with all that is below them. */
static int deleted_write(struct pack *p, const char *path, struct err *e)
{
	static const struct strs none;
	const struct strs *list = p->job->layer && p->job->marks ? &p->job->marks->deleted : &none;
	size_t n = strlen(path), at = 0, end = list->n;
	int r = 0;

	while (at < end) {
		size_t middle = at + (end - at) / 2;

		if (strncmp(list->v[middle], path, n) < 0)
			at = middle + 1;
		else
			end = middle;
	}
	for (; r == 0 && at < list->n && strncmp(list->v[at], path, n) == 0; at++) {
		scoped_arena struct arena a = { 0 };
		const char *rest = list->v[at] + n;

		rest += n > 0 && *rest == '/';
		if ((n == 0 || rest > list->v[at] + n) && !strchr(rest, '/'))
			r = whiteout_write(p, list->v[at], (struct timespec){ 0 }, &a, e);
	}
	return r;
}

static bool is_whiteout(const struct pack *p, const struct stat *st)
{
	return p->job->layer && S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* ---- directories ---- */

struct names {
	struct arena *a;
	struct strs list;
};

static int name_add(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct names *n = arg;

	strs_push(n->a, &n->list, arena_strdup(n->a, name));
	return n->list.n > LIMIT_LAYER_ENTRIES ? -E2BIG : 0;
}

static int directory_write(struct pack *p, int fd, const char *path, struct err *e);

/* What was opened without being followed, opened for reading. -EBADF for what is not read. */
static int entry_open(int fd, const struct stat *st)
{
	int r;

	if (S_ISREG(st->st_mode)) {
		r = fd_reopen(fd, O_RDONLY | O_NOATIME);
		return r == -EPERM ? fd_reopen(fd, O_RDONLY) : r;
	}
	if (!S_ISDIR(st->st_mode))
		return -EBADF;
	r = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return r < 0 ? -errno : r;
}

static int name_check(const struct pack *p, const char *name, const char *path, struct err *e)
{
	if (p->result.entries > LIMIT_LAYER_ENTRIES)
		return err_set(e, ERR_EXHAUSTED, "more than %d entries", LIMIT_LAYER_ENTRIES);
	if (p->job->layer && str_after(name, LAYER_WHITEOUT))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: '%.200s': in a layer, names that begin with '" LAYER_WHITEOUT "' mean that something is deleted",
			path);
	return 0;
}

static int name_write(struct pack *p, int dirfd, const char *name, const char *path, struct arena *a, struct err *e)
{
	scoped_fd int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), read_fd = -EBADF;
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0; /* it went away */
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, -errno, "look at '%.200s'", path);
	if (S_ISSOCK(st.st_mode))
		return 0;
	if (is_whiteout(p, &st))
		return whiteout_write(p, path, st.st_mtim, a, e);
	r = name_check(p, name, path, e);
	if (r < 0)
		return r;
	read_fd = entry_open(fd, &st);
	if (read_fd < 0 && read_fd != -EBADF)
		return err_sys(e, read_fd, "open '%.200s'", path);
	r = entry_write(p, fd, read_fd, path, &st, a, e);
	if (r < 0 || !S_ISDIR(st.st_mode) || (st.st_dev != p->dev && !p->job->item))
		return r;
	if (p->job->layer && p->job->marks && marks_have(&p->job->marks->opaque, path)) {
		const struct layer_entry opaque = { .path = arena_printf(a, "%s/" LAYER_WHITEOUT_OPAQUE, path), .mode = S_IFREG | 0600, .mtime = st.st_mtim };

		p->result.entries++;
		r = tarball_entry(p->tar, &opaque, e);
	}
	return r < 0 ? r : directory_write(p, read_fd, path, e);
}

static int directory_write(struct pack *p, int fd, const char *path, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct names names = { .a = &a };
	int r;

	if (++p->depth > LIMIT_LAYER_DEPTH)
		return err_set(e, ERR_EXHAUSTED, "'%.200s' is more than %d directories deep", path, LIMIT_LAYER_DEPTH);
	r = dir_each(fd, name_add, &names);
	if (r < 0)
		return err_sys(e, r, "list '%.200s'", path);
	if (names.list.n > 0)
		qsort(names.list.v, names.list.n, sizeof *names.list.v, by_text);
	r = deleted_write(p, path, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names.list.n; i++) {
		struct arena_mark mark = arena_mark(&a);
		const char *child = arena_printf(&a, "%s%s%s", path, *path ? "/" : "", names.list.v[i]);

		if (!p->job->marks || !marks_have(&p->job->marks->skipped, child))
			r = name_write(p, fd, names.list.v[i], child, &a, e);
		if (r < 0)
			return r;
		arena_reset(&a, mark);
	}
	p->depth--;
	return 0;
}

/* ---- the interface ---- */

static int root_write(struct pack *p, const struct stat *st, struct err *e)
{
	scoped_arena struct arena a = { 0 };

	return entry_write(p, p->job->dir_fd, p->job->dir_fd, "./", st, &a, e);
}

/* One file or tree under a name of its own. */
static int item_write(struct pack *p, const struct stat *st, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const char *name = p->job->item;
	bool is_bare = strcmp(name, ".") == 0;
	scoped_fd int read_fd = entry_open(p->job->dir_fd, st);
	int r;

	if (S_ISSOCK(st->st_mode))
		return err_set(e, ERR_UNSUPPORTED, "'%.200s' is a socket, which cannot be copied", name);
	if (read_fd < 0 && read_fd != -EBADF)
		return err_sys(e, read_fd, "open '%.200s'", name);
	r = entry_write(p, p->job->dir_fd, read_fd, is_bare ? "./" : name, st, &a, e);
	return r < 0 || !S_ISDIR(st->st_mode) ? r : directory_write(p, read_fd, is_bare ? "" : name, e);
}

int pack(const struct pack_job *job, tarball_sink_fn sink, void *arg, struct pack_result *ret, struct err *e)
{
	SCOPED(pack_done) struct pack p = { .job = job, .piece = alloc_or_die(PIECE), .xattr_names = alloc_or_die(XATTR_NAMES),
		.xattr_value = alloc_or_die(XATTR_VALUE) };
	struct stat st;
	int r;

	if (fstat(job->dir_fd, &st) < 0)
		return err_sys(e, -errno, "look at the directory");
	p.dev = st.st_dev;
	p.tar = tarball_new(sink, arg);
	r = job->item ? item_write(&p, &st, e) : job->root ? root_write(&p, &st, e) : 0;
	if (r == 0 && !job->item)
		r = directory_write(&p, job->dir_fd, "", e);
	if (r == 0)
		r = tarball_finish(p.tar, e);
	if (r == 0)
		*ret = p.result;
	return r;
}
