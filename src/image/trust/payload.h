/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * payload: what a signature says: "this manifest is that image" (containers-signature(5), cosign's simple signing).
 *
 *     {"critical": {"type": "atomic container signature", "image": {"docker-manifest-digest": "sha256:…"}, "identity": {"docker-reference": "host/repo:tag"}},
 *      "optional": {"creator": "…", "timestamp": 1}}
 *
 * The reader is strict: unknown and repeated members, another type, an ill-formed digest or name are errors. It is given only bytes whose signature has
 * been verified.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "image/trust/policy.h"

enum payload_type { PAYLOAD_ATOMIC, PAYLOAD_COSIGN, PAYLOAD_TYPE_COUNT };
extern const struct enumtab payload_types;

struct payload {
	const char *digest;    /* of the manifest; checked grammar */
	const char *reference; /* as it stands there */
};

int payload_parse(struct str text, enum payload_type type, struct arena *a, struct payload *ret, struct err *e);

/* Appends one. @timestamp 0: none. */
int payload_write(enum payload_type type, const struct payload *p, int64_t timestamp, struct buf *out);

/* Whether a signature for @signed_reference is one for the image @ref, by that rule. The reason in @e if not. */
int identity_match(const struct signed_identity *rule, const char *signed_reference, const struct reference *ref, struct arena *a, struct err *e);
