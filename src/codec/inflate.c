/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/inflate.h"

#include <errno.h>
#include <string.h>

#include <zstd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "codec/gunzip.h"

struct inflate {
	enum inflate_kind kind;
	struct gunzip *gunzip;
	ZSTD_DStream *zstd;
	bool begun; /* inside a member or frame */
};

static int copy_step(struct inflate *f, struct stream_io *io, bool *ret_end)
{
	size_t n = io->n_in < io->n_out ? io->n_in : io->n_out;

	memcpy(io->out, io->in, n);
	io->in += n;
	io->n_in -= n;
	io->out += n;
	io->n_out -= n;
	*ret_end = true;
	return 0;
}

static int gzip_step(struct inflate *f, struct stream_io *io, bool *ret_end)
{
	int r = gunzip_step(f->gunzip, io, ret_end);

	if (r == 0 && *ret_end)
		gunzip_reset(f->gunzip);
	return r;
}

static int zstd_step(struct inflate *f, struct stream_io *io, bool *ret_end)
{
	ZSTD_inBuffer in = { io->in, io->n_in, 0 };
	ZSTD_outBuffer out = { io->out, io->n_out, 0 };
	size_t left = ZSTD_decompressStream(f->zstd, &out, &in);

	io->in += in.pos;
	io->n_in -= in.pos;
	io->out += out.pos;
	io->n_out -= out.pos;
	*ret_end = left == 0;
	return ZSTD_isError(left) ? -EBADMSG : 0;
}

static int (*const steps[INFLATE_KIND_COUNT])(struct inflate *, struct stream_io *, bool *) = {
	[INFLATE_NONE] = copy_step,
	[INFLATE_GZIP] = gzip_step,
	[INFLATE_ZSTD] = zstd_step,
};

enum inflate_kind inflate_detect(struct str head)
{
	if (head.n >= 3 && memcmp(head.p, "\x1f\x8b\x08", 3) == 0)
		return INFLATE_GZIP;
	if (head.n >= 4 && memcmp(head.p, "\x28\xb5\x2f\xfd", 4) == 0)
		return INFLATE_ZSTD;
	/* A zstd skippable frame, with which zstd:chunked may begin. */
	if (head.n >= 4 && (head.p[0] & 0xf0) == 0x50 && memcmp(head.p + 1, "\x2a\x4d\x18", 3) == 0)
		return INFLATE_ZSTD;
	return INFLATE_NONE;
}

struct inflate *inflate_new(enum inflate_kind kind)
{
	struct inflate *f = alloc_or_die(sizeof *f);

	*f = (struct inflate){ .kind = kind };
	if (kind == INFLATE_GZIP)
		f->gunzip = gunzip_new();
	if (kind == INFLATE_ZSTD) {
		f->zstd = ZSTD_createDStream();
		if (!f->zstd)
			alloc_die(ZSTD_DStreamInSize());
		ZSTD_DCtx_setParameter(f->zstd, ZSTD_d_windowLogMax, LIMIT_ZSTD_WINDOW_LOG);
	}
	return f;
}

void inflate_free(struct inflate *f)
{
	if (!f)
		return;
	gunzip_free(f->gunzip);
	ZSTD_freeDStream(f->zstd);
	free(f);
}

int inflate_step(struct inflate *f, struct stream_io *io)
{
	bool end = false;
	int r;

	while (io->n_in > 0 || f->begun) {
		size_t n_in = io->n_in, n_out = io->n_out;

		if (n_out == 0)
			return 0;
		r = steps[f->kind](f, io, &end);
		if (r < 0)
			return r;
		f->begun = !end;
		if (io->n_in == n_in && io->n_out == n_out)
			return 0; /* wants more input */
	}
	return 0;
}

int inflate_end(const struct inflate *f)
{
	return f->begun ? -EBADMSG : 0;
}
