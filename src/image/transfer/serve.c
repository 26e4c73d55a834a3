/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/vec.h"
#include "codec/digest.h"
#include "image/protocol.h"
#include "image/transfer/confine.h"
#include "image/transfer/layer.h"
#include "image/transfer/source.h"
#include "os/fd.h"
#include "os/memfd.h"
#include "os/proc.h"

enum { PARALLEL_DEFAULT = 6, PARALLEL_MAX = 32, READ_PIECE = 256 * 1024, PROGRESS_NS = 100 * 1000 * 1000 };
enum { JOB_DIR, JOB_BLOB, JOB_FDS_MIN };

/* A layer waiting for a worker; owns its descriptors, among them the locks it keeps. */
struct job {
	struct job *next;
	struct arena arena;
	struct transfer_message m;
	int fds[TRANSFER_FDS];
	size_t n_fds;
};

struct serve {
	int sock;
	struct source source;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct job *first, **last;
	bool closing;
	pthread_t threads[PARALLEL_MAX];
	size_t n_threads, n_idle;
	uint32_t parallel;
};

static void job_free(struct job *j)
{
	for (size_t i = 0; i < j->n_fds; i++)
		fd_close(j->fds[i]);
	arena_done(&j->arena);
	free(j);
}

/* ---- one layer ---- */

struct feed {
	struct serve *s;
	const struct job *job;
	struct layer *layer;
	uint64_t current, last_ns;
};

static void progress_send(struct feed *f, bool now)
{
	struct transfer_message m = { .type = TRANSFER_PROGRESS, .index = f->job->m.index, .current = f->current,
		.total = f->job->m.size > 0 ? (uint64_t)f->job->m.size : 0 };
	uint64_t t = proc_now_ns();
	struct err ignored; /* the store may be gone; the main thread will see */

	if (!now && t - f->last_ns < PROGRESS_NS)
		return;
	f->last_ns = t;
	transfer_send(f->s->sock, &m, NULL, 0, &ignored);
}

static int feed_sink(void *arg, const void *p, size_t n, struct err *e)
{
	struct feed *f = arg;
	int r = layer_feed(f->layer, p, n, e);

	f->current += n;
	if (r == 0)
		progress_send(f, false);
	return r;
}

/* The bytes that are in the blob's file from an earlier, interrupted pull. */
static int feed_from_file(struct feed *f, int fd, uint64_t n, struct err *e)
{
	scoped_free char *piece = alloc_or_die(READ_PIECE);
	uint64_t at = 0;

	while (at < n) {
		size_t want = n - at < READ_PIECE ? (size_t)(n - at) : READ_PIECE;
		ssize_t got = pread(fd, piece, want, (off_t)at);
		int r;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_sys(e, got < 0 ? -errno : -EIO, "read blob");
		r = feed_sink(f, piece, (size_t)got, e);
		if (r < 0)
			return r;
		at += (uint64_t)got;
	}
	return 0;
}

static int digest_take(const char *text, struct digest *d, const struct digest **ret, struct err *e)
{
	if (!text)
		return 0;
	if (digest_parse(text, d) < 0)
		return err_set(e, ERR_INVALID, "digest '%.100s' is not well-formed", text);
	*ret = d;
	return 0;
}

static const char *const layer_types[INFLATE_KIND_COUNT] = {
	[INFLATE_NONE] = "application/vnd.oci.image.layer.v1.tar",
	[INFLATE_GZIP] = "application/vnd.oci.image.layer.v1.tar+gzip",
	[INFLATE_ZSTD] = "application/vnd.oci.image.layer.v1.tar+zstd",
};

static int result_send(struct serve *s, const struct job *j, const struct layer_result *result, struct err *e)
{
	struct transfer_message m = { .type = TRANSFER_OPAQUE, .index = j->m.index };
	char blob[DIGEST_TEXT_SIZE], diff[DIGEST_TEXT_SIZE];
	int r;

	for (size_t i = 0; i < result->opaque.n; i++) {
		m.name = result->opaque.v[i];
		r = transfer_send(s->sock, &m, NULL, 0, e);
		if (r < 0)
			return r;
	}
	digest_print(&result->blob, blob);
	digest_print(&result->diff, diff);
	m = (struct transfer_message){ .type = TRANSFER_UNPACKED, .index = j->m.index, .digest = blob, .diff_id = diff,
		.media_type = layer_types[result->compression], .size = (int64_t)result->blob_size, .entries = result->entries, .bytes = result->bytes,
		.replaced = result->replaced };
	return transfer_send(s->sock, &m, NULL, 0, e);
}

