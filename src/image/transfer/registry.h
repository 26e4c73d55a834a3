/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * registry: reading from one repository of an OCI/Docker v2 registry over libcurl.
 *
 * One `struct registry` per pull, shared by threads; each thread brings its own `struct registry_line` (a kept-open connection). Redirects are judged
 * here, one by one (auth.h), never by curl. Interrupted downloads go on by Range; what fails for a passing reason is tried again with growing pauses.
 * https always, unless the host is loopback (then http first, https if that is no http server) or the user said so (https first, http if there is no TLS).
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct registry;
struct registry_line;

struct registry_target {
	const char *host;           /* "docker.io", "localhost:5000" */
	const char *repository;
	const char *user, *password; /* NULL: anonymous */
	const char *identity_token; /* instead of a password */
	bool no_tls_verify;
};

/* Copies the target; reads /etc/containers/certs.d and /etc/docker/certs.d. Returns owned. */
int registry_open(const struct registry_target *target, struct registry **ret, struct err *e);
void registry_close(struct registry *g);

/* A connection for one thread. */
struct registry_line *registry_line_open(struct registry *g);
void registry_line_close(struct registry_line *line);

typedef int (*registry_sink_fn)(void *arg, const void *p, size_t n, struct err *e);

struct registry_request {
	const char *path;           /* "/manifests/latest", "/blobs/sha256:…": below /v2/<repository> */
	const char *accept;         /* NULL: anything */
	uint64_t offset;            /* begin there */
	uint64_t max;               /* more bytes than this is an error */
	registry_sink_fn sink;
	void *arg;
};

struct registry_answer {
	char content_type[128];
	char digest[160];           /* Docker-Content-Digest, unchecked; "" if absent */
};

/* Fetches; the sink gets the bytes in order, without gap or repetition, whatever happened in between. */
int registry_fetch(struct registry_line *line, const struct registry_request *q, struct registry_answer *ret, struct err *e);

/* Makes all running and later fetches fail with -ECANCELED. */
void registry_stop(struct registry *g);
