/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * manifest_verbose: what `manifest inspect --verbose` prints, in docker's shape: of each image its name, its descriptor with the platform, and its manifest.
 */
#include "image/image.h"
#include "image/moving/pull_options.h"

/* Of a list made here, else of what a registry has under @name: an object for one image, a list of them for an index. */
int manifest_verbose_print(struct image_store *s, const char *name, const struct pull_options *o, struct arena *a, struct err *e);
