/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * inflate: streaming decompression of gzip (ISA-L's igzip where it exists, zlib otherwise) and zstd, in this process: no helper program is ever
 * looked up (CVE-2014-9357, CVE-2026-41567).
 *
 * The caller owns both buffers. Concatenated gzip members and zstd frames are one stream, as `gzip -d` has it; anything else after the end is an
 * error. Windows are capped (LIMIT_ZSTD_WINDOW_LOG).
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/scope.h"
#include "base/str.h"
#include "codec/stream.h"

enum inflate_kind { INFLATE_NONE, INFLATE_GZIP, INFLATE_ZSTD, INFLATE_KIND_COUNT };

struct inflate;

/* What the first bytes (6 are enough) of a stream say; INFLATE_NONE for anything unknown. */
enum inflate_kind inflate_detect(struct str head);

/* A new stream, owned by the caller. */
struct inflate *inflate_new(enum inflate_kind kind);
void inflate_free(struct inflate *f);
static inline void inflate_freep(struct inflate **f)
{
	inflate_free(*f);
	*f = NULL;
}
#define scoped_inflate SCOPED(inflate_freep)

/* Moves on as far as input and room allow. Errors: -EBADMSG for bytes that are no such stream or fail their checksum. */
int inflate_step(struct inflate *f, struct stream_io *io);

/* After the last input: 0 if the stream ended where it should. Errors: -EBADMSG if it is cut short. */
int inflate_end(const struct inflate *f);
