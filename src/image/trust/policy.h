/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * policy: policy.json of containers (containers-policy.json(5)): which images may come in at all.
 *
 *     { "default": [{"type": "reject"}],
 *       "transports": { "docker": { "docker.io/library": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/etc/key.gpg"}] } } }
 *
 * The most specific scope counts, alone; all of its requirements must be met. The reader is strict: what it does not know, it refuses, because a
 * requirement that was overlooked is one that does not hold.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/enumtab.h"
#include "base/err.h"
#include "base/str.h"
#include "spec/reference.h"

enum requirement_type { REQUIRE_NOTHING, REQUIRE_REJECT, REQUIRE_SIGNED_BY, REQUIRE_SIGSTORE, REQUIREMENT_TYPE_COUNT };
extern const struct enumtab requirement_types; /* "insecureAcceptAnything", "reject", "signedBy", "sigstoreSigned" */

enum identity_type { IDENTITY_REPO_DIGEST_OR_EXACT, IDENTITY_EXACT, IDENTITY_REPOSITORY, IDENTITY_EXACT_REFERENCE, IDENTITY_EXACT_REPOSITORY, IDENTITY_REMAP,
	IDENTITY_TYPE_COUNT };
extern const struct enumtab identity_types;

struct signed_identity {
	enum identity_type type;
	const char *reference, *repository; /* exactReference, exactRepository */
	const char *prefix, *signed_prefix; /* remapIdentity */
};

struct requirement {
	enum requirement_type type;
	const char *key_type;
	struct strs key_paths;           /* any of these keys will do */
	struct strs key_data;            /* base64 */
	struct signed_identity *identity; /* never NULL after parsing */
	const char *unsupported;         /* a member we cannot check ("fulcio"), or NULL: the requirement is then not met by anything */
};

struct requirements {
	struct requirement *v;
	size_t n;
};

struct policy_scope {
	const char *transport, *scope;   /* both NULL: the default */
	struct requirements requirements;
};

struct policy {
	const char *file;                /* NULL: there is none, everything is accepted */
	struct policy_scope *v;
	size_t n, cap;
};

/* @named instead of the usual files, if not NULL; it must be there. */
int policy_load(const char *named, struct arena *a, struct policy *ret, struct err *e);
int policy_parse(struct str text, struct arena *a, struct policy *ret, struct err *e);

/* The scope that counts for an image of a registry. NULL: there is no policy. */
const struct policy_scope *policy_find(const struct policy *p, const struct reference *ref, struct arena *a);

/* The same for a file or directory by its absolute path; @transport: "docker-archive", "oci-archive", "oci". */
const struct policy_scope *policy_find_path(const struct policy *p, const char *transport, const char *path, struct arena *a);
