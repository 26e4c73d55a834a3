/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/gzip.h"

#include <assert.h>

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include "base/alloc.h"

/* Level 3 costs a quarter more time than 1 and makes layers a tenth smaller. The library has no more, so 1 to 9 are shared out among three. */
enum { LEVEL = 3, LEVELS_EACH = 3, LEVEL_BUFFER = ISAL_DEF_LVL3_DEFAULT };

struct gzip {
	uint32_t level;
	struct isal_zstream stream;
	unsigned char level_buffer[LEVEL_BUFFER];
};

struct gzip *gzip_new(int level)
{
	struct gzip *g = alloc_or_die(sizeof *g);

	g->level = level > 0 ? (uint32_t)((level - 1) / LEVELS_EACH + 1) : LEVEL;
	return g;
}

void gzip_free(struct gzip *g)
{
	free(g);
}

size_t gzip_bound(size_t n)
{
	/* Stored blocks of 64 KB with five bytes each, flush marks, and the library's own slack. */
	return n + n / 1024 + 1024;
}

size_t gzip_block(struct gzip *g, const void *in, size_t n, bool last, void *out)
{
	size_t size = gzip_bound(n);
	int r;

	isal_deflate_init(&g->stream);
	g->stream.level = g->level;
	g->stream.level_buf = g->level_buffer;
	g->stream.level_buf_size = LEVEL_BUFFER;
	g->stream.gzip_flag = IGZIP_DEFLATE;
	g->stream.flush = last ? NO_FLUSH : FULL_FLUSH;
	g->stream.end_of_stream = last;
	/* The library does not write through next_in; it only forgot the const. */
	g->stream.next_in = (uint8_t *)(uintptr_t)in;
	g->stream.avail_in = (uint32_t)n;
	g->stream.next_out = out;
	g->stream.avail_out = (uint32_t)size;
	r = isal_deflate(&g->stream);
	assert(r == COMP_OK && g->stream.avail_in == 0 && g->stream.avail_out > 0);
	(void)r;
	return size - g->stream.avail_out;
}

uint32_t gzip_crc(uint32_t crc, const void *p, size_t n)
{
	return crc32_gzip_refl(crc, p, n);
}
