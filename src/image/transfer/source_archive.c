/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sources that are local files: an archive of documents and layers, one tar, a layout directory.
 *
 * An archive is read once for where its members lie, then members are read by offset, in parallel and as often as wanted. A compressed archive, or one from
 * a pipe, is first unfolded into the spool file that the store gave along.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/vec.h"
#include "image/transfer/source_fd.h"
#include "image/transfer/stream.h"
#include "os/fd.h"
#include "os/path_safe.h"

enum { BLOCK = 512, PIECE = 256 * 1024, LINKS_MAX = 8 };

/* ---- reading a part of a file ---- */

static int part_read(int fd, uint64_t at, uint64_t end, const struct source_request *q, struct err *e)
{
	scoped_free char *piece = alloc_or_die(PIECE);

	at += q->offset;
	if (end > at && end - at > q->max)
		return err_set(e, ERR_EXHAUSTED, "'%.100s' is longer than the %llu bytes allowed", q->name, (unsigned long long)q->max);
	while (at < end) {
		size_t want = end - at < PIECE ? (size_t)(end - at) : PIECE;
		ssize_t got = pread(fd, piece, want, (off_t)at);
		int r;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_sys(e, got < 0 ? -errno : -EIO, "read '%.100s'", q->name);
		r = q->sink(q->arg, piece, (size_t)got, e);
		if (r < 0)
			return r;
		at += (uint64_t)got;
	}
	return 0;
}

/* ---- the index of an archive ---- */

struct member {
	const char *name;  /* cleaned */
	const char *link;  /* name of the member it stands for, or NULL */
	uint64_t offset, size;
};

struct archive_source {
	struct arena arena;
	int fd;
	struct VEC(struct member) members;
	uint64_t position; /* of the reader while indexing */
	int failed;        /* errno of its read, or 0 */
	char block[BLOCK];
};

/* Joins and cleans lexically; ".." goes up, but never above the archive's root. NULL if too long. */
static const char *name_join(struct arena *a, const char *base, const char *name)
{
	char out[LIMIT_PATH];
	size_t n = 0;
	const char *parts[2] = { *name == '/' ? "" : base, name };

	for (size_t i = 0; i < 2; i++) {
		struct str rest = str_of(parts[i]);

		while (rest.p) {
			struct str part = str_cut(rest, '/', &rest);

			if (part.n == 0 || str_is(part, "."))
				continue;
			if (str_is(part, "..")) {
				while (n > 0 && out[--n] != '/')
					;
				continue;
			}
			if (n + part.n + 2 > sizeof out)
				return NULL;
			if (n > 0)
				out[n++] = '/';
			memcpy(out + n, part.p, part.n);
			n += part.n;
		}
	}
	return arena_strndup(a, out, n);
}

static const char *directory_of(struct arena *a, const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? arena_strndup(a, name, (size_t)(slash - name)) : "";
}

/* One block at a time, so that after a header we know to the byte where its data begin. */
static la_ssize_t index_read(struct archive *archive, void *arg, const void **ret_p)
{
	struct archive_source *s = arg;
	ssize_t n;

	do
		n = pread(s->fd, s->block, BLOCK, (off_t)s->position);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		s->failed = errno;
		return -1;
	}
	s->position += (uint64_t)n;
	*ret_p = s->block;
	return n;
}

static la_int64_t index_skip(struct archive *archive, void *arg, la_int64_t n)
{
	struct archive_source *s = arg;

	n -= n % BLOCK;
	if (n <= 0 || s->position > INT64_MAX - (uint64_t)n)
		return 0;
	s->position += (uint64_t)n;
	return n;
}

static void member_add(struct archive_source *s, struct archive_entry *ae)
{
	const char *path = archive_entry_pathname(ae), *hard = archive_entry_hardlink(ae), *soft = archive_entry_symlink(ae);
	struct member *m;
	const char *name = path ? name_join(&s->arena, "", path) : NULL;

	if (!name || archive_entry_size(ae) < 0 || archive_entry_sparse_count(ae) > 0)
		return;
	if (!hard && !soft && archive_entry_filetype(ae) != AE_IFREG)
		return;
	m = vec_push(&s->arena, &s->members);
	*m = (struct member){ .name = name, .offset = s->position, .size = (uint64_t)archive_entry_size(ae) };
	if (hard)
		m->link = name_join(&s->arena, "", hard);
	else if (soft)
		m->link = name_join(&s->arena, directory_of(&s->arena, name), soft);
}

static void reader_done(struct archive **archive)
{
	archive_read_free(*archive);
}

