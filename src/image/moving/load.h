/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * load: the part of image_load (pull.h) that copy uses: one image of a file or directory. Private to src/image.
 */
#include "image/image.h"
#include "image/moving/pull_options.h"
#include "image/moving/transport.h"

/* Loads the image that @from names, or the only one, and gives it no name: its record is the caller's to name. Errors: as image_load; ERR_INVALID if there are
 * several and none is named. */
int load_one(struct image_store *s, const struct transport *from, const struct pull_options *o, struct arena *a, struct image *ret, struct err *e);
