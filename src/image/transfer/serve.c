/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/serve.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "image/protocol.h"
#include "image/transfer/confine.h"
#include "image/transfer/dial.h"
#include "image/transfer/job.h"
#include "image/transfer/registry.h"
#include "image/transfer/signature.h"
#include "os/fd.h"
#include "os/memfd.h"

enum { PARALLEL_MAX = 32 };

struct serve {
	struct job_ends ends;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct job *first, **last;
	bool closing;
	pthread_t threads[PARALLEL_MAX];
	size_t n_threads, n_idle;
	uint32_t parallel;
	struct dialer dialer;
};

/* What workers do, for whom it makes sense, and how many descriptors it takes. */
enum { FOR_SOURCE = 1 << 0, FOR_SINK = 1 << 1 };
static const struct {
	job_fn run;
	int ends;
	size_t fds_min;
} orders[TRANSFER_TYPE_COUNT] = {
	[TRANSFER_LAYER] = { job_layer, FOR_SOURCE, 2 },
	[TRANSFER_PACK] = { job_pack, FOR_SOURCE, 2 },
	[TRANSFER_PLACE] = { job_place, FOR_SOURCE, 2 },
	[TRANSFER_FETCH] = { job_fetch, FOR_SOURCE, 1 },
	[TRANSFER_HAS] = { job_has, FOR_SOURCE | FOR_SINK, 0 },
	[TRANSFER_COMPRESS] = { job_compress, FOR_SOURCE | FOR_SINK, 2 },
	[TRANSFER_PUT] = { job_put, FOR_SINK, 0 },
	[TRANSFER_DROP] = { job_drop, FOR_SINK, 0 },
};

/* ---- the open end, whichever it is ---- */

static void *line_open(const struct job_ends *ends)
{
	if (ends->sink.driver)
		return ends->sink.driver->line_open ? ends->sink.driver->line_open(ends->sink.self) : NULL;
	return ends->source.driver->line_open ? ends->source.driver->line_open(ends->source.self) : NULL;
}

static void line_close(const struct job_ends *ends, void *line)
{
	if (!line)
		return;
	if (ends->sink.driver)
		ends->sink.driver->line_close(line);
	else
		ends->source.driver->line_close(line);
}

static void ends_stop(const struct job_ends *ends)
{
	if (ends->sink.driver && ends->sink.driver->stop)
		ends->sink.driver->stop(ends->sink.self);
	if (ends->source.driver && ends->source.driver->stop)
		ends->source.driver->stop(ends->source.self);
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
	void *line = line_open(&s->ends);
	struct job *j;

	while ((j = job_next(s))) {
		struct err e = { 0 };

		if (orders[j->m.type].run(&s->ends, line, j, &e) < 0) {
			job_notices(&s->ends);
			transfer_send_error(s->ends.sock, j->m.index, &e);
		}
		job_free(j);
	}
	line_close(&s->ends, line);
	return NULL;
}

static int job_queue(struct serve *s, struct job *j, struct err *e)
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

/* Takes over what was received. */
static int job_add(struct serve *s, const struct job *received, struct err *e)
{
	struct job *j = alloc_or_die(sizeof *j);
	int end = s->ends.sink.driver ? FOR_SINK : FOR_SOURCE, r = 0;

	*j = *received;
	if (!(orders[j->m.type].ends & end))
		r = err_set(e, ERR_INVALID, "message '%s' is not for a %s", enumtab_name(&transfer_types, (int)j->m.type), end == FOR_SINK ? "sink" : "source");
	else if (j->n_fds < orders[j->m.type].fds_min)
		r = err_set(e, ERR_INVALID, "descriptors are missing");
	if (r == 0)
		return job_queue(s, j, e);
	job_free(j);
	return r;
}

/* ---- the main thread ---- */

static int buf_sink(void *arg, const void *p, size_t n, struct err *e)
{
	return buf_add(arg, p, n) == 0 ? 0 : err_set(e, ERR_EXHAUSTED, "document is too long");
}

