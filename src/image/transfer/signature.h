/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * signature: public-key signatures over bytes, as cosign makes them: ECDSA or RSA (PKCS #1 v1.5) with SHA-256, or Ed25519. Runs in a tare-transfer that has
 * neither network nor files.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* @pem: a public key. @signature: bytes. Errors: ERR_DENIED it does not fit; ERR_INVALID no key, or one too weak. */
int signature_verify(struct str text, struct str signature, struct str pem, struct err *e);

/* @pem: a private key: PKCS #8 or older, plain or with @passphrase (may be NULL). Returns bytes in the arena. */
int signature_make(struct str text, struct str pem, const char *passphrase, struct arena *a, struct str *ret, struct err *e);
