/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/sink.h"

#include <errno.h>
#include <unistd.h>

#include "base/alloc.h"
#include "codec/digest.h"

enum { PIECE = 256 * 1024 };

static const struct sink_driver *const drivers[SINK_KIND_COUNT] = {
	[SINK_REGISTRY] = &sink_registry,
	[SINK_ARCHIVE] = &sink_archive,
	[SINK_DIRECTORY] = &sink_directory,
};

int sink_open(const struct transfer_message *m, const int *fds, size_t n_fds, struct sink *ret, struct err *e)
{
	struct sink s = { .driver = drivers[m->sink] };
	int r = s.driver->open(m, fds, n_fds, &s.self, e);

	if (r == 0)
		*ret = s;
	return r;
}

void sink_close(struct sink *s)
{
	if (s->driver)
		s->driver->close(s->self);
	*s = (struct sink){ 0 };
}

int sink_put_each(const struct sink_put *q, int (*fn)(void *arg, const void *p, size_t n, struct err *e), void *arg, struct err *e)
{
	scoped_free char *piece = alloc_or_die(PIECE);
	struct digest want = { 0 }, got;
	struct hash hash;
	uint64_t at = 0;

	if (q->digest && digest_parse(q->digest, &want) < 0)
		return err_set(e, ERR_INVALID, "digest '%.100s' is not well-formed", q->digest);
	hash_init(&hash, want.kind);
	while (at < q->size) {
		size_t left = q->size - at < PIECE ? (size_t)(q->size - at) : PIECE;
		ssize_t n = pread(q->fd, piece, left, (off_t)at);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, -errno, "read '%.100s'", q->name);
		if (n == 0)
			return err_set(e, ERR_CORRUPT, "'%.100s' has %llu bytes, expected %llu", q->name, (unsigned long long)at, (unsigned long long)q->size);
		if (q->digest)
			hash_add(&hash, piece, (size_t)n);
		r = fn(arg, piece, (size_t)n, e);
		if (r < 0)
			return r;
		at += (uint64_t)n;
		if (q->progress)
			q->progress(q->arg, at);
	}
	if (!q->digest)
		return 0;
	hash_finish(&hash, &got);
	return digest_eq(&want, &got) ? 0 : err_set(e, ERR_CORRUPT, "'%.100s' does not have digest %.100s: it is damaged", q->name, q->digest);
}
