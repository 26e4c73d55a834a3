/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * tar_header: what stands before the content of a tar entry: a ustar header, and before that a pax header (POSIX.1-2017, pax, "pax Header Block") with
 * whatever the first has no room for: long names and names that are not ASCII, large numbers, times between seconds, attributes as SCHILY.xattr (what OCI
 * layers use). No access or change times, no names of owners: the same entry gives the same bytes.
 */
#include "base/buf.h"
#include "base/err.h"
#include "image/transfer/layer_entry.h"

enum { TAR_BLOCK = 512 };

/* Appends to @b. Directories get their '/'. Errors: ERR_UNSUPPORTED for a kind of file that tar does not know, ERR_INVALID, ERR_EXHAUSTED if @b is full. */
int tar_header(const struct layer_entry *entry, struct buf *b, struct err *e);

/* Bytes of content that follow. */
uint64_t tar_content(const struct layer_entry *entry);

/* Zeros that follow @n bytes of content. */
static inline size_t tar_padding(uint64_t n)
{
	return (size_t)(-n % TAR_BLOCK);
}