static int document_get(struct serve *s, void *line, const struct transfer_message *m, struct err *e)
{
	const struct source *source = &s->ends.source;
	const struct sink *sink = &s->ends.sink;
	size_t max = m->max && m->max < LIMIT_MANIFEST ? (size_t)m->max : LIMIT_MANIFEST;
	scoped_buf struct buf b = BUF(max);
	struct source_request q = { .name = m->name ? m->name : "", .accept = m->accept, .max = max, .sink = buf_sink, .arg = &b };
	struct transfer_message got = { .type = TRANSFER_GOT };
	struct source_answer answer = { 0 };
	scoped_fd int fd = -EBADF;
	int r;

	if (sink->driver && !sink->driver->read)
		return err_set(e, ERR_INVALID, "message 'get' is not for this kind of sink");
	r = sink->driver ? sink->driver->read(sink->self, line, &q, &answer, e) : source->driver->read(source->self, line, &q, &answer, e);
	job_notices(&s->ends);
	if (r < 0)
		return r;
	fd = memfd_from_bytes("document", buf_text(&b), b.n);
	if (fd < 0)
		return err_sys(e, fd, "memory for a document");
	got.media_type = answer.media_type;
	got.digest = answer.digest;
	got.link = answer.link;
	got.size = (int64_t)b.n;
	return transfer_send(s->ends.sock, &got, &fd, 1, e);
}

/* The store sends it when everything is STORED. */
static int sink_finish(struct serve *s, struct err *e)
{
	const struct sink *sink = &s->ends.sink;
	struct transfer_message closed = { .type = TRANSFER_CLOSED };
	int r = 0;

	if (!sink->driver)
		return err_set(e, ERR_INVALID, "message 'close' is not for a source");
	if (sink->driver->finish)
		r = sink->driver->finish(sink->self, e);
	return r < 0 ? r : transfer_send(s->ends.sock, &closed, NULL, 0, e);
}

/* The first descriptor for a source is the layers directory; a sink's are all its own. A registry has the dialer's. */
static int end_open(struct serve *s, const struct transfer_message *m, const int *fds, size_t n_fds, struct err *e)
{
	size_t n_before = m->sink == SINK_NONE;

	if (confine_is_online(m)) {
		fds = &s->dialer.sock;
		n_fds = 1;
	} else {
		fds += n_before;
		n_fds -= n_before;
	}
	if (m->sink != SINK_NONE)
		return sink_open(m, fds, n_fds, &s->ends.sink, e);
	return source_open(m, fds, n_fds, &s->ends.source, e);
}

static int task_take(struct serve *s, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct transfer_message m, opened = { .type = TRANSFER_OPENED };
	int fds[TRANSFER_FDS];
	size_t n_fds;
	int r = transfer_receive(s->ends.sock, &a, &m, fds, &n_fds, e);

	if (r <= 0)
		return r < 0 ? r : err_set(e, ERR_CANCELED, "the store went away");
	if (m.type != TRANSFER_OPEN)
		return err_set(e, ERR_INVALID, "expected message 'open', got '%s'", enumtab_name(&transfer_types, (int)m.type));
	s->parallel = m.parallel ? m.parallel : TRANSFER_PARALLEL;
	s->parallel = s->parallel > PARALLEL_MAX ? PARALLEL_MAX : s->parallel;
	r = confine_is_online(&m) ? registry_dialer_start(&m, &s->dialer, e) : 0;
	if (r == 0)
		r = confine(&m, fds, n_fds, e);
	if (r == 0)
		r = end_open(s, &m, fds, n_fds, e);
	for (size_t i = 0; i < n_fds; i++)
		fd_close(fds[i]);
	return r < 0 ? r : transfer_send(s->ends.sock, &opened, NULL, 0, e);
}

