/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * lookaside: where simple signatures are kept: BASE/REPOSITORY@sha256=HEX/signature-N, N from 1. BASE comes from the YAML files of registries.d
 * (containers-registries.d(5)), per scope, else it is /var/lib/containers/sigstore (~/.local/share/containers/sigstore).
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "spec/reference.h"

struct lookaside_scope {
	const char *scope;            /* "host/path"; "": the default */
	const char *read, *write;     /* URLs, or NULL */
	struct str attachments;       /* "true", "false", or not said */
};

struct lookaside {
	struct lookaside_scope *v;
	size_t n, cap;
};

struct lookaside_place {
	const char *url;              /* "file:///…", "https://…", without the slash at its end */
	bool attachments;             /* sigstore's may be looked at: not forbidden */
};

int lookaside_load(struct arena *a, struct lookaside *ret, struct err *e);

/* One document (JSON of the YAML) in addition. Errors: -EINVAL, also for a scope that was there already. */
int lookaside_add(struct lookaside *io, struct str json, struct arena *a, struct err *e);

/* Where to look for signatures of @ref, or where to @write them. */
struct lookaside_place lookaside_find(const struct lookaside *l, const struct reference *ref, bool write, struct arena *a);

/* The path below a place: "repository@sha256=HEX/signature-N"; @digest is checked text. */
const char *lookaside_path(const struct reference *ref, const char *digest, unsigned n, struct arena *a);
