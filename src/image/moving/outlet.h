/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * outlet: a place that images go to, opened: a registry, an archive, a layout, a directory. It knows what things are called there, and which documents such a
 * place has beside those of the images.
 *
 * Life cycle: fill the first block; outlet_open(); outlet_names_blobs(), and whoever brings blobs PUTs them over .courier; outlet_documents(); outlet_close().
 * outlet_done() in any case. What is not closed leaves no file and no directory that was not there; blobs that a layout or registry got stay, unreferred to, and
 * the next one finds them.
 */
#include "image/courier.h"
#include "image/moving/layout_index.h"
#include "image/moving/outfile.h"
#include "image/moving/pull_options.h"
#include "image/moving/transport.h"
#include "image/registries/endpoint.h"

struct outlet_kind;

struct outlet {
	/* given */
	const struct transport *to;       /* path NULL: standard output */
	const struct image_store *store;
	const struct pull_options *options; /* of the place: credentials, TLS */
	struct arena *arena;
	/* open */
	const struct outlet_kind *kind;
	struct courier courier;
	struct endpoint endpoint;         /* of a registry */
	struct outfile file;
	int dirfd;
	bool made;                        /* the directory is ours */
};
#define OUTLET(...) ((struct outlet){ .courier = COURIER_NONE, .file = OUTFILE_NONE, .dirfd = -EBADF, __VA_ARGS__ })

/* Errors: ERR_INVALID for a place that cannot be written to, those of the registry. */
int outlet_open(struct outlet *o, struct err *e);

/* What a blob is called there: the name for PUT. */
const char *outlet_blob_name(const struct outlet *o, const char *digest);
void outlet_name_blobs(const struct outlet *o, struct shipment *s);

/* Whether something may be there already, so that asking pays. */
bool outlet_can_have(const struct outlet *o);

/* Puts the documents, when all blobs are there, and makes the images known by their names; dir: and registries take one. */
int outlet_documents(struct outlet *o, const struct shipment *s, const struct layout_images *images, struct err *e);

/* All of it is complete and visible. */
int outlet_close(struct outlet *o, struct err *e);
void outlet_done(struct outlet *o);
