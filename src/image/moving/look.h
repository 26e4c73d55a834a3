/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * look: what an image is, at any place that copy reads from, without bringing it: its documents and nothing else.
 */
#include "image/image.h"
#include "image/moving/pull_options.h"

enum look_depth {
	LOOK_MANIFEST, /* the document the name stands for */
	LOOK_CONFIG,   /* and of an index the image for the platform, and its config */
	LOOK_TAGS,     /* and what else the repository has, if it is one */
};

struct look {
	const char *name;            /* "host/repository"; NULL: the place is none */
	const char *digest;          /* of the document the name stands for */
	struct str text;             /* that document */
	struct strs tags;
	struct oci_manifest manifest; /* of the image */
	struct str config_text;
	struct oci_image_config config;
};

/* @place as transport.h spells it; of @o, platform and how to reach it count. Documents are checked by their digests. Errors: those of the place. */
int image_look(struct image_store *s, const char *place, enum look_depth depth, const struct pull_options *o, struct arena *a, struct look *ret, struct err *e);
