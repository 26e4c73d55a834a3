/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * registry: talking to one repository of an OCI/Docker v2 registry (distribution-spec 1.1), as a client.
 *
 * One `struct registry` per task, shared by threads; each thread brings its own `struct registry_line` (kept-open connections). Redirects are judged
 * here, one by one (auth.h), never by curl. Interrupted downloads go on by Range; what fails for a passing reason is tried again with growing pauses,
 * or after the pause the registry asks for. https always, unless the host is loopback (then http first, https if that is no http server) or the user said
 * so (https first, http if there is no TLS).
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "image/transfer/dial.h"
#include "image/transfer/http.h"

struct registry;
struct registry_line;

struct registry_target {
	const char *host;           /* "docker.io", "localhost:5000" */
	const char *repository;     /* NULL: only calls about the registry as a whole */
	const char *user, *password; /* NULL: anonymous */
	const char *identity_token; /* instead of a password */
	bool no_tls_verify;
	const char *actions;        /* what a token is asked for from the beginning: "pull", "pull,push" */
	const char *base;           /* URL below which repositories are; NULL: https://host/v2 */
	const char *mirror_of;      /* the host whose images it mirrors, or NULL: a mirror is given up sooner */
	struct strs ca;             /* files of authorities; read in registry_open */
	const char *client_cert, *client_key; /* files, or NULL */
	struct pairs headers;       /* sent along to this host, nowhere else */
	int dialer;                 /* descriptor of who connects (dial.h); borrowed as long as the registry is open */
};

struct transfer_message;

/* What an OPEN says. Borrows. */
struct registry_target registry_target_of(const struct transfer_message *m, int dialer, const char *actions);

/* Starts the dialer for it. Knows whom the user named: the registry, and the proxies of the environment. */
int registry_dialer_start(const struct transfer_message *m, struct dialer *ret, struct err *e);

/* Copies the target and reads its certificates. Returns owned. */
int registry_open(const struct registry_target *target, struct registry **ret, struct err *e);
void registry_close(struct registry *g);

/* Tokens asked for from now on shall also allow to read @repository: a blob is to be mounted from there. */
void registry_also_read(struct registry *g, const char *repository);

/* A connection for one thread. */
struct registry_line *registry_line_open(struct registry *g);
void registry_line_close(struct registry_line *line);

typedef int (*registry_sink_fn)(void *arg, const void *p, size_t n, struct err *e);

struct registry_call {
	const char *method;         /* NULL: GET */
	const char *path;           /* "/manifests/latest", "/blobs/sha256:…": below /v2/<repository>; "//_catalog": below /v2 */
	const char *url;            /* instead of a path: a Location the registry gave, absolute */
	const char *accept, *content_type, *content_range;
	struct http_body body;
	uint64_t offset;            /* begin there */
	uint64_t max;               /* more bytes than this is an error */
	registry_sink_fn sink;      /* gets the bytes in order, without gap or repetition, whatever happened in between */
	void *arg;
	bool anonymous;             /* @url is not the registry's word: no credentials, no headers of the user's, wherever it is */
	bool once;                  /* not tried again here: the caller knows better from where to go on */
};

struct registry_reply {
	struct http_answer answer;  /* also set if the call failed; status 0: there was none */
	const char *location;       /* absolute, or NULL */
	bool again;                 /* it failed for a passing reason */
};

/* Calls the registry; 2xx is success. Strings of *ret are in @a, into which @q's functions put nothing. Errors: by status, ERR_NOT_FOUND for 404 and so on. */
int registry_call(struct registry_line *line, const struct registry_call *q, struct arena *a, struct registry_reply *ret, struct err *e);

/* How long to wait before the next try: the seconds the registry asked for (0 or less: it did not, or for a moment that has passed), or longer with each try. -1: that
 * is too long. */
long registry_pause_ms(long asked, int tries);

/* Waits as long as the registry asked for (@reply, may be NULL), or longer with each try. Errors: -ECANCELED, and ERR_EXHAUSTED if that is too long or it
 * was the last try. */
int registry_pause(struct registry_line *line, const struct registry_reply *reply, int tries, struct err *e);

/* The next text of a Warning header that has not been handed out yet, or NULL. Owned by the registry; each text comes once. */
const char *registry_warning(struct registry *g);

/* Makes all running and later calls fail with -ECANCELED. */
void registry_stop(struct registry *g);
