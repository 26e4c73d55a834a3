/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * layout_index: the documents that say what is in a layout or archive: index.json, and Docker's manifest.json and repositories. Text in, text out.
 */
#include "image/moving/shipment.h"
#include "image/moving/transport.h"

/* One image that goes to a layout or archive. */
struct layout_image {
	const char *digest;      /* of the document it begins with, which is in the shipment */
	const char *manifest;    /* of the image manifest for manifest.json; the same, unless that one is an index */
	struct strs names;       /* canonical references; may be none */
	const char *ref_name;    /* what the layout calls it; NULL: by its names */
	const struct oci_platform *platform; /* NULL: not said */
};

struct layout_images {
	struct layout_image *v;
	size_t n;
};

/*
 * index.json: @old (p NULL: none yet) with an entry for each name of the images; entries that had one of these names, or stood for the same document without
 * a name, are replaced, the others stay.
 */
int layout_index_text(struct str old, const struct shipment *s, const struct layout_images *images, struct buf *b, struct err *e);

/* manifest.json and repositories, where names of members are those of a layout. Errors: ERR_UNSUPPORTED for what is no image. */
int layout_docker_text(const struct shipment *s, const struct layout_images *images, struct buf *manifest, struct buf *repositories, struct err *e);

/* The entry of an index.json that a place names: by its tag (ref.name, or a full name), or by @N, or the only one. Errors: ERR_NOT_FOUND; ERR_INVALID if there are
 * several and none is named. */
int layout_index_choose(struct str text, const struct transport *t, struct arena *a, const struct oci_descriptor **ret, struct err *e);
