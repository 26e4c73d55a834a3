/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * fetch: gets blobs into the store that an image names but the store does not have, because their layers came another way (unpacked from another
 * blob, or the blob was dropped). They are looked for where the image's names say it is from.
 */
#include "image/moving/deliver.h"
#include "image/moving/pull_options.h"
#include "image/store/content.h"

/* Fetches those of @blobs that are not in the store and cannot be mounted (.from). Errors: ERR_NOT_FOUND if no name of the image leads to them. */
int fetch_missing(const struct image_store *s, const struct image_record *record, const struct deliver_blob *blobs, size_t n_blobs,
	const struct pull_options *o, struct arena *a, struct err *e);