static void serve_end(struct serve *s)
{
	bool idle;

	pthread_mutex_lock(&s->mutex);
	idle = s->n_idle == s->n_threads;
	s->closing = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->mutex);
	ends_stop(&s->ends);
	/* Workers in the middle of something end with the process, now: what they were making is nobody's, and libraries that clean up behind them would not like it. */
	if (!idle) {
		dialer_stop(&s->dialer);
		_exit(1);
	}
	for (size_t i = 0; i < s->n_threads; i++)
		pthread_join(s->threads[i], NULL);
	source_close(&s->ends.source);
	sink_close(&s->ends.sink);
}

static int fd_text(int fd, size_t max, struct arena *a, struct str *ret, struct err *e)
{
	scoped_buf struct buf b = BUF(max);
	int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_read_buf(fd, &b);

	if (r < 0)
		return err_sys(e, r, "read what is to be signed");
	*ret = (struct str){ arena_strndup(a, buf_text(&b), b.n), b.n };
	return 0;
}

/* VERIFY and SIGN: text and key come as descriptors. */
static int signature_serve(struct serve *s, struct job *j, struct err *e)
{
	struct transfer_message answer = { .type = j->m.type == TRANSFER_SIGN ? TRANSFER_SIGNED : TRANSFER_VERIFIED };
	struct str text, key, bytes;
	int r;

	if (j->n_fds != 2)
		return err_set(e, ERR_INVALID, "descriptors are missing");
	r = fd_text(j->fds[0], LIMIT_SIGNATURE, &j->arena, &text, e);
	if (r == 0)
		r = fd_text(j->fds[1], LIMIT_CERTS, &j->arena, &key, e);
	if (r == 0 && j->m.type == TRANSFER_SIGN) {
		r = signature_make(text, key, j->m.password, &j->arena, &bytes, e);
		answer.signature = r == 0 ? base64_encode(bytes, &j->arena) : NULL;
	} else if (r == 0) {
		r = base64_decode(str_of(j->m.signature), &j->arena, &bytes) < 0 ? err_set(e, ERR_DENIED, "signature is not base64") :
			signature_verify(text, bytes, key, e);
	}
	return r < 0 ? r : transfer_send(s->ends.sock, &answer, NULL, 0, e);
}

static int message_serve(struct serve *s, void *line, struct job *j, struct err *e)
{
	const struct transfer_message *m = &j->m;

	switch ((int)m->type) {
	case TRANSFER_VERIFY:
	case TRANSFER_SIGN:
		return signature_serve(s, j, e);
	case TRANSFER_GET:
		return document_get(s, line, m, e);
	case TRANSFER_CLOSE:
		return sink_finish(s, e);
	default:
		return err_set(e, ERR_INVALID, "unexpected message '%s'", enumtab_name(&transfer_types, (int)m->type));
	}
}

static int serve_loop(struct serve *s, struct err *e)
{
	void *line = line_open(&s->ends);
	int r;

	for (;;) {
		struct job j = { 0 };

		r = transfer_receive(s->ends.sock, &j.arena, &j.m, j.fds, &j.n_fds, e);
		if (r <= 0) {
			arena_done(&j.arena);
			break;
		}
		if (orders[j.m.type].run) {
			int64_t index = j.m.index;

			if (job_add(s, &j, e) < 0)
				transfer_send_error(s->ends.sock, index, e);
			continue; /* it belongs to the worker now */
		}
		if (message_serve(s, line, &j, e) < 0)
			transfer_send_error(s->ends.sock, -1, e);
		for (size_t i = 0; i < j.n_fds; i++)
			fd_close(j.fds[i]);
		arena_done(&j.arena);
	}
	line_close(&s->ends, line);
	return r;
}

int serve(int sock, struct err *e)
{
	struct serve s = { .ends = { .sock = sock }, .dialer = DIALER_NONE };
	int r;

	s.last = &s.first;
	pthread_mutex_init(&s.mutex, NULL);
	pthread_cond_init(&s.changed, NULL);
	r = task_take(&s, e);
	if (r < 0) {
		transfer_send_error(sock, -1, e);
	} else {
		r = serve_loop(&s, e);
		serve_end(&s);
	}
	dialer_stop(&s.dialer);
	return r;
}
