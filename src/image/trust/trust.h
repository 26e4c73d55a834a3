/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * trust: may this image come in? The policy's requirements against the signatures that are there: simple signatures in a lookaside, sigstore's beside the
 * image (the tag sha256-HEX.sig). Called when the manifest is known and nothing of the image has been fetched.
 *
 * A signature counts for the manifest that was chosen, or for the index it was chosen from by digest. No policy file: everything is accepted, as Docker
 * does. What cannot be checked (fulcio, rekor) is not met.
 */
#include "image/courier.h"
#include "image/trust/lookaside.h"
#include "image/trust/policy.h"

struct trust {
	struct policy policy;
	struct lookaside lookaside;
};

/* @policy_file instead of the usual ones, if not NULL. */
int trust_load(const char *policy_file, struct arena *a, struct trust *ret, struct err *e);

struct trust_subject {
	const struct image_store *store;
	struct courier *courier;     /* open on the registry the image comes from; NULL: it comes from a file */
	const struct reference *ref; /* the name that was asked for */
	const char *manifest, *index; /* digests; index may be NULL */
	int cancel_fd;
};

/* For an image of a registry. Errors: ERR_DENIED with the reason. */
int trust_check(const struct trust *t, const struct trust_subject *s, struct arena *a, struct err *e);

/* For an image of a file or directory; there are no signatures in those. */
int trust_check_path(const struct trust *t, const char *transport, const char *path, struct arena *a, struct err *e);
