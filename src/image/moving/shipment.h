/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * shipment: all that has to go along so that an image is whole somewhere else: its documents, in the order in which they may be put, and its blobs.
 *
 * Documents are handed on as they are, byte by byte. Where they come from is the caller's: the store (shipment_of_record) or anything that can be read.
 */
#include "base/vec.h"
#include "image/moving/deliver.h"
#include "image/store/content.h"

struct shipment_document {
	const char *digest, *media_type;
	struct str text;
	const struct oci_descriptor *subject; /* NULL: none */
};

/* What became of a blob or document on its way: another, in place of the one that was named @old. */
struct shipment_change {
	const char *old;
	const char *digest, *media_type;
	int64_t size;
};

struct shipment {
	struct arena *arena;
	bool foreign;                     /* also layers that may not be handed on */
	struct VEC(struct shipment_document) documents; /* what refers to others comes after them; the last is the image itself */
	struct VEC(struct deliver_blob) blobs; /* each once; .name is left to the caller */
	struct VEC(struct shipment_change) changes; /* by squeeze and rewrite */
};

/* Reads a document by its digest and checks that. */
typedef int (*shipment_read_fn)(void *arg, const char *digest, struct arena *a, struct str *ret, struct err *e);

/* Adds a manifest, or an index with all it names. Errors: as @read; ERR_INVALID for documents that make no sense. */
int shipment_add(struct shipment *s, const char *digest, shipment_read_fn read, void *arg, struct err *e);

/*
 * Adds the image of a record: its index if all of that is here, else its manifest alone; with @platform only the image for that. Errors: also -ENOENT
 * if it is not for that platform.
 */
int shipment_add_record(struct shipment *s, const struct image_store *store, const struct image_record *record, const struct oci_platform *platform,
	struct err *e);

/* What a digest has become; itself if nothing changed. */
const char *shipment_now(const struct shipment *s, const char *digest);

/* Whether what a registry says it has (digest NULL: it says nothing) is @text: it may call it by another algorithm. Errors: ERR_CORRUPT. */
int shipment_stored_check(const char *digest, struct str text, const char *told, struct err *e);

/* The document with that digest, or NULL. */
const struct shipment_document *shipment_find(const struct shipment *s, const char *digest);