static int index_make(struct archive_source *s, struct err *e)
{
	SCOPED(reader_done) struct archive *archive = archive_read_new();
	struct archive_entry *ae;
	int r;

	if (!archive)
		alloc_die(PIECE);
	archive_read_support_format_tar(archive);
	archive_read_set_options(archive, "hdrcharset=BINARY");
	if (archive_read_open2(archive, s, NULL, index_read, index_skip, NULL) != ARCHIVE_OK)
		return s->failed ? err_sys(e, -s->failed, "read archive") : err_set(e, ERR_INVALID, "not a tar archive");
	while ((r = archive_read_next_header(archive, &ae)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		if (s->members.n >= LIMIT_ARCHIVE_MEMBERS)
			return err_set(e, ERR_EXHAUSTED, "archive has more than %d members", LIMIT_ARCHIVE_MEMBERS);
		member_add(s, ae);
	}
	if (s->failed)
		return err_sys(e, -s->failed, "read archive");
	if (r != ARCHIVE_EOF)
		return err_set(e, ERR_CORRUPT, "archive: %s", archive_error_string(archive) ? archive_error_string(archive) : "not readable");
	return 0;
}

/* The last member of a name counts, as when unpacking. */
static const struct member *member_find(const struct archive_source *s, const char *name)
{
	for (int turn = 0; turn < LINKS_MAX; turn++) {
		const struct member *m = NULL;

		for (size_t i = s->members.n; i > 0 && !m; i--)
			if (strcmp(s->members.v[i - 1].name, name) == 0)
				m = &s->members.v[i - 1];
		if (!m || !m->link)
			return m;
		name = m->link;
	}
	return NULL;
}

/* ---- archive ---- */

static int spool_sink(void *arg, const void *p, size_t n, struct err *e)
{
	int r = fd_write_all(*(int *)arg, p, n);

	return r < 0 ? err_sys(e, r, "unfold archive") : 0;
}

/* Whether members can be read where they lie: a plain tar in a real file. */
static bool is_plain_file(int fd)
{
	char head[BLOCK];
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0 && pread(fd, head, BLOCK, 0) == BLOCK &&
		memcmp(head + 257, "ustar", 5) == 0;
}

static void archive_close(void *self)
{
	struct archive_source *s = self;

	fd_close(s->fd);
	arena_done(&s->arena);
	free(s);
}

static int archive_open(const struct transfer_message *m, const int *fds, size_t n_fds, void **ret, struct err *e)
{
	struct archive_source *s;
	int fd, r = 0;

	if (n_fds < 2)
		return err_set(e, ERR_INVALID, "descriptors are missing");
	fd = fds[0];
	if (!is_plain_file(fd)) {
		r = stream_copy(fds[0], STREAM_ALL, spool_sink, &(int){ fds[1] }, e);
		fd = fds[1];
	}
	if (r < 0)
		return r;
	s = alloc_or_die(sizeof *s);
	*s = (struct archive_source){ .fd = fd_dup_min(fd, 3) };
	r = s->fd < 0 ? err_sys(e, s->fd, "keep archive open") : index_make(s, e);
	if (r < 0) {
		archive_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

static int archive_read_(void *self, void *line, const struct source_request *q, struct source_answer *ret, struct err *e)
{
	const struct archive_source *s = self;
	const struct member *m = member_find(s, q->name);

	if (!m)
		return err_set(e, ERR_NOT_FOUND, "archive has no '%.200s'", q->name);
	*ret = (struct source_answer){ .size = m->size };
	return part_read(s->fd, m->offset, m->offset + m->size, q, e);
}

const struct source_driver source_archive = { archive_open, archive_close, NULL, NULL, archive_read_, NULL };

/* ---- one descriptor kept open: layout directory, single tar ---- */

static int layout_read(void *self, void *line, const struct source_request *q, struct source_answer *ret, struct err *e)
{
	scoped_fd int fd = path_open(*(int *)self, q->name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, PATH_BENEATH);
	struct stat st;

	if (fd < 0)
		return err_sys(e, fd, "open '%.200s' of the layout", q->name);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "'%.200s' of the layout is not a file", q->name);
	*ret = (struct source_answer){ .size = (uint64_t)st.st_size };
	return part_read(fd, 0, (uint64_t)st.st_size, q, e);
}

const struct source_driver source_layout = { source_fd_open, source_fd_close, NULL, NULL, layout_read, NULL };

static int tar_read(void *self, void *line, const struct source_request *q, struct source_answer *ret, struct err *e)
{
	*ret = (struct source_answer){ 0 };
	return stream_copy(*(int *)self, STREAM_RARE, q->sink, q->arg, e);
}

const struct source_driver source_tar = { source_fd_open, source_fd_close, NULL, NULL, tar_read, NULL };
