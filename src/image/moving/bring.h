/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * bring: one image from an open courier into the store, as a table of steps. What pull (registry) and load (layout, oci-archive) have in common.
 *
 * Life cycle: fill the first block, bring_run(), bring_done() in any case, after the courier is gone if it failed.
 */
#include "image/courier.h"
#include "image/moving/intake.h"
#include "image/moving/keep.h"
#include "image/moving/pull_options.h"
#include "image/store/content.h"
#include "image/trust/trust.h"

/* Kinds of documents that may stand for an image. */
#define BRING_ACCEPT                                                                                                         \
	"application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "                              \
	"application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"

/* One of the documents of an image for several platforms. */
struct bring_document {
	const char *digest;
	struct str text;
	int lock;
};

struct bring {
	/* given */
	struct image_store *store;
	struct courier *courier;
	const struct pull_options *options;
	struct arena *arena;
	struct oci_platform platform;
	bool layout;                   /* documents are files "blobs/<algorithm>/<hex>", not "/manifests/…" and "/blobs/…" of a registry */
	bool flat;                     /* … or those of a dir: it begins with manifest.json, the rest has the bare digests as names */
	const char *tag;               /* where to begin: a tag of a registry… */
	const char *digest;            /* … or a digest, which then is checked */
	const char *reference;         /* canonical name for the image, or NULL */
	const struct trust *trust;     /* who must have signed it; NULL: has been decided elsewhere */
	const struct reference *trust_name; /* under which name */
	/* image.resolve */
	const char *index, *manifest_digest;
	struct str index_text, manifest_text;
	struct oci_manifest manifest;
	/* image.ask, image.compare: we have exactly this already */
	bool known;
	/* the same, and image.config */
	const char *image_id;
	int image_lock;                /* shared, so that nobody removes the image under us */
	struct str config_text;
	struct oci_image_config config;
	/* image.layers, image.blobs */
	struct intake intake;
	struct keep keep;
	/* image.others: manifests and indexes beside it */
	struct VEC(struct bring_document) others;
	size_t others_size;            /* in bytes */
	/* image.documents: shared, until there is a record */
	int index_lock, manifest_lock, config_lock;
	/* image.record */
	struct image_record record;
	bool placed;
};

#define BRING(...) ((struct bring){ .image_lock = -EBADF, .index_lock = -EBADF, .manifest_lock = -EBADF, .config_lock = -EBADF, __VA_ARGS__ })

int bring_run(struct bring *b, struct err *e);
/* Without a record documents go again, and what came from a file; layers from a registry stay for the next pull. */
void bring_done(struct bring *b);
#define scoped_bring SCOPED(bring_done)
