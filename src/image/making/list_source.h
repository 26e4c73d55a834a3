/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * list_source: what an image added to a manifest list stands for: descriptors with platforms, from the store or a registry.
 */
#include "base/vec.h"
#include "image/image.h"
#include "image/moving/pull_options.h"

struct list_found {
	struct oci_descriptor *v;
	size_t n, cap;
	const char *origin; /* "host/repository" if it is from a registry */
	bool is_index;      /* its entries, not the one image it is */
	const char *id;     /* of the image if it is from the store */
};

/* As list_add says. */
int list_source_find(struct image_store *s, const char *image, bool all, const struct pull_options *o, struct arena *a, struct list_found *ret, struct err *e);

/* The document of an entry: of the store, else (@origin not NULL) of where it was found. Errors: -ENOENT if it is nowhere. */
int list_source_read(struct image_store *s, const char *digest, const char *origin, const struct pull_options *o, struct arena *a, struct str *ret,
	struct err *e);

/* A manifest or index of a registry, as it is there. */
int list_source_fetch(struct image_store *s, const char *image, const struct pull_options *o, struct arena *a, struct str *ret, struct err *e);
