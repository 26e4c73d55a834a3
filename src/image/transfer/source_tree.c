/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source that is a directory: written as one tar (pax, names sorted, so that the same tree gives the same layer). Does not cross mounts; sockets are
 * left out. Hard links within the tree stay hard links.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/vec.h"
#include "image/transfer/source_fd.h"
#include "os/fd.h"
#include "os/file.h"

enum { PIECE = 256 * 1024, XATTR_MAX = 64 * 1024 };

struct link_seen {
	dev_t dev;
	ino_t ino;
	const char *path;
};

struct tree {
	struct archive *archive;
	const struct source_request *q;
	struct arena arena;
	struct VEC(struct link_seen) links;
	dev_t dev;
	struct err error; /* of the sink, or of a callback */
	char *piece;
	unsigned depth;
};

static void tree_done(struct tree *t)
{
	archive_write_free(t->archive);
	arena_done(&t->arena);
	free(t->piece);
}

static la_ssize_t on_write(struct archive *archive, void *arg, const void *p, size_t n)
{
	struct tree *t = arg;

	return t->q->sink(t->q->arg, p, n, &t->error) < 0 ? -1 : (la_ssize_t)n;
}

static int archive_failed(struct tree *t, const char *path, struct err *e)
{
	if (t->error.kind != ERR_NONE) {
		*e = t->error;
		return -e->sys;
	}
	return err_set(e, ERR_INTERNAL, "'%.200s': %s", path, archive_error_string(t->archive) ? archive_error_string(t->archive) : "tar failed");
}

/* ---- one entry ---- */

static const char *link_find(struct tree *t, const struct stat *st, const char *path)
{
	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return NULL;
	VEC_EACH(const struct link_seen, l, &t->links)
		if (l->dev == st->st_dev && l->ino == st->st_ino)
			return l->path;
	*vec_push(&t->arena, &t->links) = (struct link_seen){ st->st_dev, st->st_ino, arena_strdup(&t->arena, path) };
	return NULL;
}

static void xattrs_add(int fd, struct archive_entry *ae)
{
	char names[4096];
	scoped_free char *value = alloc_or_die(XATTR_MAX);
	ssize_t n = flistxattr(fd, names, sizeof names);

	for (char *name = names; n > 0 && name < names + n; name += strlen(name) + 1) {
		ssize_t size;

		if (!str_after(name, "user.") && strcmp(name, "security.capability") != 0)
			continue;
		size = fgetxattr(fd, name, value, XATTR_MAX);
		if (size >= 0)
			archive_entry_xattr_add_entry(ae, name, value, (size_t)size);
	}
}

static int content_write(struct tree *t, int fd, const char *path, uint64_t size, struct err *e)
{
	while (size > 0) {
		ssize_t n = fd_read_all(fd, t->piece, size < PIECE ? (size_t)size : PIECE);

		if (n < 0)
			return err_sys(e, (int)n, "read '%.200s'", path);
		if (n == 0)
			return err_set(e, ERR_CONFLICT, "'%.200s' became shorter while it was read", path);
		if (archive_write_data(t->archive, t->piece, (size_t)n) != n)
			return archive_failed(t, path, e);
		size -= (uint64_t)n;
	}
	return 0;
}

static void entry_done(struct archive_entry **ae)
{
	archive_entry_free(*ae);
}

static int entry_write(struct tree *t, int dirfd, const char *name, const char *path, int fd, const struct stat *st, struct err *e)
{
	SCOPED(entry_done) struct archive_entry *ae = archive_entry_new();
	const char *linked = link_find(t, st, path);
	char target[PATH_MAX];
	ssize_t n;

	archive_entry_copy_stat(ae, st);
	archive_entry_unset_atime(ae);
	archive_entry_unset_ctime(ae);
	archive_entry_copy_pathname(ae, path);
	if (linked) {
		archive_entry_copy_hardlink(ae, linked);
		archive_entry_set_size(ae, 0);
	} else if (S_ISLNK(st->st_mode)) {
		n = readlinkat(dirfd, name, target, sizeof target - 1);
		if (n < 0)
			return err_sys(e, -errno, "read link '%.200s'", path);
		target[n] = 0;
		archive_entry_copy_symlink(ae, target);
	} else if (fd >= 0) {
		xattrs_add(fd, ae);
	}
	if (!S_ISREG(st->st_mode))
		archive_entry_set_size(ae, 0);
	if (archive_write_header(t->archive, ae) < ARCHIVE_WARN)
		return archive_failed(t, path, e);
	return S_ISREG(st->st_mode) && !linked ? content_write(t, fd, path, (uint64_t)st->st_size, e) : 0;
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
	return 0;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int directory_write(struct tree *t, int fd, const char *path, struct err *e);

static int name_write(struct tree *t, int dirfd, const char *name, const char *path, struct err *e)
{
	scoped_fd int fd = -EBADF;
	struct stat st;
	int r;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, -errno, "look at '%.200s'", path);
	if (S_ISSOCK(st.st_mode))
		return 0;
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
		fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0)
			return err_sys(e, -errno, "open '%.200s'", path);
	}
	r = entry_write(t, dirfd, name, path, fd, &st, e);
	if (r < 0 || !S_ISDIR(st.st_mode) || st.st_dev != t->dev)
		return r;
	return directory_write(t, fd, path, e);
}

static int directory_write(struct tree *t, int fd, const char *path, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct names names = { .a = &a };
	int r;

	if (++t->depth > LIMIT_LAYER_DEPTH)
		return err_set(e, ERR_EXHAUSTED, "'%.200s' is more than %d directories deep", path, LIMIT_LAYER_DEPTH);
	r = dir_each(fd, name_add, &names);
	if (r < 0)
		return err_sys(e, r, "list '%.200s'", path);
	if (names.list.n > 0)
		qsort(names.list.v, names.list.n, sizeof *names.list.v, by_name);
	for (size_t i = 0; i < names.list.n; i++) {
		r = name_write(t, fd, names.list.v[i], arena_printf(&a, "%s%s%s", path, *path ? "/" : "", names.list.v[i]), e);
		if (r < 0)
			return r;
	}
	t->depth--;
	return 0;
}

/* ---- the driver ---- */

static int read_(void *self, void *line, const struct source_request *q, struct source_answer *ret, struct err *e)
{
	SCOPED(tree_done) struct tree t = { .archive = archive_write_new(), .q = q, .piece = alloc_or_die(PIECE) };
	int fd = *(int *)self, r;
	struct stat st;

	*ret = (struct source_answer){ 0 };
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "look at the directory");
	t.dev = st.st_dev;
	archive_write_set_format_pax_restricted(t.archive);
	archive_write_set_options(t.archive, "hdrcharset=BINARY");
	archive_write_set_bytes_per_block(t.archive, PIECE);
	archive_write_set_bytes_in_last_block(t.archive, 512);
	if (archive_write_open(t.archive, &t, NULL, on_write, NULL) != ARCHIVE_OK)
		return archive_failed(&t, ".", e);
	r = entry_write(&t, fd, ".", "./", fd, &st, e);
	if (r == 0)
		r = directory_write(&t, fd, "", e);
	if (r == 0 && archive_write_close(t.archive) != ARCHIVE_OK)
		r = archive_failed(&t, ".", e);
	return r;
}

const struct source_driver source_tree = { source_fd_open, source_fd_close, NULL, NULL, read_, NULL };
