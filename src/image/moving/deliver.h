/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * deliver: gives blobs to a sink over a link, in parallel. The mirror of intake.
 *
 * The blobs are in the store, or in a file the caller opened, or nowhere: then the sink must have them already, or in another of its repositories.
 */
#include "image/courier.h"
#include "image/moving/pull_options.h"
#include "image/store/content.h"

struct deliver_blob {
	const char *name;       /* for the sink: "/blobs/<digest>" */
	const char *digest;
	const char *media_type;
	const char *from;       /* another repository of that registry that has it, or NULL */
	int64_t size;
	struct strs urls;       /* where else the bytes are, for those who fetch them */
	int fd;                 /* the bytes, borrowed; < 0: they are in the store, if anywhere */
	bool as_is;             /* not to be compressed another way */
	/* filled by deliver */
	bool done;
	enum sink_outcome outcome;
};

struct deliver {
	const struct image_store *store;
	struct courier *courier;
	const struct pull_options *options;
	struct deliver_blob *blobs;
	size_t n_blobs;
};

/* Returns when all of them are there. Errors name the blob. */
int deliver_run(struct deliver *d, struct err *e);
