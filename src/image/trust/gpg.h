/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * gpg: OpenPGP signed messages, by GnuPG's own programs: gpgv verifies with a keyring of our making, gpg signs with a key of the user's.
 *
 * gpgv gets two files in memory (keyring, message), no home directory, a clean environment, and answers on its status channel, which is read strictly:
 * one signature, good, by a key of the keyring, not expired, not revoked; anything else is no signature (CVE-2018-12020 and its kin). Why programs:
 * docs/decisions/009-signatures.md.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Verifies @message with any of @keys (armored or binary). Returns what was signed. Errors: ERR_DENIED; -ENOENT no gpgv. */
int gpg_verify(struct str message, const struct str *keys, size_t n_keys, struct arena *a, struct str *ret, struct err *e);

/* A binary signed message of @text by the secret key @who (a fingerprint or user id) in the user's keyring. @passphrase may be NULL. */
int gpg_sign(struct str text, const char *who, const char *passphrase, struct arena *a, struct str *ret, struct err *e);

/* The key in an armored text, or the bytes themselves if they are no armor. Pure. Errors: -EINVAL. */
int gpg_dearmor(struct str text, struct arena *a, struct str *ret, struct err *e);

/* What gpgv's status channel says. Pure. Errors: ERR_DENIED with the reason. */
int gpg_status_check(struct str status, struct err *e);