static int layer_run(struct serve *s, void *line, struct job *j, struct err *e)
{
	scoped_layer struct layer *layer = NULL;
	struct layer_job job = { .blob_fd = j->m.keep ? j->fds[JOB_BLOB] : -EBADF, .blob_have = j->m.have, .dir_fd = j->fds[JOB_DIR], .size = j->m.size };
	struct feed feed = { .s = s, .job = j };
	struct source_request q = { .name = j->m.name ? j->m.name : "", .offset = j->m.have, .max = LIMIT_BLOB, .sink = feed_sink, .arg = &feed };
	struct source_answer answer;
	struct layer_result result;
	struct digest blob, diff;
	int r;

	r = digest_take(j->m.digest, &blob, &job.blob, e);
	if (r == 0)
		r = digest_take(j->m.diff_id, &diff, &job.diff, e);
	if (r == 0 && j->m.keep && lseek(j->fds[JOB_BLOB], (off_t)j->m.have, SEEK_SET) < 0)
		r = err_sys(e, -errno, "seek in blob");
	if (r == 0)
		r = layer_new(&job, &layer, e);
	if (r < 0)
		return r;
	feed.layer = layer;
	r = feed_from_file(&feed, j->fds[JOB_BLOB], j->m.have, e);
	if (r == 0 && (j->m.size < 0 || j->m.have < (uint64_t)j->m.size))
		r = s->source.driver->read(s->source.self, line, &q, &answer, e);
	if (r == 0)
		progress_send(&feed, true);
	if (r == 0)
		r = layer_finish(layer, &j->arena, &result, e);
	return r < 0 ? r : result_send(s, j, &result, e);
}

/* ---- workers ---- */

static struct job *job_next(struct serve *s)
{
	struct job *j;

	pthread_mutex_lock(&s->mutex);
	s->n_idle++;
	while (!s->first && !s->closing)
		pthread_cond_wait(&s->changed, &s->mutex);
	s->n_idle--;
	j = s->closing ? NULL : s->first;
	if (j) {
		s->first = j->next;
		if (!s->first)
			s->last = &s->first;
	}
	pthread_mutex_unlock(&s->mutex);
	return j;
}

static void *worker(void *arg)
{
	struct serve *s = arg;
	const struct source_driver *driver = s->source.driver;
	void *line = driver->line_open ? driver->line_open(s->source.self) : NULL;
	struct job *j;

	while ((j = job_next(s))) {
		struct err e = { 0 };

		if (layer_run(s, line, j, &e) < 0)
			transfer_send_error(s->sock, j->m.index, &e);
		job_free(j);
	}
	if (line)
		driver->line_close(line);
	return NULL;
}

static int job_add(struct serve *s, struct job *j, struct err *e)
{
	int r = 0;

	pthread_mutex_lock(&s->mutex);
	j->next = NULL;
	*s->last = j;
	s->last = &j->next;
	if (s->n_idle == 0 && s->n_threads < s->parallel) {
		r = -pthread_create(&s->threads[s->n_threads], NULL, worker, s);
		if (r == 0)
			s->n_threads++;
	}
	pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->mutex);
	return r < 0 && s->n_threads == 0 ? err_sys(e, r, "start worker") : 0;
}

/* ---- the main thread ---- */

static int buf_sink(void *arg, const void *p, size_t n, struct err *e)
{
	return buf_add(arg, p, n) == 0 ? 0 : err_set(e, ERR_EXHAUSTED, "document is too long");
}

