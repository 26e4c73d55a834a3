/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * deflate: compression by blocks that know nothing of each other, so that several threads may make them, and that one after the other are one stream:
 * one gzip member (RFC 1952; every block but the last ends with a full flush), zstd frames in a row (RFC 8878), or the bytes as they are.
 *
 *     head | block | block | … | last block | tail        head and tail are empty but for gzip
 *
 * The same blocks give the same bytes, whoever makes them in whatever order.
 * Threads: one struct deflate per thread; deflate_head and deflate_tail belong to whoever puts the stream together.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"
#include "codec/inflate.h"

enum { DEFLATE_BLOCK = 1024 * 1024, DEFLATE_ENDS = 16 };

struct deflate;

/* @level: gzip 1 to 9, zstd 1 to 20; 0: the usual. */
struct deflate *deflate_new(enum inflate_kind kind, int level);
void deflate_free(struct deflate *d);
static inline void deflate_freep(struct deflate **d)
{
	deflate_free(*d);
	*d = NULL;
}
#define scoped_deflate SCOPED(deflate_freep)

/* Room that a block of @n bytes may take. */
size_t deflate_bound(enum inflate_kind kind, size_t n);

/* Compresses one block of at most DEFLATE_BLOCK bytes into @out (deflate_bound bytes). Returns how many it took. @last: nothing follows. */
size_t deflate_block(struct deflate *d, const void *in, size_t n, bool last, void *out);

/* What stands before the first block and after the last one; returns how many bytes. */
size_t deflate_head(enum inflate_kind kind, unsigned char ret[DEFLATE_ENDS]);
size_t deflate_tail(enum inflate_kind kind, uint32_t crc, uint64_t total, unsigned char ret[DEFLATE_ENDS]);

/* The checksum gzip wants, over all bytes in order; starts with 0. */
uint32_t deflate_crc(uint32_t crc, const void *p, size_t n);
