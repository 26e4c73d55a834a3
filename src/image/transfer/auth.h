/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * auth: what a registry asks for, and to whom a credential may be shown. Pure functions over texts.
 *
 * Rules: a credential or token goes to the scheme, host and port it was given for and nowhere else; a redirect to another origin is followed without it;
 * a redirect from https to http is not followed at all; a token server is shown the password only over https (or where the registry itself is plain
 * http by the user's wish) and only if it belongs to the registry's domain (CVE-2020-15157, CVE-2026-33540 and their family).
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* One challenge of a WWW-Authenticate header. Names of schemes and parameters are lower-cased; a repeated parameter keeps its last value. */
struct auth_challenge {
	const char *scheme;      /* "bearer", "basic" */
	struct pairs parameters; /* "realm", "service", "scope", "error" */
};

struct auth_challenges {
	struct auth_challenge *v;
	size_t n, cap;
};

/* Parses the value of one header; several challenges may stand in it. Adds to @ret. Errors: -EINVAL. */
int auth_challenge_parse(const char *header, struct arena *a, struct auth_challenges *ret, struct err *e);

/* The first challenge with that scheme, or NULL. */
const struct auth_challenge *auth_challenge_find(const struct auth_challenges *list, const char *scheme);

/* Scheme, host and port of an absolute http(s) URL, in the arena. Errors: -EINVAL for anything else, also for user names in it. */
struct auth_origin {
	const char *scheme, *host, *port;
};
int auth_origin_parse(const char *url, struct arena *a, struct auth_origin *ret, struct err *e);
bool auth_origin_eq(const struct auth_origin *a, const struct auth_origin *b);

/* An address of IPv6 without its brackets; anything else as it is. In the arena, or @host itself. */
const char *auth_host_bare(const char *host, struct arena *a);

/* True for 127/8, ::1 and localhost. */
bool auth_host_is_loopback(const char *host);

/* Whether to follow from one origin to the other, and whether the Authorization header may go along. */
struct auth_redirect {
	bool follow, keep_credentials;
};
struct auth_redirect auth_redirect_judge(const struct auth_origin *from, const struct auth_origin *to);

/* Whether the password for @registry may be shown to a token server at @realm; the reason in @e if not. */
int auth_realm_judge(const struct auth_origin *registry, const struct auth_origin *realm, struct err *e);

/* The header value "Basic …" for user and password, in the arena. */
const char *auth_basic(const char *user, const char *password, struct arena *a);

/* True if @s may stand in a header: printable ASCII. */
bool auth_text_is_safe(const char *s);
