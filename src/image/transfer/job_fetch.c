/* SPDX-License-Identifier: Apache-2.0 */
/* FETCH and HAS: a blob of the source into a file; and whether something is there. */
#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/limits.h"
#include "image/transfer/job.h"
#include "os/fd.h"

enum { JOB_FILE };

struct fetch {
	struct hash hash;
	int fd;              /* < 0: the bytes are in the file already */
	uint64_t current;
	struct job_progress progress;
};

static int fetch_sink(void *arg, const void *p, size_t n, struct err *e)
{
	struct fetch *f = arg;
	int r = f->fd < 0 ? 0 : fd_write_all(f->fd, p, n);

	if (r < 0)
		return err_sys(e, r, "write blob");
	hash_add(&f->hash, p, n);
	f->current += n;
	job_progress(&f->progress, f->current, false);
	return 0;
}

/* What came is what was asked for, or the file is worthless. Where nobody knew its digest, now it is told. */
static int fetch_check(struct fetch *f, const struct transfer_message *m, const struct digest *want, char ret[DIGEST_TEXT_SIZE], struct err *e)
{
	struct digest got;

	hash_finish(&f->hash, &got);
	digest_print(&got, ret);
	if (m->size >= 0 && f->current != (uint64_t)m->size)
		return err_set(e, ERR_CORRUPT, "blob has %" PRIu64 " bytes, expected %" PRId64, f->current, m->size);
	if (!want || digest_eq(&got, want))
		return 0;
	return err_set(e, ERR_CORRUPT, "blob has digest %s, expected %s", ret, m->digest);
}

int job_fetch(const struct job_ends *ends, void *line, struct job *j, struct err *e)
{
	const struct transfer_message *m = &j->m;
	struct fetch f = { .fd = -EBADF, .progress = { .sock = ends->sock, .index = m->index, .total = m->size > 0 ? (uint64_t)m->size : 0 } };
	struct source_request q = { .urls = &m->urls, .name = m->name ? m->name : "", .offset = m->have, .max = m->size >= 0 ? (uint64_t)m->size : LIMIT_BLOB,
		.sink = fetch_sink, .arg = &f };
	struct transfer_message done = { .type = TRANSFER_FETCHED, .index = m->index };
	const struct digest *want = NULL;
	struct source_answer answer;
	char text[DIGEST_TEXT_SIZE];
	struct digest d;
	int r = job_digest(m->digest, &d, &want, e);

	if (r == 0 && lseek(j->fds[JOB_FILE], (off_t)m->have, SEEK_SET) < 0)
		r = err_sys(e, -errno, "seek in blob");
	if (r < 0)
		return r;
	hash_init(&f.hash, want ? want->kind : DIGEST_SHA256);
	r = job_feed_file(j->fds[JOB_FILE], m->have, fetch_sink, &f, e);
	f.fd = j->fds[JOB_FILE];
	if (r == 0 && (m->size < 0 || m->have < (uint64_t)m->size))
		r = ends->source.driver->read(ends->source.self, line, &q, &answer, e);
	if (r == 0)
		r = fetch_check(&f, m, want, text, e);
	if (r < 0)
		return r;
	job_progress(&f.progress, f.current, true);
	done.digest = text;
	done.size = (int64_t)f.current;
	return job_answer(ends, &done, e);
}

int job_has(const struct job_ends *ends, void *line, struct job *j, struct err *e)
{
	struct transfer_message got = { .type = TRANSFER_GOT, .index = j->m.index };
	const char *name = j->m.name ? j->m.name : "";
	struct source_answer answer = { 0 };
	int r;

	if (ends->sink.driver)
		r = ends->sink.driver->has(ends->sink.self, line, name, j->m.accept, &answer, e);
	else if (ends->source.driver->has)
		r = ends->source.driver->has(ends->source.self, line, name, j->m.accept, &answer, e);
	else
		r = err_set(e, ERR_UNSUPPORTED, "this kind of source cannot be asked");
	if (r < 0)
		return r;
	got.media_type = answer.media_type;
	got.digest = answer.digest;
	got.size = (int64_t)answer.size;
	return job_answer(ends, &got, e);
}
