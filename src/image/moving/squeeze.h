/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * squeeze: compresses layers of a shipment on their way out, in parallel, and rewrites the documents that name them. The store keeps what it has: what is
 * made here is in files without a name, and the same layer gives the same bytes the next time.
 */
#include "image/moving/shipment.h"

/*
 * Compresses the layers that are plain tar (@all: all that are not of this kind already) and are in the store. @l is any open courier, without jobs.
 * The .fd of their blobs is owned by the shipment from now on: squeeze_done.
 */
int squeeze(struct shipment *s, const struct image_store *store, struct courier *l, enum pack_kind kind, bool all, struct err *e);

/* Closes the files. */
void squeeze_done(struct shipment *s);
