/* SPDX-License-Identifier: Apache-2.0 */
/* LAYER: a blob of the source, unpacked. */
#include <errno.h>
#include <unistd.h>

#include "base/limits.h"
#include "image/transfer/job.h"
#include "image/transfer/layer.h"

enum { JOB_DIR, JOB_BLOB };

struct feed {
	struct layer *layer;
	uint64_t current;
	struct job_progress progress;
};

static int feed_sink(void *arg, const void *p, size_t n, struct err *e)
{
	struct feed *f = arg;
	int r = layer_feed(f->layer, p, n, e);

	f->current += n;
	if (r == 0)
		job_progress(&f->progress, f->current, false);
	return r;
}

static int result_send(const struct job_ends *ends, const struct job *j, const struct layer_result *result, struct err *e)
{
	struct transfer_message m = { .type = TRANSFER_OPAQUE, .index = j->m.index };
	char blob[DIGEST_TEXT_SIZE], diff[DIGEST_TEXT_SIZE], sum[TREE_SUM_TEXT];
	int r;

	for (size_t i = 0; i < result->opaque.n; i++) {
		m.name = result->opaque.v[i];
		r = transfer_send(ends->sock, &m, NULL, 0, e);
		if (r < 0)
			return r;
	}
	digest_print(&result->blob, blob);
	digest_print(&result->diff, diff);
	tree_sum_print(&result->sum, sum);
	m = (struct transfer_message){ .type = TRANSFER_UNPACKED, .index = j->m.index, .digest = blob, .diff_id = diff,
		.media_type = job_layer_types[result->compression], .size = (int64_t)result->blob_size, .entries = result->entries, .bytes = result->bytes,
		.sum = sum, .tar = result->tar };
	return job_answer(ends, &m, e);
}

int job_layer(const struct job_ends *ends, void *line, struct job *j, struct err *e)
{
	const struct source *source = &ends->source;
	scoped_layer struct layer *layer = NULL;
	struct layer_job job = { .blob_fd = j->m.keep ? j->fds[JOB_BLOB] : -EBADF, .blob_have = j->m.have, .dir_fd = j->fds[JOB_DIR], .form = j->m.form,
		.size = j->m.size };
	struct feed feed = { .progress = { .sock = ends->sock, .index = j->m.index, .total = j->m.size > 0 ? (uint64_t)j->m.size : 0 } };
	struct source_request q = { .urls = &j->m.urls, .name = j->m.name ? j->m.name : "", .offset = j->m.have, .max = LIMIT_BLOB, .sink = feed_sink, .arg = &feed };
	struct source_answer answer;
	struct layer_result result;
	struct digest blob, diff;
	int r;

	r = job_digest(j->m.digest, &blob, &job.blob, e);
	if (r == 0)
		r = job_digest(j->m.diff_id, &diff, &job.diff, e);
	if (r == 0 && j->m.keep && lseek(j->fds[JOB_BLOB], (off_t)j->m.have, SEEK_SET) < 0)
		r = err_sys(e, -errno, "seek in blob");
	if (r == 0)
		r = layer_new(&job, &layer, e);
	if (r < 0)
		return r;
	feed.layer = layer;
	r = job_feed_file(j->fds[JOB_BLOB], j->m.have, feed_sink, &feed, e);
	if (r == 0 && (j->m.size < 0 || j->m.have < (uint64_t)j->m.size))
		r = source->driver->read(source->self, line, &q, &answer, e);
	if (r == 0)
		job_progress(&feed.progress, feed.current, true);
	if (r == 0)
		r = layer_finish(layer, &j->arena, &result, e);
	return r < 0 ? r : result_send(ends, j, &result, e);
}
