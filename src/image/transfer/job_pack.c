/* SPDX-License-Identifier: Apache-2.0 */
/* PACK: the tree of a source, as a compressed tar in a file. */
#include "base/limits.h"
#include "image/transfer/compress.h"
#include "image/transfer/job.h"
#include "image/transfer/pack.h"
#include "os/fd.h"

enum { JOB_DIR, JOB_FILE, JOB_MARKS };

static int marks_read(struct job *j, struct pack_marks *ret, struct err *e)
{
	scoped_buf struct buf text = BUF(LIMIT_FILE);
	int r = j->n_fds > JOB_MARKS ? fd_read_buf(j->fds[JOB_MARKS], &text) : 0;

	*ret = (struct pack_marks){ 0 };
	return r < 0 ? err_sys(e, r, "read marks") : pack_marks_parse(buf_str(&text), &j->arena, ret, e);
}

static int result_send(int sock, const struct job *j, const struct pack_result *tree, const struct compress_result *made, struct err *e)
{
	char blob[DIGEST_TEXT_SIZE], diff[DIGEST_TEXT_SIZE];

	digest_print(&made->blob, blob);
	digest_print(&made->diff, diff);
	return transfer_send(sock, &(struct transfer_message){ .type = TRANSFER_PACKED, .index = j->m.index, .digest = blob, .diff_id = diff,
		.media_type = job_layer_types[job_compressions[j->m.compression]], .size = (int64_t)made->blob_size, .total = made->total, .entries = tree->entries,
		.bytes = tree->bytes, .changed = tree->changed }, NULL, 0, e);
}

int job_pack(const struct job_ends *ends, void *line, struct job *j, struct err *e)
{
	scoped_compress struct compress *compress = NULL;
	struct job_squeeze feed = { .progress = { .sock = ends->sock, .index = j->m.index } };
	struct pack_marks marks;
	struct pack_job job = { .dir_fd = j->fds[JOB_DIR], .layer = j->m.overlay, .root = j->m.root, .item = j->m.item, .marks = &marks };
	struct compress_result made;
	struct pack_result tree;
	int r = marks_read(j, &marks, e);

	if (r == 0)
		r = compress_new(job_compressions[j->m.compression], 0, j->fds[JOB_FILE], 0, &compress, e);
	feed.compress = compress;
	if (r == 0)
		r = pack(&job, job_squeeze, &feed, &tree, e);
	if (r == 0)
		r = compress_finish(compress, &made, e);
	return r < 0 ? r : result_send(ends->sock, j, &tree, &made, e);
}
