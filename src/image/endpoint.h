/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * endpoint: whom to talk to about a repository, in which order, and what to show them. All that the user's files say about a registry ends up here:
 * credentials.h, certificates, and what transfer is told of them.
 *
 * Ownership: everything returned is in the arena given.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "image/credentials.h"
#include "image/protocol.h"
#include "spec/reference.h"

struct endpoint {
	const char *host;        /* "docker.io", "localhost:5000" */
	const char *repository;  /* there; NULL: the registry as a whole */
	bool no_tls_verify;
	struct credentials credentials;
};

/* What the user says beside his files. */
struct endpoint_options {
	bool no_tls_verify;
	const char *authfile;    /* NULL: the usual files */
	const char *credentials; /* "user:password"; NULL: from the files */
};

/* The registry itself. @repository may be NULL. */
int endpoint_find(const char *host, const char *repository, const struct endpoint_options *o, struct arena *a, struct endpoint *ret, struct err *e);

/* The OPEN message for it; the caller says what is to be opened. Borrows. */
struct transfer_message endpoint_task(const struct endpoint *p);
