/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/untar.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/vec.h"

struct untar {
	struct archive *archive;
	untar_read_fn read;
	void *arg;
	struct err read_error; /* why read failed, if it did */
	const struct unpack_form *form;
	void *self;
	struct arena arena;    /* of one entry */
};

static void untar_done(struct untar *u)
{
	archive_read_free(u->archive);
	arena_done(&u->arena);
}

static la_ssize_t read_piece(struct archive *archive, void *arg, const void **ret_p)
{
	struct untar *u = arg;
	ssize_t n = u->read(u->arg, ret_p, &u->read_error);

	if (n < 0)
		archive_set_error(archive, (int)-n, "%s", u->read_error.msg);
	return n;
}

/* What libarchive says, unless it was our own reader that failed. */
static int archive_failed(struct untar *u, struct err *e)
{
	const char *said;

	if (u->read_error.kind != ERR_NONE) {
		*e = u->read_error;
		return -e->sys;
	}
	said = archive_error_string(u->archive);
	return err_set(e, ERR_CORRUPT, "tar: %s", said ? said : "not readable");
}

static int xattrs_take(struct untar *u, struct archive_entry *ae, struct layer_entry *ret, struct err *e)
{
	struct VEC(struct layer_xattr) list = { 0 };
	const char *name;
	const void *value;
	size_t size;

	if (archive_entry_xattr_count(ae) > LIMIT_XATTRS)
		return err_set(e, ERR_EXHAUSTED, "'%.200s' has more than %d attributes", ret->path, LIMIT_XATTRS);
	archive_entry_xattr_reset(ae);
	while (archive_entry_xattr_next(ae, &name, &value, &size) == ARCHIVE_OK) {
		if (name)
			*vec_push(&u->arena, &list) = (struct layer_xattr){ name, value, size };
	}
	ret->xattrs = list.v;
	ret->n_xattrs = list.n;
	return 0;
}

static int entry_take(struct untar *u, struct archive_entry *ae, struct layer_entry *ret, struct err *e)
{
	int64_t uid = archive_entry_uid(ae), gid = archive_entry_gid(ae), size = archive_entry_size(ae);

	*ret = (struct layer_entry){
		.path = archive_entry_pathname(ae),
		.mode = archive_entry_filetype(ae) | (archive_entry_perm(ae) & 07777),
		.uid = (uid_t)uid,
		.gid = (gid_t)gid,
		.mtime = { archive_entry_mtime(ae), archive_entry_mtime_nsec(ae) },
		.hardlink = archive_entry_hardlink(ae),
		.symlink = archive_entry_symlink(ae),
		.dev = archive_entry_rdev(ae),
		.size = (uint64_t)size,
		.sparse = archive_entry_sparse_count(ae) > 0,
		.content_at = (uint64_t)archive_filter_bytes(u->archive, 0), /* all headers are read, nothing of the content */
	};
	if (!ret->path)
		return err_set(e, ERR_INVALID, "tar: an entry has no name");
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return err_set(e, ERR_INVALID, "'%.200s': owner %lld:%lld is out of range", ret->path, (long long)uid, (long long)gid);
	if (size < 0)
		return err_set(e, ERR_INVALID, "'%.200s': size %lld is negative", ret->path, (long long)size);
	if ((uint64_t)size > LIMIT_BLOB)
		return err_set(e, ERR_EXHAUSTED, "'%.200s' is too large: %lld bytes, more than %llu", ret->path, (long long)size, (unsigned long long)LIMIT_BLOB);
	if (ret->mtime.tv_nsec < 0 || ret->mtime.tv_nsec > 999999999)
		ret->mtime.tv_nsec = 0;
	return xattrs_take(u, ae, ret, e);
}

static int content_copy(struct untar *u, struct err *e)
{
	for (;;) {
		const void *p;
		size_t n;
		int64_t offset;
		int r = archive_read_data_block(u->archive, &p, &n, &offset);

		if (r == ARCHIVE_EOF)
			return 0;
		if (r < ARCHIVE_WARN)
			return archive_failed(u, e);
		r = u->form->data(u->self, p, n, (uint64_t)offset, e);
		if (r < 0)
			return r;
	}
}

static int entry_extract(struct untar *u, struct archive_entry *ae, struct err *e)
{
	struct layer_entry entry;
	int r;

	r = entry_take(u, ae, &entry, e);
	if (r == 0)
		r = u->form->begin(u->self, &entry, e);
	if (r == 0 && S_ISREG(entry.mode) && !entry.hardlink && entry.size > 0 && (entry.sparse || !u->form->keeps_tar))
		r = content_copy(u, e);
	if (r == 0)
		r = u->form->end(u->self, e);
	return r;
}

int untar(untar_read_fn read, void *arg, const struct unpack_form *form, void *self, struct err *e)
{
	SCOPED(untar_done) struct untar u = { .archive = archive_read_new(), .read = read, .arg = arg, .form = form, .self = self };
	struct archive_entry *ae;
	int r;

	if (!u.archive)
		alloc_die(sizeof u);
	archive_read_support_format_tar(u.archive);
	archive_read_support_format_empty(u.archive);
	archive_read_set_options(u.archive, "hdrcharset=BINARY");
	if (archive_read_open2(u.archive, &u, NULL, read_piece, NULL, NULL) != ARCHIVE_OK)
		return archive_failed(&u, e);
	for (;;) {
		struct arena_mark mark = arena_mark(&u.arena);

		r = archive_read_next_header(u.archive, &ae);
		if (r == ARCHIVE_EOF)
			return 0;
		if (r < ARCHIVE_WARN)
			return archive_failed(&u, e);
		r = entry_extract(&u, ae, e);
		if (r < 0)
			return r;
		arena_reset(&u.arena, mark);
	}
}
