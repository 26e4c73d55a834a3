/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * endpoint: whom to talk to about a repository, in which order, and what to show them. All that the user's files say about a registry ends up here:
 * registries.h, hosts.h, Docker's daemon.json, credentials.h, cert_files.h.
 *
 * Which files count: a [[registry]] of registries.conf that fits, else containerd's hosts.toml for the host, else daemon.json (mirrors for Docker Hub, insecure
 * registries), else the registry itself. Options of the command line (TLS, certificates, credentials) are about the registry and never go to a mirror.
 *
 * Ownership: everything returned is in the arena given.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "image/protocol.h"
#include "image/registries/cert_files.h"
#include "image/registries/registries.h"
#include "image/registries/secret.h"
#include "spec/reference.h"

struct endpoint {
	const char *host;        /* "docker.io", "localhost:5000" */
	const char *repository;  /* there; NULL: the registry as a whole */
	const char *base;        /* URL below which repositories are; NULL: https://host/v2 */
	const char *mirror_of;   /* the host whose images it has, if it is a mirror */
	bool no_tls_verify;
	struct credentials credentials;
	struct cert_files certs;
	struct pairs headers;
};

struct endpoints {
	struct endpoint *v;
	size_t n, cap;
};

/* What the user says beside his files. */
struct endpoint_options {
	bool no_tls_verify;
	const char *authfile;    /* NULL: the usual files */
	const char *credentials; /* "user:password"; "": none, nowhere; NULL: from the files */
	const char *cert_dir;    /* NULL: the usual directories */
};

enum endpoint_use { ENDPOINT_PULL, ENDPOINT_PUSH };

/*
 * Whom to ask for @ref, at least one; the last is no mirror. For pushing there is only that one. Credentials are looked up when they are needed:
 * endpoint_authorize. Errors: -EPERM blocked; what the files' readers say.
 */
int endpoints_find(const struct registries *r, const struct reference *ref, enum endpoint_use use, const struct endpoint_options *o, struct arena *a,
	struct endpoints *ret, struct err *e);

/* Looks up credentials for it. */
int endpoint_authorize(const struct registries *r, const struct endpoint_options *o, struct arena *a, struct endpoint *io, struct err *e);

/* All of the above for one registry that is not pulled from: its own endpoint, authorized. @repository may be NULL. */
int endpoint_find(const char *host, const char *repository, const struct endpoint_options *o, struct arena *a, struct endpoint *ret, struct err *e);

/* "mirror.example:5000/library/busybox", for messages. */
const char *endpoint_print(const struct endpoint *p, struct arena *a);

/* The OPEN message for it; the caller says what is to be opened. Borrows. */
struct transfer_message endpoint_task(const struct endpoint *p);
