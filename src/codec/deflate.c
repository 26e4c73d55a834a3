/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/deflate.h"

#include <assert.h>
#include <string.h>

#include <zstd.h>

#include "base/alloc.h"
#include "codec/gzip.h"

enum { ZSTD_LEVEL = 3 };

struct deflate {
	enum inflate_kind kind;
	struct gzip *gzip;
	ZSTD_CCtx *zstd;
};

struct deflate *deflate_new(enum inflate_kind kind, int level)
{
	struct deflate *d = alloc_or_die(sizeof *d);

	*d = (struct deflate){ .kind = kind };
	if (kind == INFLATE_GZIP)
		d->gzip = gzip_new(level);
	if (kind != INFLATE_ZSTD)
		return d;
	d->zstd = ZSTD_createCCtx();
	if (!d->zstd)
		alloc_die(sizeof *d);
	ZSTD_CCtx_setParameter(d->zstd, ZSTD_c_compressionLevel, level > 0 ? level : ZSTD_LEVEL);
	return d;
}

void deflate_free(struct deflate *d)
{
	if (!d)
		return;
	gzip_free(d->gzip);
	ZSTD_freeCCtx(d->zstd);
	free(d);
}

size_t deflate_bound(enum inflate_kind kind, size_t n)
{
	return kind == INFLATE_GZIP ? gzip_bound(n) : kind == INFLATE_ZSTD ? ZSTD_compressBound(n) : n;
}

size_t deflate_block(struct deflate *d, const void *in, size_t n, bool last, void *out)
{
	size_t made;

	if (d->kind == INFLATE_GZIP)
		return gzip_block(d->gzip, in, n, last, out);
	if (d->kind == INFLATE_ZSTD) {
		made = ZSTD_compress2(d->zstd, out, ZSTD_compressBound(n), in, n);
		assert(!ZSTD_isError(made));
		return made;
	}
	if (n > 0)
		memcpy(out, in, n);
	return n;
}

size_t deflate_head(enum inflate_kind kind, unsigned char ret[DEFLATE_ENDS])
{
	/* No name, no time, no extra flags, system unknown: the same for everyone. */
	static const unsigned char head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff };

	if (kind != INFLATE_GZIP)
		return 0;
	memcpy(ret, head, sizeof head);
	return sizeof head;
}

size_t deflate_tail(enum inflate_kind kind, uint32_t crc, uint64_t total, unsigned char ret[DEFLATE_ENDS])
{
	if (kind != INFLATE_GZIP)
		return 0;
	for (int i = 0; i < 4; i++) {
		ret[i] = (unsigned char)(crc >> (8 * i));
		ret[4 + i] = (unsigned char)(total >> (8 * i));
	}
	return 8;
}

uint32_t deflate_crc(uint32_t crc, const void *p, size_t n)
{
	return gzip_crc(crc, p, n);
}
