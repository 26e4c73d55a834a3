/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/gzip.h"

#include <assert.h>

#include <zlib.h>

#include "base/alloc.h"

enum { LEVEL = 4, MEMORY = 8 };

struct gzip {
	z_stream stream;
};

struct gzip *gzip_new(int level)
{
	struct gzip *g = alloc_or_die(sizeof *g);

	if (deflateInit2(&g->stream, level > 0 ? level : LEVEL, Z_DEFLATED, -MAX_WBITS, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		alloc_die(sizeof *g);
	return g;
}

void gzip_free(struct gzip *g)
{
	if (g)
		deflateEnd(&g->stream);
	free(g);
}

size_t gzip_bound(size_t n)
{
	return n + n / 1024 + 1024;
}

size_t gzip_block(struct gzip *g, const void *in, size_t n, bool last, void *out)
{
	size_t size = gzip_bound(n);
	int r;

	deflateReset(&g->stream);
	g->stream.next_in = (Bytef *)(uintptr_t)in;
	g->stream.avail_in = (uInt)n;
	g->stream.next_out = out;
	g->stream.avail_out = (uInt)size;
	r = deflate(&g->stream, last ? Z_FINISH : Z_FULL_FLUSH);
	assert(r == (last ? Z_STREAM_END : Z_OK) && g->stream.avail_in == 0);
	(void)r;
	return size - g->stream.avail_out;
}

uint32_t gzip_crc(uint32_t crc, const void *p, size_t n)
{
	return (uint32_t)crc32_z(crc, p, n);
}
