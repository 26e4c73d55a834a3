/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * helper: credential helpers, the programs docker-credential-NAME that keep secrets in keyrings and clouds.
 *
 * The conversation (docker-credential-helpers): the verb is the argument; `get` and `erase` read the server from stdin, `store` a JSON object; `get`
 * answers JSON on stdout. A user "<token>" means that the secret is an identity token. A helper is a program of the user's own choice, found in $PATH;
 * it runs on the store's side, with a deadline, and its name may only be a name (no slash). What it says is checked like anything from outside.
 * A helper that fails is an error, never "no credentials" (CVE-2021-41092).
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "image/registries/secret.h"

/* Asks for @server. Returns 1 and fills @ret, or 0 if it keeps nothing for it. Errors: -ENOENT no such program; -ETIMEDOUT; -EINVAL a useless answer. */
int helper_get(const char *name, const char *server, struct arena *a, struct credentials *ret, struct err *e);

int helper_store(const char *name, const char *server, const struct credentials *c, struct err *e);

/* Returns 1, or 0 if there was nothing to erase. */
int helper_erase(const char *name, const char *server, struct err *e);

/* The answer of `get`. Pure, for tests. */
int helper_parse(struct str answer, struct arena *a, struct credentials *ret, struct err *e);
