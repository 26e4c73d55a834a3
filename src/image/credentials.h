/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * credentials: what the user's own files say about a registry. Read by the store's side; transfer gets only what is for the host it talks to.
 *
 * Files, first that has an entry wins: the one given, else $REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json,
 * $XDG_CONFIG_HOME/containers/auth.json (~/.config), $DOCKER_CONFIG/config.json (~/.docker). Keys: "host/repo/path" (most specific first), "host", and
 * for Docker Hub "https://index.docker.io/v1/". Credential helpers answer: unsupported. A broken entry is an error, never anonymity (CVE-2021-41092).
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct credentials {
	const char *user, *password, *identity_token; /* NULL: none */
};

/* @given is "user:password" and beats all files; may be NULL, as @authfile. */
int credentials_find(const char *host, const char *repository, const char *given, const char *authfile, struct arena *a, struct credentials *ret,
	struct err *e);

/* The same in one document. Returns 1 if found, 0 if not. */
int credentials_parse(struct str text, const char *host, const char *repository, struct arena *a, struct credentials *ret, struct err *e);
