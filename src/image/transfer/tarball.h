/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * tarball: tar entries -> bytes (tar_header.h), the counterpart of untar.
 */
#include <stddef.h>

#include "base/err.h"
#include "image/transfer/layer_entry.h"

struct tarball;

typedef int (*tarball_sink_fn)(void *arg, const void *p, size_t n, struct err *e);

/* Returns owned. */
struct tarball *tarball_new(tarball_sink_fn sink, void *arg);
void tarball_free(struct tarball *t);
static inline void tarball_freep(struct tarball **t)
{
	tarball_free(*t);
	*t = NULL;
}
#define scoped_tarball SCOPED(tarball_freep)

/* Begins an entry; a regular file's @entry->size bytes of content follow. What is missing when the next entry begins is filled with zeros. */
int tarball_entry(struct tarball *t, const struct layer_entry *entry, struct err *e);

/* Errors: -EINVAL for more than was said. */
int tarball_data(struct tarball *t, const void *p, size_t n, struct err *e);

/* The end of the archive. */
int tarball_finish(struct tarball *t, struct err *e);
