/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * registry_opts: the flags of every command that talks to a registry.
 */
#include "cli/command.h"
#include "image/moving/pull_options.h"

/* The first member of such a command's options, so that the table below serves it. */
struct registry_options {
	bool tls_verify;
	const char *authfile, *creds, *cert_dir;
};
#define REGISTRY_DEFAULTS { .tls_verify = true }

extern const struct opt registry_opts[];

/* Who signs what is pushed: the member is a struct sign_options. */
#define SIGN_OPTS(type, member)                                                                                   \
	OPT(type, member.gpg_key, "sign-by", 0, STR, "FINGERPRINT", "Sign with that GPG key, into the lookaside of registries.d"), \
	OPT(type, member.sigstore_key, "sign-by-sigstore-private-key", 0, STR, "FILE", "Sign with that key, beside the image"), \
	OPT(type, member.passphrase_file, "sign-passphrase-file", 0, STR, "FILE", "Passphrase of the key"),       \
	OPT_REFUSED("sign-by-sigstore", 0, "FILE", "Fulcio and Rekor are not asked; use --sign-by-sigstore-private-key")

/* Docker's --disable-content-trust: true, its default, is so; false is refused, because nothing here would check. */
int content_trust_take(void *options, const char *value, struct arena *a, struct err *e);
#define CONTENT_TRUST_OPT                                                                                         \
	OPT_CALL("disable-content-trust", 0, content_trust_take, NULL, "Accepted as docker does (default true); policy.json says which signatures count")

/* The same as image/ takes them. */
struct pull_options registry_options_pull(const struct registry_options *o);
