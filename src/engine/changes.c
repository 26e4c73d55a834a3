/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/overlay.h"

struct finding {
	const struct strs *mountpoints;
	struct arena *a;
	struct changes *out;
	unsigned depth;
	bool marks;                  /* comparing: also tell what is the same, and what is gone */
};

/* A directory in both trees; -EBADF where one has none. Borrowed. */
struct pair_of_dirs {
	int upper, lower;
	const char *path; /* "" or "/etc" */
	bool hidden;      /* nothing of the lower one shows through */
};

static void change_add(struct finding *f, enum change_kind kind, const char *path)
{
	*vec_push(f->a, f->out) = (struct container_change){ kind, path };
}

static bool name_stat(int dirfd, const char *name, struct stat *ret)
{
	return dirfd >= 0 && fstatat(dirfd, name, ret, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static int dir_enter(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* ---- names of a directory, sorted ---- */

static int name_push(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct {
		struct arena *a;
		struct strs list;
	} *names = arg;

	strs_push(names->a, &names->list, arena_strdup(names->a, name));
	return names->list.n > LIMIT_LAYER_ENTRIES ? -E2BIG : 0;
}

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int names_read(int fd, const char *path, struct arena *a, struct strs *ret, struct err *e)
{
	struct {
		struct arena *a;
		struct strs list;
	} names = { .a = a };
	int r = fd < 0 ? 0 : dir_each(fd, name_push, &names);

	if (r < 0)
		return err_sys(e, r, "list '%.200s'", *path ? path : "/");
	if (names.list.n > 0)
		qsort(names.list.v, names.list.n, sizeof *names.list.v, by_text);
	*ret = names.list;
	return 0;
}

static bool names_have(const struct strs *list, const char *name)
{
	return list->n > 0 && bsearch(&name, list->v, list->n, sizeof *list->v, by_text) != NULL;
}

/* ---- an upper directory over a merged tree ---- */

/* Whether overlayfs hides what is below the directory. Errors: ERR_UNSUPPORTED for one that stands for a directory of another name. */
static int is_opaque(int fd, const char *path, struct err *e)
{
	if (overlay_is_redirect(fd))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: directory '%.200s' was renamed by overlayfs with redirect_dir=on", path);
	return overlay_is_opaque(fd);
}

static int directory_find(struct finding *f, struct pair_of_dirs d, struct err *e);

/* What the lower directory has and the opaque one does not is deleted. */
static int hidden_find(struct finding *f, int upper, int lower, const char *path, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct strs names = { 0 };
	struct stat st;
	int r = names_read(lower, path, &a, &names, e);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (!name_stat(upper, names.v[i], &st))
			change_add(f, CHANGE_DELETED, arena_printf(f->a, "%s/%s", path, names.v[i]));
	return r;
}

static bool same_attributes(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid;
}

/* A directory of the upper tree, with what is in it. @lower_st NULL: new. */
static int subdirectory_find(struct finding *f, struct pair_of_dirs parent, const char *name, const char *path, const struct stat *st,
	const struct stat *lower_st, struct err *e)
{
	scoped_fd int upper = dir_enter(parent.upper, name), lower = -EBADF;
	size_t at = f->out->n, skipped = f->out->skipped.n;
	int opaque, r = 0;

	if (upper < 0)
		return upper == -ENOENT || upper == -ENOTDIR || upper == -ELOOP ? 0 : err_sys(e, upper, "open '%.200s'", path);
	opaque = is_opaque(upper, path, e);
	if (opaque < 0)
		return opaque;
	if (lower_st && S_ISDIR(lower_st->st_mode)) {
		lower = dir_enter(parent.lower, name);
		if (lower < 0)
			return err_sys(e, lower, "open '%.200s'", path);
	}
	change_add(f, lower_st ? CHANGE_MODIFIED : CHANGE_ADDED, path);
	if (opaque && lower >= 0 && !parent.hidden)
		strs_push(f->a, &f->out->opaque, path + 1);
	if ((opaque || parent.hidden) && lower >= 0)
		r = hidden_find(f, upper, lower, path, e);
	if (r == 0)
		r = directory_find(f, (struct pair_of_dirs){ upper, lower, path, opaque || parent.hidden }, e);
	if (r < 0 || f->out->n > at + 1)
		return r;
	/* Nothing in it counts: it is a mount point itself, or was only copied up to hold some. */
	if (lower_st ? f->out->skipped.n > skipped && same_attributes(st, lower_st) : strs_has(f->mountpoints, path)) {
		f->out->n = at;
		strs_push(f->a, &f->out->skipped, path + 1);
	}
	return 0;
}

static int name_find(struct finding *f, struct pair_of_dirs d, const char *name, struct err *e)
{
	const char *path = arena_printf(f->a, "%s/%s", d.path, name);
	struct stat st, lower_st;
	bool below = name_stat(d.lower, name, &lower_st);

	if (!name_stat(d.upper, name, &st))
		return 0; /* it went away */
	if (is_whiteout(&st)) {
		if (below)
			change_add(f, CHANGE_DELETED, path);
		else
			strs_push(f->a, &f->out->skipped, path + 1);
		return 0;
	}
	if (S_ISDIR(st.st_mode))
		return subdirectory_find(f, d, name, path, &st, below ? &lower_st : NULL, e);
	if (!below && S_ISREG(st.st_mode) && st.st_size == 0 && strs_has(f->mountpoints, path))
		strs_push(f->a, &f->out->skipped, path + 1);
	else
		change_add(f, below ? CHANGE_MODIFIED : CHANGE_ADDED, path);
	return 0;
}

static int directory_find(struct finding *f, struct pair_of_dirs d, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct strs names = { 0 };
	int r;

	if (++f->depth > LIMIT_LAYER_DEPTH)
		return err_set(e, ERR_EXHAUSTED, "'%.200s' is more than %d directories deep", d.path, LIMIT_LAYER_DEPTH);
	r = names_read(d.upper, d.path, &a, &names, e);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = name_find(f, d, names.v[i], e);
	f->depth--;
	return r;
}

static int by_path(const void *x, const void *y)
{
	return strcmp(((const struct container_change *)x)->path, ((const struct container_change *)y)->path);
}

static void changes_sort(struct changes *c)
{
	if (c->n > 0)
		qsort(c->v, c->n, sizeof *c->v, by_path);
}

int changes_find(int upper, int lower, const struct strs *mountpoints, struct arena *a, struct changes *ret, struct err *e)
{
	struct finding f = { .mountpoints = mountpoints, .a = a, .out = ret };
	int r;

	*ret = (struct changes){ 0 };
	r = directory_find(&f, (struct pair_of_dirs){ upper, lower, "", false }, e);
	changes_sort(ret);
	return r;
}

/* ---- two trees ---- */

static bool same_content(const struct stat *a, const struct stat *b)
{
	if (!same_attributes(a, b) || ((S_ISCHR(a->st_mode) || S_ISBLK(a->st_mode)) && a->st_rdev != b->st_rdev))
		return false;
	return S_ISDIR(a->st_mode) || (a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec);
}

static int compare(struct finding *f, struct pair_of_dirs d, struct err *e);

/* @d.upper is the new tree, @d.lower the old one. A new directory is named with all that is in it, a deleted one alone. */
static int name_compare(struct finding *f, struct pair_of_dirs d, const char *name, struct err *e)
{
	const char *path = arena_printf(f->a, "%s/%s", d.path, name);
	scoped_fd int upper = -EBADF, lower = -EBADF;
	struct stat st, old;
	bool below = name_stat(d.lower, name, &old);
	size_t at = f->out->n;
	bool changed;
	int r;

	if (!name_stat(d.upper, name, &st))
		return 0;
	if (!below && S_ISREG(st.st_mode) && st.st_size == 0 && strs_has(f->mountpoints, path)) {
		strs_push(f->a, &f->out->skipped, path + 1);
		return 0;
	}
	changed = (!below && !(S_ISDIR(st.st_mode) && strs_has(f->mountpoints, path))) || (below && !same_content(&st, &old));
	change_add(f, below ? CHANGE_MODIFIED : CHANGE_ADDED, path);
	if (S_ISDIR(st.st_mode)) {
		upper = dir_enter(d.upper, name);
		if (below && S_ISDIR(old.st_mode))
			lower = dir_enter(d.lower, name);
		if (upper < 0)
			return err_sys(e, upper, "open '%.200s'", path);
		r = compare(f, (struct pair_of_dirs){ upper, lower, path, false }, e);
		if (r < 0)
			return r;
		changed |= f->out->n > at + 1;
	}
	if (!changed)
		f->out->n = at;
	if (!changed && f->marks)
		strs_push(f->a, below ? &f->out->same : &f->out->skipped, path + 1);
	return 0;
}

static int compare(struct finding *f, struct pair_of_dirs d, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct strs new = { 0 }, old = { 0 };
	int r;

	if (++f->depth > LIMIT_LAYER_DEPTH)
		return err_set(e, ERR_EXHAUSTED, "'%.200s' is more than %d directories deep", d.path, LIMIT_LAYER_DEPTH);
	r = names_read(d.upper, d.path, &a, &new, e);
	if (r == 0)
		r = names_read(d.lower, d.path, &a, &old, e);
	for (size_t i = 0; r == 0 && i < new.n; i++)
		r = name_compare(f, d, new.v[i], e);
	for (size_t i = 0; r == 0 && i < old.n; i++)
		if (!names_have(&new, old.v[i])) {
			const char *path = arena_printf(f->a, "%s/%s", d.path, old.v[i]);

			change_add(f, CHANGE_DELETED, path);
			if (f->marks)
				strs_push(f->a, &f->out->deleted, path + 1);
		}
	f->depth--;
	return r;
}

static int trees_compare(struct finding *f, int old, int new, struct err *e)
{
	int r;

	*f->out = (struct changes){ 0 };
	r = compare(f, (struct pair_of_dirs){ new, old, "", false }, e);
	changes_sort(f->out);
	return r;
}

int changes_of_copy(int copy, int lower, const struct strs *mountpoints, struct arena *a, struct changes *ret, struct err *e)
{
	struct finding f = { .mountpoints = mountpoints, .a = a, .out = ret, .marks = true };

	return trees_compare(&f, lower, copy, e);
}

int changes_between(int old, int new, struct arena *a, struct changes *ret, struct err *e)
{
	static const struct strs none;
	struct finding f = { .mountpoints = &none, .a = a, .out = ret };

	return trees_compare(&f, old, new, e);
}

/* ---- marks ---- */

int changes_marks(const struct changes *c, bool whole, struct buf *out)
{
	const struct {
		char mark;
		const struct strs *list;
	} rows[] = { { 's', &c->skipped }, { 'o', &c->opaque }, { 's', &c->same }, { 'd', &c->deleted } };

	for (size_t i = 0; i < (whole ? 1 : ARRAY_LEN(rows)); i++)
		for (size_t k = 0; k < rows[i].list->n; k++) {
			buf_add_char(out, rows[i].mark);
			buf_add(out, rows[i].list->v[k], strlen(rows[i].list->v[k]) + 1);
		}
	return buf_is_full(out) ? -E2BIG : 0;
}
