/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * token: from a registry's challenge to the value of an Authorization header: Basic, or a Bearer token fetched from the token server it names.
 *
 * Whom a password may be shown to is decided in auth.h; here it is obeyed.
 */
#include "image/transfer/http.h"

struct token_user {
	const char *host;              /* of the registry, for messages */
	const char *user, *password;   /* NULL: anonymous */
	const char *identity_token;    /* instead of a password */
	struct strs scopes;            /* "repository:library/busybox:pull,push": what is asked for beside what the challenge names */
};

/* @here: who sent the challenges. *ret is in the arena. Errors: ERR_UNAUTHENTICATED, ERR_DENIED, ERR_INVALID, ERR_UNAVAILABLE. */
int token_get(struct http *http, const struct auth_challenges *challenges, const struct auth_origin *here, const struct token_user *user,
	struct arena *a, const char **ret, struct err *e);
