/* SPDX-License-Identifier: Apache-2.0 */
/* The source that is a directory: one layer, written as tar by pack. */
#include "image/transfer/pack.h"
#include "image/transfer/source_fd.h"

static int read_(void *self, void *line, const struct source_request *q, struct source_answer *ret, struct err *e)
{
	const struct pack_job job = { .dir_fd = *(int *)self, .root = true };
	struct pack_result ignored; /* a tree that changes gives a layer of some moment, as with cp */

	*ret = (struct source_answer){ 0 };
	return pack(&job, q->sink, q->arg, &ignored, e);
}

const struct source_driver source_tree = { source_fd_open, source_fd_close, NULL, NULL, read_, NULL };
