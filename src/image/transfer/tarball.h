/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * tarball: tar entries -> bytes, the counterpart of untar. pax, with times to the nanosecond, names as bytes, attributes as SCHILY.xattr (what OCI
 * layers use). No access or change times, no names of owners: the same tree gives the same bytes.
 */
#include <stddef.h>

#include "base/err.h"
#include "image/transfer/extract.h"

struct tarball;

typedef int (*tarball_sink_fn)(void *arg, const void *p, size_t n, struct err *e);

/* Returns owned. */
int tarball_new(tarball_sink_fn sink, void *arg, struct tarball **ret, struct err *e);
void tarball_free(struct tarball *t);
static inline void tarball_freep(struct tarball **t)
{
	tarball_free(*t);
	*t = NULL;
}
#define scoped_tarball SCOPED(tarball_freep)

/* Begins an entry; a regular file's @entry->size bytes of content follow. What is missing when the next entry begins is filled with zeros. */
int tarball_entry(struct tarball *t, const struct extract_entry *entry, struct err *e);
int tarball_data(struct tarball *t, const void *p, size_t n, struct err *e);

/* The end of the archive. */
int tarball_finish(struct tarball *t, struct err *e);
