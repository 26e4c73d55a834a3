/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * usage: what images cost on the disk, in allocated bytes, each byte once. For `tare system df` and `info`.
 */
#include "image/image.h"

struct image_space {
	const char *id;
	const char *created;     /* RFC 3339 of the config, or NULL */
	struct strs names;       /* canonical */
	uint64_t unique, shared; /* layers and blobs that no other image needs, and those that one does */
	bool active;             /* a container is made of it */
};

struct image_usage {
	uint64_t n_images, n_active, n_layers;
	uint64_t blob_bytes, layer_bytes; /* that images need */
	uint64_t idle;           /* of these: what only images need that no container is made of */
	uint64_t orphans;        /* what no image needs, and what interrupted work left: not in the others */
	struct image_space *v;   /* one per image */
};

/* @in_use may be NULL: then no image is active. What vanishes meanwhile is passed over. */
int image_usage(struct image_store *s, image_in_use_fn in_use, void *arg, struct arena *a, struct image_usage *ret, struct err *e);
