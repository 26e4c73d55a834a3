/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * copy: an image from any place to any other, without unpacking it (but for the store as destination, which unpacks).
 *
 * Blobs are the same bytes there as here; so are documents, unless another format is asked for. Content goes first, the name last. What fails or is interrupted
 * leaves no name and no file.
 */
#include "image/image.h"
#include "image/moving/pull_options.h"
#include "image/moving/squeeze.h"
#include "image/trust/sign.h"
#include "spec/oci_image.h"

enum copy_images {
	COPY_ONE,        /* of an index, the image for the platform */
	COPY_ALL,        /* the index and all it names */
	COPY_INDEX_ONLY, /* the index alone; its images must be there already, or come another way */
};

struct copy_options {
	struct pull_options from, to; /* credentials, TLS; of @from also: platform, progress, parallel, cancel_fd */
	enum copy_images images;
	enum oci_format format;       /* OCI_FORMAT_COUNT: as it is */
	const struct squeeze_how *squeeze; /* another compression of layers; NULL: as they are */
	bool preserve_digests;        /* fail rather than change one */
	struct sign_options sign;     /* who signs it, at a registry */
	bool remove_signatures;       /* signatures are left behind; without this, an image that has some is not copied */
	struct strs additional_tags;  /* docker-archive: more names */
};

struct copy_result {
	const char *digest;           /* of the document the copy begins with */
};

/* @from and @to as transport.h spells them. Errors: those of the places. */
int image_copy(struct image_store *s, const char *from, const char *to, const struct copy_options *o, struct arena *a, struct copy_result *ret,
	struct err *e);
