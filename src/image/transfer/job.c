/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/job.h"

#include <errno.h>
#include <unistd.h>

#include "base/alloc.h"
#include "os/fd.h"
#include "os/proc.h"

enum { READ_PIECE = 256 * 1024, PROGRESS_NS = 100 * 1000 * 1000 };

void job_free(struct job *j)
{
	for (size_t i = 0; i < j->n_fds; i++)
		fd_close(j->fds[i]);
	arena_done(&j->arena);
	free(j);
}

void job_notices(const struct job_ends *ends)
{
	const char *(*next)(void *self) = ends->sink.driver ? ends->sink.driver->notice : ends->source.driver->notice;
	void *self = ends->sink.driver ? ends->sink.self : ends->source.self;
	struct transfer_message m = { .type = TRANSFER_NOTICE };
	struct err ignored; /* the store may be gone; the main thread will see */

	while (next && (m.name = next(self)))
		transfer_send(ends->sock, &m, NULL, 0, &ignored);
}

int job_answer(const struct job_ends *ends, const struct transfer_message *m, struct err *e)
{
	job_notices(ends);
	return transfer_send(ends->sock, m, NULL, 0, e);
}

void job_progress(struct job_progress *p, uint64_t current, bool now)
{
	struct transfer_message m = { .type = TRANSFER_PROGRESS, .index = p->index, .current = current, .total = p->total };
	uint64_t t = proc_now_ns();
	struct err ignored; /* the store may be gone; the main thread will see */

	if (!now && t - p->last_ns < PROGRESS_NS)
		return;
	p->last_ns = t;
	transfer_send(p->sock, &m, NULL, 0, &ignored);
}

int job_digest(const char *text, struct digest *d, const struct digest **ret, struct err *e)
{
	if (!text)
		return 0;
	if (digest_parse(text, d) < 0)
		return err_set(e, ERR_INVALID, "digest '%.100s' is not well-formed", text);
	*ret = d;
	return 0;
}

int job_feed_file(int fd, uint64_t n, int (*sink)(void *arg, const void *p, size_t n, struct err *e), void *arg, struct err *e)
{
	scoped_free char *piece = n ? alloc_or_die(READ_PIECE) : NULL;
	uint64_t at = 0;

	while (at < n) {
		size_t want = n - at < READ_PIECE ? (size_t)(n - at) : READ_PIECE;
		ssize_t got = pread(fd, piece, want, (off_t)at);
		int r;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_sys(e, got < 0 ? -errno : -EIO, "read blob");
		r = sink(arg, piece, (size_t)got, e);
		if (r < 0)
			return r;
		at += (uint64_t)got;
	}
	return 0;
}

int job_squeeze(void *arg, const void *p, size_t n, struct err *e)
{
	struct job_squeeze *s = arg;

	s->current += n;
	job_progress(&s->progress, s->current, false);
	return compress_add(s->compress, p, n, e);
}

const enum inflate_kind job_compressions[PACK_KIND_COUNT] = { [PACK_PLAIN] = INFLATE_NONE, [PACK_GZIP] = INFLATE_GZIP, [PACK_ZSTD] = INFLATE_ZSTD };

const char *const job_layer_types[INFLATE_KIND_COUNT] = {
	[INFLATE_NONE] = "application/vnd.oci.image.layer.v1.tar",
	[INFLATE_GZIP] = "application/vnd.oci.image.layer.v1.tar+gzip",
	[INFLATE_ZSTD] = "application/vnd.oci.image.layer.v1.tar+zstd",
};
