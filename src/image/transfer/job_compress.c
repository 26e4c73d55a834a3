/* SPDX-License-Identifier: Apache-2.0 */
/* COMPRESS: a layer's blob, in whatever form, into a file in another. */
#include <errno.h>
#include <unistd.h>

#include "image/transfer/compress.h"
#include "image/transfer/job.h"
#include "image/transfer/stream.h"

enum { JOB_IN, JOB_OUT };

int job_compress(const struct job_ends *ends, void *line, struct job *j, struct err *e)
{
	scoped_compress struct compress *compress = NULL;
	struct job_squeeze feed = { .progress = { .sock = ends->sock, .index = j->m.index, .total = j->m.size > 0 ? (uint64_t)j->m.size : 0 } };
	struct transfer_message done = { .type = TRANSFER_COMPRESSED, .index = j->m.index };
	char blob[DIGEST_TEXT_SIZE], diff[DIGEST_TEXT_SIZE];
	struct compress_result made;
	int r;

	if (j->m.level > PACK_LEVEL_MAX)
		return err_set(e, ERR_INVALID, "there is no compression level %u", j->m.level);
	r = compress_new(job_compressions[j->m.compression], (int)j->m.level, j->fds[JOB_OUT], 0, &compress, e);
	if (r < 0)
		return r;
	feed.compress = compress;
	if (lseek(j->fds[JOB_IN], 0, SEEK_SET) < 0)
		return err_sys(e, -errno, "seek in blob");
	r = stream_copy(j->fds[JOB_IN], STREAM_ALL, job_squeeze, &feed, e);
	if (r == 0)
		r = compress_finish(compress, &made, e);
	if (r < 0)
		return r;
	digest_print(&made.blob, blob);
	digest_print(&made.diff, diff);
	done.digest = blob;
	done.diff_id = diff;
	done.size = (int64_t)made.blob_size;
	return job_answer(ends, &done, e);
}
