/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * check: is everything in the image store what it claims to be? For `tare system check [--repair]`.
 *
 * Verifies every record, the digest of every blob, what every layer holds (the sum that was recorded when it was made), and finds what nobody refers to and what
 * abandoned work left behind. Repair drops or restores only the damaged object: a damaged layer is unpacked again from its blob if that is sound,
 * an image that cannot be restored loses its record (pull it again). Safe while others work: what is locked is skipped.
 */
#include "image/image.h"

struct image_finding {
	const char *object;  /* "image docker.io/library/busybox:latest", "blob sha256:…", "layer sha256:…", "leftover …" */
	const char *problem; /* "content does not have the digest" */
	bool harmless;       /* a leftover: costs space only */
	bool repaired;
};

typedef void (*image_finding_fn)(void *arg, const struct image_finding *f);

enum { IMAGE_CHECK_REPAIR = 1 << 0, IMAGE_CHECK_QUICK = 1 << 1 /* do not re-read blobs */ };

/* Reports each finding; returns the number of those that are neither harmless nor repaired, or -errno if the check itself failed. */
int image_check(struct image_store *s, int flags, image_finding_fn report, void *arg, struct err *e);
