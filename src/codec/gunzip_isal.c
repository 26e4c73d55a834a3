/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/gunzip.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>

#include <isa-l/igzip_lib.h>

#include "base/alloc.h"

struct gunzip {
	struct inflate_state state;
};

struct gunzip *gunzip_new(void)
{
	struct gunzip *g = alloc_or_die(sizeof *g);

	gunzip_reset(g);
	return g;
}

void gunzip_free(struct gunzip *g)
{
	free(g);
}

void gunzip_reset(struct gunzip *g)
{
	isal_inflate_init(&g->state);
	g->state.crc_flag = ISAL_GZIP;
}

static uint32_t u32_most(size_t n)
{
	return n > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)n;
}

int gunzip_step(struct gunzip *g, struct stream_io *io, bool *ret_end)
{
	uint32_t in = u32_most(io->n_in), out = u32_most(io->n_out);
	int r;

	/* The library does not write through next_in; it only forgot the const. */
	g->state.next_in = (uint8_t *)(uintptr_t)io->in;
	g->state.avail_in = in;
	g->state.next_out = io->out;
	g->state.avail_out = out;
	r = isal_inflate(&g->state);
	in -= g->state.avail_in;
	out -= g->state.avail_out;
	io->in += in;
	io->n_in -= in;
	io->out += out;
	io->n_out -= out;
	*ret_end = g->state.block_state == ISAL_BLOCK_FINISH;
	return r == ISAL_DECOMP_OK || r == ISAL_END_INPUT ? 0 : -EBADMSG;
}
