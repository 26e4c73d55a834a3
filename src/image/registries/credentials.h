/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * credentials: what the user's own files and helpers say about a registry, and how `login` and `logout` change that. All of it happens on the store's side;
 * transfer gets only what is for the host it talks to.
 *
 * Files, first that has an entry wins: the one given, else $REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json (/run/containers/UID/auth.json),
 * $XDG_CONFIG_HOME/containers/auth.json (~/.config), $DOCKER_CONFIG/config.json (~/.docker), ~/.dockercfg. In each, a helper named for the host
 * (`credHelpers`) comes before the entry, and the store for all (`credsStore`) after it. What is broken is an error, never anonymity (CVE-2021-41092).
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "image/registries/secret.h"

struct credentials_query {
	const char *host;
	const char *repository; /* NULL: the host itself */
	const char *given;      /* "user:password", beats all else; may be NULL */
	const char *authfile;   /* instead of the usual files; may be NULL */
	struct strs helpers;    /* "credential-helpers" of registries.conf, in their order; "containers-auth.json" means the files; empty: only these */
};
int credentials_find(const struct credentials_query *q, struct arena *a, struct credentials *ret, struct err *e);

/* Where something was kept or dropped. */
struct credentials_place {
	const char *path;   /* the file */
	const char *helper; /* the helper that has the secret; NULL: it is in the file, as plain as base64 is */
};

/*
 * Keeps credentials for @server ("host" or "host/path"): in the first file that has an entry for it, else in Docker's config.json; in the file's helper if it
 * names one. The file is replaced in one piece, 0600; what else is in it stays.
 */
int credentials_keep(const char *server, const struct credentials *c, const char *authfile, struct arena *a, struct credentials_place *ret, struct err *e);

/* Drops what is kept for @server (NULL: for all of them) from every file and its helper; the servers are added to @ret as their keys are written. */
int credentials_drop(const char *server, const char *authfile, struct arena *a, struct strs *ret, struct err *e);
