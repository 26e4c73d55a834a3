/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * gzip: the driver behind deflate.h that makes raw deflate blocks; gzip_isal.c or gzip_zlib.c, chosen by the build.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gzip;

/* @level 1 (quick) to 9 (small), as far as the driver tells them apart; 0: the usual. */
struct gzip *gzip_new(int level);
void gzip_free(struct gzip *g);

/* As deflate_bound and deflate_block. */
size_t gzip_bound(size_t n);
size_t gzip_block(struct gzip *g, const void *in, size_t n, bool last, void *out);

uint32_t gzip_crc(uint32_t crc, const void *p, size_t n);
