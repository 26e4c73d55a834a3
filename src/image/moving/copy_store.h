/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * copy_store: copying to the store of this machine, which is pulling or loading, and a name. Private to copy.
 */
#include "image/image.h"
#include "image/moving/pull_options.h"
#include "image/moving/transport.h"

/* *ret_digest is that of the manifest. Errors: as image_pull, image_load, image_tag. */
int copy_into_store(struct image_store *s, const struct transport *from, const struct transport *to, const struct pull_options *o, struct arena *a,
	const char **ret_digest, struct err *e);
