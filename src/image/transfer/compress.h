/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * compress: a stream of bytes into a compressed file, by several threads, with the digests of both.
 *
 *     caller: bytes -> diff digest, blocks  ==slots==>  compressors, one block each  --in order-->  blob digest, file
 *
 * The blocks are cut at fixed places, so the file does not depend on how many threads there were. Memory: two slots per thread and one, of two blocks.
 * Life cycle: compress_new, compress_add …, compress_finish; compress_free in any case.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "codec/deflate.h"
#include "codec/digest.h"

struct compress;

struct compress_result {
	struct digest blob, diff; /* sha256 of what was written, and of what came in */
	uint64_t blob_size, total;
};

/* Writes to @fd (borrowed; a pipe will do). @level as for deflate_new, 0: the usual. @threads 0: one per processor. Returns owned. */
int compress_new(enum inflate_kind kind, int level, int fd, unsigned threads, struct compress **ret, struct err *e);

/* The next bytes. Errors: whatever a thread met when it wrote. */
int compress_add(struct compress *c, const void *p, size_t n, struct err *e);

/* No more bytes: waits until all is written. */
int compress_finish(struct compress *c, struct compress_result *ret, struct err *e);

/* Stops the threads if they still run. */
void compress_free(struct compress *c);
static inline void compress_freep(struct compress **c)
{
	compress_free(*c);
	*c = NULL;
}
#define scoped_compress SCOPED(compress_freep)
