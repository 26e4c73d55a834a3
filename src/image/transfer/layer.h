/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * layer: one layer on its way from compressed bytes to files, with both its digests, in two threads.
 *
 *     caller: bytes -> blob digest, blob file, decompression  ==ring of buffers==>  unpacker: diff-ID digest, tar, files
 *
 * No byte of the uncompressed layer is stored anywhere but in its file, or, in the form that is not unpacked, in the one file of the layer. The compression is detected from the first bytes. A failure on either side stops
 * the other at its next buffer. What lies in the directory after a failure is worthless; the store discards it.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/digest.h"
#include "codec/inflate.h"
#include "image/store/form.h"
#include "os/tree_sum.h"

struct layer;

struct layer_job {
	int blob_fd;                 /* the blob is written here (borrowed), or -EBADF: do not keep it */
	uint64_t blob_have;          /* bytes that are in the file already: feed them, they are not written again */
	int dir_fd;                  /* files go here, borrowed */
	enum layer_form form;
	const struct digest *blob;   /* what they must be; NULL: whatever they are */
	const struct digest *diff;
	int64_t size;                /* of the blob; negative: unknown */
};

struct layer_result {
	struct digest blob, diff;
	enum inflate_kind compression;
	uint64_t blob_size, entries, bytes;
	struct tree_sum sum;
	uint64_t tar;
	struct strs opaque;
};

/* Starts the unpacker. Returns owned. */
int layer_new(const struct layer_job *job, struct layer **ret, struct err *e);

/* The next bytes of the blob. Errors: whatever either side met. */
int layer_feed(struct layer *l, const void *p, size_t n, struct err *e);

/* No more bytes: waits for the unpacker and checks sizes and digests. @a keeps the result. Errors: -EBADMSG (corrupt) if something is not what it claims. */
int layer_finish(struct layer *l, struct arena *a, struct layer_result *ret, struct err *e);

/* Stops the unpacker if it still runs. */
void layer_free(struct layer *l);
static inline void layer_freep(struct layer **l)
{
	layer_free(*l);
	*l = NULL;
}
#define scoped_layer SCOPED(layer_freep)