static int document_get(struct serve *s, void *line, const struct transfer_message *m, struct err *e)
{
	size_t max = m->max && m->max < LIMIT_MANIFEST ? (size_t)m->max : LIMIT_MANIFEST;
	scoped_buf struct buf b = BUF(max);
	struct source_request q = { .name = m->name ? m->name : "", .accept = m->accept, .max = max, .sink = buf_sink, .arg = &b };
	struct transfer_message got = { .type = TRANSFER_GOT };
	struct source_answer answer;
	scoped_fd int fd = -EBADF;
	int r;

	r = s->source.driver->read(s->source.self, line, &q, &answer, e);
	if (r < 0)
		return r;
	fd = memfd_from_bytes("document", buf_text(&b), b.n);
	if (fd < 0)
		return err_sys(e, fd, "memory for a document");
	got.media_type = answer.media_type;
	got.digest = answer.digest;
	got.size = (int64_t)b.n;
	return transfer_send(s->sock, &got, &fd, 1, e);
}

static int layer_add(struct serve *s, const struct job *received, struct err *e)
{
	struct job *j = alloc_or_die(sizeof *j);

	*j = *received; /* the arena and the descriptors move along */
	if (j->n_fds < JOB_FDS_MIN) {
		int r = err_set(e, ERR_INVALID, "descriptors are missing");

		job_free(j);
		return r;
	}
	return job_add(s, j, e);
}

static int task_take(struct serve *s, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct transfer_message m, opened = { .type = TRANSFER_OPENED };
	int fds[TRANSFER_FDS];
	size_t n_fds;
	int r = transfer_receive(s->sock, &a, &m, fds, &n_fds, e);

	if (r <= 0)
		return r < 0 ? r : err_set(e, ERR_CANCELED, "the store went away");
	if (m.type != TRANSFER_OPEN)
		return err_set(e, ERR_INVALID, "expected message 'open', got '%s'", enumtab_name(&transfer_types, (int)m.type));
	s->parallel = m.parallel ? m.parallel : PARALLEL_DEFAULT;
	s->parallel = s->parallel > PARALLEL_MAX ? PARALLEL_MAX : s->parallel;
	r = confine(&m, fds, n_fds, e);
	if (r == 0)
		r = source_open(&m, fds + 1, n_fds - 1, &s->source, e);
	for (size_t i = 0; i < n_fds; i++)
		fd_close(fds[i]);
	return r < 0 ? r : transfer_send(s->sock, &opened, NULL, 0, e);
}

static void serve_end(struct serve *s)
{
	pthread_mutex_lock(&s->mutex);
	s->closing = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->mutex);
	if (s->source.driver && s->source.driver->stop)
		s->source.driver->stop(s->source.self);
	/* Workers in the middle of a layer end with the process: what they were making is nobody's. */
	if (s->n_idle == s->n_threads) {
		for (size_t i = 0; i < s->n_threads; i++)
			pthread_join(s->threads[i], NULL);
		source_close(&s->source);
	}
}

static int serve_loop(struct serve *s, struct err *e)
{
	const struct source_driver *driver = s->source.driver;
	void *line = driver->line_open ? driver->line_open(s->source.self) : NULL;
	int r;

	for (;;) {
		struct job j = { 0 };

		r = transfer_receive(s->sock, &j.arena, &j.m, j.fds, &j.n_fds, e);
		if (r <= 0) {
			arena_done(&j.arena);
			break;
		}
		if (j.m.type == TRANSFER_LAYER) {
			int64_t index = j.m.index;

			if (layer_add(s, &j, e) < 0)
				transfer_send_error(s->sock, index, e);
			continue; /* it belongs to the worker now */
		}
		if (j.m.type == TRANSFER_GET && document_get(s, line, &j.m, e) < 0)
			transfer_send_error(s->sock, -1, e);
		for (size_t i = 0; i < j.n_fds; i++)
			fd_close(j.fds[i]);
		arena_done(&j.arena);
	}
	if (line)
		driver->line_close(line);
	return r;
}

int serve(int sock, struct err *e)
{
	struct serve s = { .sock = sock };
	int r;

	s.last = &s.first;
	pthread_mutex_init(&s.mutex, NULL);
	pthread_cond_init(&s.changed, NULL);
	r = task_take(&s, e);
	if (r < 0) {
		transfer_send_error(sock, -1, e);
		return r;
	}
	r = serve_loop(&s, e);
	serve_end(&s);
	return r;
}
