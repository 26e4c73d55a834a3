/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * filter: the words of --filter for images, docker's and podman's: which images of a list are meant.
 *
 *     dangling=BOOL  label=KEY[=VALUE]  label!=KEY[=VALUE]  before=IMAGE  since=IMAGE (after=)  until=TIME|DURATION  reference=PATTERN  id=PREFIX
 *     readonly=BOOL (none is)  intermediate=BOOL (none is)  containers=BOOL
 *
 * Several labels must all be there; of several values of another word one is enough.
 */
#include "image/image.h"

/* Who tells whether a container uses an image. */
struct filter_user {
	image_in_use_fn in_use;
	void *arg;
};

/* Keeps the images of @list that pass all @filters ("WORD=VALUE"); a name that no reference= matches is dropped from an image's names. Errors: -EINVAL for an unknown word or a bad
 * value; -ENOENT for an image that before= or since= names. */
int image_filter(struct image_store *s, const struct strs *filters, const struct filter_user *user, struct arena *a, struct images *list, struct err *e);
