/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink that is one tar stream. The same PUTs in the same order give the same bytes: no times, no owners, directories before what is in them.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/vec.h"
#include "image/transfer/sink.h"
#include "image/transfer/tarball.h"
#include "os/fd.h"

struct archive_sink {
	pthread_mutex_t mutex;
	struct tarball *tar;
	struct arena arena;
	struct VEC(const char *) directories; /* written already */
	int fd;
};

static int archive_write_(void *arg, const void *p, size_t n, struct err *e)
{
	struct archive_sink *s = arg;
	int r = fd_write_all(s->fd, p, n);

	return r < 0 ? err_sys(e, r, "write archive") : 0;
}

/* What is not finished has no end-of-archive. */
static void close_(void *self)
{
	struct archive_sink *s = self;

	tarball_free(s->tar);
	fd_close(s->fd);
	arena_done(&s->arena);
	pthread_mutex_destroy(&s->mutex);
	free(s);
}

static int open_(const struct transfer_message *m, const int *fds, size_t n_fds, void **ret, struct err *e)
{
	struct archive_sink *s = alloc_or_die(sizeof *s);

	*s = (struct archive_sink){ .fd = fd_dup_min(fds[0], 3) };
	s->tar = tarball_new(archive_write_, s);
	pthread_mutex_init(&s->mutex, NULL);
	if (s->fd < 0) {
		int r = err_sys(e, s->fd, "keep archive open");

		close_(s);
		return r;
	}
	*ret = s;
	return 0;
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
		r = tarball_entry(s->tar, &(struct layer_entry){ .path = directory, .mode = S_IFDIR | 0755 }, e);
		if (r < 0)
			return r;
		*vec_push(&s->arena, &s->directories) = directory;
	}
	return 0;
}

static int piece_write(void *arg, const void *p, size_t n, struct err *e)
{
	struct archive_sink *s = arg;

	return tarball_data(s->tar, p, n, e);
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
		r = tarball_entry(s->tar, &(struct layer_entry){ .path = q->name, .mode = S_IFREG | 0644, .size = q->size }, e);
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
	int r = tarball_finish(s->tar, e);

	if (r == 0 && fstat(s->fd, &st) == 0 && S_ISREG(st.st_mode) && fdatasync(s->fd) < 0)
		r = err_sys(e, -errno, "sync archive");
	return r;
}

const struct sink_driver sink_archive = { open_, close_, NULL, NULL, put, has, NULL, NULL, finish, NULL, NULL };
