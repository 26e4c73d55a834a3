/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * authfile: the documents that hold credentials, Docker's config.json and containers' auth.json, and the .dockercfg before them. No helper is run here.
 *
 * Keys: "host/repo/path" (most specific first), "host", and for Docker Hub "https://index.docker.io/v1/". A broken entry is an error, never anonymity.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "image/registries/secret.h"

/* Docker's own name for docker.io, in files and to helpers. */
#define AUTHFILE_HUB "https://index.docker.io/v1/"

struct authfile_answer {
	struct credentials credentials; /* empty if there are none */
	const char *helper;             /* or: ask this one… */
	const char *server;             /* …for that name */
};

/* What one document says of a repository (NULL: of the host itself). @legacy: the whole document is the list (.dockercfg). Returns 1 if anything, 0 if nothing. */
int authfile_parse(struct str text, bool legacy, const char *host, const char *repository, struct arena *a, struct authfile_answer *ret, struct err *e);

/* The document with the entry for @key set, or removed (@c NULL), and the rest as it was. With @mark the entry is an empty one: the secret is in a helper. */
int authfile_edit(struct str text, const char *key, const struct credentials *c, bool mark, struct buf *out, struct err *e);

/* Keys of all entries, as written; and which helper keeps the secret of @host for whoever writes to this document: NULL if none. */
int authfile_keys(struct str text, struct arena *a, struct strs *ret, struct err *e);
int authfile_helper(struct str text, const char *host, struct arena *a, const char **ret, struct err *e);

/* True if an entry's key means @server ("host" or "host/path"). */
bool authfile_key_is(const char *key, const char *server);

/* "user:password" in one text. Errors: -EINVAL without a colon or user. */
int authfile_split(const char *text, struct arena *a, struct credentials *ret);
