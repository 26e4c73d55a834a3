/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * save: images of the store into an archive or a directory.
 *
 * Blobs and documents go as they came, so that ids and digests stay; the same images give the same archive. The file appears when it is whole. The store is
 * only read, and the images are pinned.
 */
#include "image/image.h"
#include "image/moving/pull_options.h"
#include "image/moving/squeeze.h"
#include "image/moving/transport.h"

struct save_options {
	struct pull_options pull;      /* platform: what the images must be for; the rest for blobs that are fetched from where the images came */
	enum transport_kind format;    /* archives, layout, dir */
	const char *path;              /* NULL: standard output */
	const struct squeeze_how *squeeze; /* another compression of layers; NULL: as they are */
};

/*
 * @names: names or ids; a name without tag means all tags of it, as `docker save` has it. An image that is given by its id is saved without a name.
 * Errors: -ENOENT if there is no such image, or not for that platform.
 */
int image_save(struct image_store *s, const struct strs *names, const struct save_options *o, struct arena *a, struct err *e);
