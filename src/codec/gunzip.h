/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * gunzip: the gzip driver behind inflate.h; gunzip_isal.c or gunzip_zlib.c, chosen by the build.
 */
#include <stdbool.h>

#include "codec/stream.h"

struct gunzip;

struct gunzip *gunzip_new(void);
void gunzip_free(struct gunzip *g);

/* Like inflate_step for one member; *ret_end when its trailer has been checked. */
int gunzip_step(struct gunzip *g, struct stream_io *io, bool *ret_end);

/* Gets ready for the next member. */
void gunzip_reset(struct gunzip *g);
