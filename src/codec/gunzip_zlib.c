/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/gunzip.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>

#define ZLIB_CONST 1
#include <zlib.h>

#include "base/alloc.h"

struct gunzip {
	z_stream z;
};

enum { GZIP_ONLY = 16 + MAX_WBITS };

struct gunzip *gunzip_new(void)
{
	struct gunzip *g = alloc_or_die(sizeof *g);

	*g = (struct gunzip){ 0 };
	if (inflateInit2(&g->z, GZIP_ONLY) != Z_OK)
		alloc_die(sizeof *g);
	return g;
}

void gunzip_free(struct gunzip *g)
{
	if (!g)
		return;
	inflateEnd(&g->z);
	free(g);
}

void gunzip_reset(struct gunzip *g)
{
	inflateReset(&g->z);
}

static uInt uint_most(size_t n)
{
	return n > UINT_MAX / 2 ? UINT_MAX / 2 : (uInt)n;
}

int gunzip_step(struct gunzip *g, struct stream_io *io, bool *ret_end)
{
	uInt in = uint_most(io->n_in), out = uint_most(io->n_out);
	int r;

	g->z.next_in = io->in;
	g->z.avail_in = in;
	g->z.next_out = io->out;
	g->z.avail_out = out;
	r = inflate(&g->z, Z_NO_FLUSH);
	in -= g->z.avail_in;
	out -= g->z.avail_out;
	io->in += in;
	io->n_in -= in;
	io->out += out;
	io->n_out -= out;
	*ret_end = r == Z_STREAM_END;
	return r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR ? 0 : -EBADMSG;
}
