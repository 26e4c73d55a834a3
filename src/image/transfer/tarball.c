/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/tarball.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/alloc.h"

enum { PIECE = 256 * 1024, RECORD = 512 };

struct tarball {
	struct archive *archive;
	struct archive_entry *entry;
	tarball_sink_fn sink;
	void *arg;
	struct err error; /* of the sink */
	bool given_up;
	const char *path; /* of the entry being written, for messages */
};

/* An archive that has seen a failed write keeps its buffer for ever (libarchive 3.6): it hears of none, and we remember. */
static la_ssize_t on_write(struct archive *archive, void *arg, const void *p, size_t n)
{
	struct tarball *t = arg;

	if (!t->given_up && t->error.kind == ERR_NONE)
		t->sink(t->arg, p, n, &t->error);
	return (la_ssize_t)n;
}

/* @ok: what libarchive says of it. The sink's failure comes first. */
static int check(struct tarball *t, bool ok, struct err *e)
{
	const char *said = archive_error_string(t->archive);

	if (t->error.kind != ERR_NONE) {
		*e = t->error;
		return -e->sys;
	}
	if (ok)
		return 0;
	return err_set(e, ERR_INVALID, "'%.200s': %s", t->path ? t->path : ".", said ? said : "cannot be written as tar");
}

int tarball_new(tarball_sink_fn sink, void *arg, struct tarball **ret, struct err *e)
{
	scoped_tarball struct tarball *t = alloc_or_die(sizeof *t);
	int r;

	*t = (struct tarball){ .archive = archive_write_new(), .entry = archive_entry_new(), .sink = sink, .arg = arg };
	if (!t->archive || !t->entry)
		alloc_die(sizeof *t);
	archive_write_set_format_pax(t->archive);
	/* Names that are no UTF-8 are written as they are, with pax' word for it. */
	archive_write_set_options(t->archive, "xattrheader=SCHILY");
	archive_write_set_bytes_per_block(t->archive, PIECE);
	archive_write_set_bytes_in_last_block(t->archive, RECORD);
	r = check(t, archive_write_open(t->archive, t, NULL, on_write, NULL) == ARCHIVE_OK, e);
	if (r == 0)
		*ret = take_ptr(&t);
	return r;
}

void tarball_free(struct tarball *t)
{
	if (!t)
		return;
	/* What is pending goes nowhere. */
	t->given_up = true;
	archive_write_free(t->archive);
	archive_entry_free(t->entry);
	free(t);
}

int tarball_entry(struct tarball *t, const struct extract_entry *entry, struct err *e)
{
	struct archive_entry *ae = archive_entry_clear(t->entry);

	t->path = entry->path;
	archive_entry_copy_pathname(ae, entry->path);
	archive_entry_set_mode(ae, entry->mode);
	archive_entry_set_uid(ae, entry->uid);
	archive_entry_set_gid(ae, entry->gid);
	archive_entry_set_mtime(ae, entry->mtime.tv_sec, entry->mtime.tv_nsec);
	archive_entry_set_size(ae, S_ISREG(entry->mode) && !entry->hardlink ? (int64_t)entry->size : 0);
	if (S_ISCHR(entry->mode) || S_ISBLK(entry->mode))
		archive_entry_set_rdev(ae, entry->dev);
	if (entry->hardlink)
		archive_entry_copy_hardlink(ae, entry->hardlink);
	else if (S_ISLNK(entry->mode))
		archive_entry_copy_symlink(ae, entry->symlink);
	for (size_t i = 0; i < entry->n_xattrs; i++)
		archive_entry_xattr_add_entry(ae, entry->xattrs[i].name, entry->xattrs[i].value, entry->xattrs[i].size);
	return check(t, archive_write_header(t->archive, ae) >= ARCHIVE_WARN, e);
}

int tarball_data(struct tarball *t, const void *p, size_t n, struct err *e)
{
	return check(t, archive_write_data(t->archive, p, n) == (la_ssize_t)n, e);
}

int tarball_finish(struct tarball *t, struct err *e)
{
	t->path = NULL;
	return check(t, archive_write_close(t->archive) == ARCHIVE_OK, e);
}
