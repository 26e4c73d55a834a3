/* SPDX-License-Identifier: Apache-2.0 */
/* PUT and DROP: a blob or a document into the sink; and away again. */
#include "image/transfer/job.h"

static void on_sent(void *arg, uint64_t sent)
{
	job_progress(arg, sent, false);
}

int job_put(const struct job_ends *ends, void *line, struct job *j, struct err *e)
{
	const struct transfer_message *m = &j->m;
	struct job_progress progress = { .sock = ends->sock, .index = m->index, .total = m->size > 0 ? (uint64_t)m->size : 0 };
	struct sink_put put = { .name = m->name ? m->name : "", .digest = m->digest, .media_type = m->media_type, .from = m->from,
		.fd = j->n_fds > 0 ? j->fds[0] : -EBADF, .size = progress.total, .progress = on_sent, .arg = &progress };
	struct transfer_message stored = { .type = TRANSFER_STORED, .index = m->index };
	const struct digest *checked = NULL;
	struct sink_answer answer;
	struct digest d;
	int r = job_digest(m->digest, &d, &checked, e);

	if (r == 0)
		r = ends->sink.driver->put(ends->sink.self, line, &put, &answer, e);
	if (r < 0)
		return r;
	stored.outcome = answer.outcome;
	stored.digest = answer.digest;
	stored.subject = answer.subject;
	stored.size = m->size;
	return job_answer(ends, &stored, e);
}

int job_drop(const struct job_ends *ends, void *line, struct job *j, struct err *e)
{
	struct transfer_message dropped = { .type = TRANSFER_DROPPED, .index = j->m.index };
	int r;

	if (!ends->sink.driver->drop)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: taking something away from this kind of sink");
	r = ends->sink.driver->drop(ends->sink.self, line, j->m.name ? j->m.name : "", e);
	return r < 0 ? r : job_answer(ends, &dropped, e);
}
