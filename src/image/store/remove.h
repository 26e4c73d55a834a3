/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * remove: what an image needs, and dropping what nobody needs. Private to src/image.
 */
#include "image/store/content.h"

/* Adds the digests of all blobs and layers @record refers to. Errors: -EBADMSG if a document cannot be read (what could be is added). */
int remove_needs(const struct image_store *s, const struct image_record *record, struct arena *a, struct strs *blobs, struct strs *layers);

/* Removes a blob unless somebody has it locked. */
int remove_blob(const struct image_store *s, const char *digest, struct err *e);

/* Removes those of @layers and @blobs that no record needs and nobody has locked; the diff ids of layers that went are added to @deleted. Safe against
 * pulls: see the lock order in content.h. */
int remove_unneeded(const struct image_store *s, const struct strs *layers, const struct strs *blobs, struct arena *a, struct strs *deleted, struct err *e);

/* The same for what failed work brought; what stays in spite of it is found by the next prune. */
void remove_brought(const struct image_store *s, const struct strs *layers, const struct strs *blobs, struct arena *a);
