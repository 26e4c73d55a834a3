/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * sign: signatures for what was pushed: OpenPGP ones into the lookaside that registries.d names for writing, sigstore's beside the image, as skopeo, podman and
 * cosign make and read them. One per manifest and index.
 */
#include "image/courier.h"
#include "image/trust/lookaside.h"

struct sign_options {
	const char *gpg_key;        /* fingerprint or user id; NULL: none */
	const char *sigstore_key;   /* file with a private key in PEM; NULL: none */
	const char *passphrase_file; /* for either; NULL: none (gpg's agent may ask) */
};

/* The passphrase, read once; NULL if there is no file. */
int sign_passphrase(const struct sign_options *o, struct arena *a, const char **ret, struct err *e);

/* Adds a simple signature of the manifest @digest as @ref. Errors: -EINVAL the lookaside is not a directory. */
int sign_simple(const struct lookaside *l, const struct reference *ref, const char *digest, const char *gpg_key, const char *passphrase, struct arena *a, struct err *e);

struct sign_registry {
	const struct image_store *store;
	struct courier *sink;           /* open on the repository, for writing */
	struct transfer_message source; /* OPEN for reading from it */
	int cancel_fd;
};

/* Adds a sigstore signature to the tag sha256-HEX.sig. */
int sign_sigstore(const struct sign_registry *g, const struct reference *ref, const char *digest, const char *key_file, const char *passphrase, struct arena *a,
	struct err *e);
