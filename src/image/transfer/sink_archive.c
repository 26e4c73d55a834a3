/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink that is one tar stream. The same PUTs in the same order give the same bytes: no times, no owners, directories before what is in them.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/vec.h"
#include "image/transfer/sink.h"
#include "os/fd.h"

enum { PIECE = 256 * 1024 };

struct archive_sink {
	pthread_mutex_t mutex;
	struct archive *archive;
	struct arena arena;
	struct VEC(const char *) directories; /* written already */
	int fd;
	bool finished;
};

static int archive_failed(const struct archive_sink *s, struct err *e)
{
	if (archive_errno(s->archive) > 0)
		return err_sys(e, -archive_errno(s->archive), "write archive");
	return err_set(e, ERR_INTERNAL, "write archive: %s", archive_error_string(s->archive) ? archive_error_string(s->archive) : "failed");
}

static void close_(void *self)
{
	struct archive_sink *s = self;

	if (!s->finished)
		archive_write_fail(s->archive); /* no end-of-archive for what is not whole */
	archive_write_free(s->archive);
	fd_close(s->fd);
	arena_done(&s->arena);
	pthread_mutex_destroy(&s->mutex);
	free(s);
}

static int open_(const struct transfer_message *m, const int *fds, size_t n_fds, void **ret, struct err *e)
{
	struct archive_sink *s = alloc_or_die(sizeof *s);

	*s = (struct archive_sink){ .archive = archive_write_new(), .fd = fd_dup_min(fds[0], 3) };
	pthread_mutex_init(&s->mutex, NULL);
	archive_write_set_format_pax_restricted(s->archive);
	archive_write_set_bytes_per_block(s->archive, PIECE);
	archive_write_set_bytes_in_last_block(s->archive, 512);
	if (s->fd < 0 || archive_write_open_fd(s->archive, s->fd) != ARCHIVE_OK) {
		int r = s->fd < 0 ? err_sys(e, s->fd, "keep archive open") : archive_failed(s, e);

		close_(s);
		return r;
	}
	*ret = s;
	return 0;
}

static void entry_done(struct archive_entry **ae)
{
	archive_entry_free(*ae);
}

static int header_write(struct archive_sink *s, const char *name, unsigned type, unsigned mode, uint64_t size, struct err *e)
{
	SCOPED(entry_done) struct archive_entry *ae = archive_entry_new();

	archive_entry_copy_pathname(ae, name);
	archive_entry_set_filetype(ae, type);
	archive_entry_set_perm(ae, mode);
	archive_entry_set_size(ae, (int64_t)size);
	archive_entry_set_mtime(ae, 0, 0);
	return archive_write_header(s->archive, ae) < ARCHIVE_WARN ? archive_failed(s, e) : 0;
}

static bool directory_is_written(const struct archive_sink *s, const char *name)
{
	VEC_EACH(const char *const, d, &s->directories)
		if (strcmp(*d, name) == 0)
			return true;
	return false;
}

static int directories_write(struct archive_sink *s, const char *name, struct err *e)
{
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		const char *directory = arena_strndup(&s->arena, name, (size_t)(slash - name + 1));
		int r;

		if (directory_is_written(s, directory))
			continue;
		r = header_write(s, directory, AE_IFDIR, 0755, 0, e);
		if (r < 0)
			return r;
		*vec_push(&s->arena, &s->directories) = directory;
	}
	return 0;
}

static int piece_write(void *arg, const void *p, size_t n, struct err *e)
{
	struct archive_sink *s = arg;

	while (n > 0) {
		la_ssize_t done = archive_write_data(s->archive, p, n);

		if (done <= 0)
			return archive_failed(s, e);
		p = (const char *)p + done;
		n -= (size_t)done;
	}
	return 0;
}

static int put(void *self, void *line, const struct sink_put *q, struct sink_answer *ret, struct err *e)
{
	struct archive_sink *s = self;
	int r;

	*ret = (struct sink_answer){ .outcome = SINK_STORED };
	if (q->fd < 0)
		return err_set(e, ERR_NOT_FOUND, "'%.100s' is not in the archive", q->name);
	pthread_mutex_lock(&s->mutex);
	r = directories_write(s, q->name, e);
	if (r == 0)
		r = header_write(s, q->name, AE_IFREG, 0644, q->size, e);
	if (r == 0)
		r = sink_put_each(q, piece_write, s, e);
	pthread_mutex_unlock(&s->mutex);
	return r;
}

static int has(void *self, void *line, const char *name, const char *accept, struct source_answer *ret, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "an archive cannot be asked");
}

static int finish(void *self, struct err *e)
{
	struct archive_sink *s = self;
	struct stat st;

	if (archive_write_close(s->archive) != ARCHIVE_OK)
		return archive_failed(s, e);
	s->finished = true;
	if (fstat(s->fd, &st) == 0 && S_ISREG(st.st_mode) && fdatasync(s->fd) < 0)
		return err_sys(e, -errno, "sync archive");
	return 0;
}

const struct sink_driver sink_archive = { open_, close_, NULL, NULL, put, has, NULL, NULL, finish, NULL, NULL };
