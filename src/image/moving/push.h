/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * push: sends images of the store to registries.
 *
 * What was pulled goes out as it came, byte by byte. Blobs the registry has are not sent, and those it has in another repository of ours are mounted; the
 * others go in parallel, and then the documents, so that nothing ever refers to what is not there. The store is only read, and the image pinned.
 */
#include "image/image.h"
#include "image/moving/pull_options.h"
#include "image/moving/squeeze.h"
#include "image/trust/sign.h"

struct push_options {
	struct pull_options pull; /* platform: which of an image's platforms alone; the rest as for pulling */
	struct sign_options sign; /* who signs it */
	const struct squeeze_how *squeeze; /* another compression; NULL: layers of manifests written here that are plain, by gzip */
	bool convert;             /* manifests are put into the words of… */
	enum oci_format format;
	bool foreign;             /* also layers that may not be handed on (nondistributable) */
};

struct push_result {
	const char *reference;    /* canonical name it has now */
	const char *digest;       /* of the document that name stands for */
	const char *media_type;
	uint64_t size;            /* of that document */
};

/*
 * Pushes the image @name_or_id to @destination, a name with or without tag; NULL: to its own name. Strings of *ret are in @a.
 * Errors: -ENOENT if there is no such image; -EINVAL for names one cannot push to; those of the registry.
 */
int image_push(struct image_store *s, const char *name_or_id, const char *destination, const struct push_options *o, struct arena *a,
	struct push_result *ret, struct err *e);

/* ---- for those who have put together themselves what goes out ---- */

struct shipment;

/* A name one can push to, with or without "docker://". Errors: -EINVAL. */
int push_destination(const char *text, struct arena *a, struct reference *ret, struct err *e);

/* Sends it; its last document gets the tag. Blobs that are not in the store must be there already. Their descriptors are closed. */
int push_shipment(struct image_store *s, const struct shipment *shipment, const struct reference *to, const struct push_options *o, struct arena *a,
	struct push_result *ret, struct err *e);
