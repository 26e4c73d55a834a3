/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * secrets: small texts that containers get as a file on memory or as a variable, and that are nowhere else: not in images, documents, logs or arguments.
 *
 * Errors: ERR_NOT_FOUND "no such secret: x"; ERR_EXISTS; ERR_INVALID.
 */
#include "engine/engine.h"
#include "spec/secret.h"

struct secret_request {
	const char *name;
	struct str data;             /* at most LIMIT_SECRET bytes, at least one */
	struct pairs labels;
	bool replace;                /* one that is there gets the new contents, and a new id */
	bool ignore;                 /* one that is there stays as it is, and that is fine */
};

int secret_create(struct engine *en, const struct secret_request *q, struct arena *a, const char **ret_id, struct err *e);

/* By name, id, or what an id begins with if that is one alone. */
int secret_find(struct engine *en, const char *ref, struct arena *a, struct secret *ret, struct err *e);

/* Podman's (and docker's) inspect document as JSON text (arena). Without the contents, unless @show. */
int secret_inspect_json(struct engine *en, const char *ref, bool show, struct arena *a, const char **ret, struct err *e);

/* By name. */
int secret_list(struct engine *en, struct arena *a, struct secret **ret, size_t *ret_n, struct err *e);

int secret_remove(struct engine *en, const char *ref, struct err *e);

/* The contents, in the arena. */
int secret_read(struct engine *en, const char *name, struct arena *a, struct str *ret, struct err *e);

/* "NAME=contents" of the secrets of @q that are variables. Errors: ERR_INVALID for contents that cannot be one. */
int secrets_env(struct engine *en, const struct container_request *q, struct arena *a, struct strs *ret, struct err *e);

/* Says which secret of @q is not there. */
int secrets_check(struct engine *en, const struct container_request *q, struct err *e);
