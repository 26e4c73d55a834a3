/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * http: one HTTP request over libcurl, and what came back. Knows nothing of registries: no retries, no redirects, no credentials of its own.
 *
 * Life cycle: http_open() once per thread (it keeps connections), http_send() any number of times, http_close().
 * Ownership:  the request is borrowed for the call; the strings of the answer live in the arena given.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "image/transfer/auth.h"
#include "image/transfer/certs.h"

struct http;

/* Whom to believe, and when to stop; shared by all connections to one registry. */
struct http_peer {
	struct certs certs;
	bool no_tls_verify;
	int dialer;        /* who connects (dial.h); borrowed */
	atomic_bool *stop; /* true: the request fails as soon as it is seen */
	long stall_s;      /* seconds without a byte after which it fails (http_stall_time) */
};

/* What is sent along: part of a file, or text. */
struct http_body {
	bool present;
	int fd;            /* < 0: it is the text */
	uint64_t offset;   /* in the file */
	uint64_t size;
	const char *text;
	void (*progress)(void *arg, uint64_t sent); /* bytes of this body that have gone out; may be NULL */
	void *arg;
};

struct http_request {
	const char *method, *url;
	const char *accept, *authorization, *content_type, *content_range; /* headers; NULL: left out */
	const struct pairs *headers; /* further ones; may be NULL */
	uint64_t offset;   /* > 0: ask for the bytes from there on (Range) */
	uint64_t max;      /* more bytes than this, @offset included, is an error */
	struct http_body body;
	/* Gets the bytes of a 200 or 206, from @offset on, also where the server sent all of it. NULL: they are dropped. */
	int (*sink)(void *arg, const void *p, size_t n, struct err *e);
	void *arg;
};

struct http_answer {
	long status;               /* 0: there was none */
	uint64_t delivered;        /* bytes the sink has got in this call */
	struct auth_challenges challenges;
	long retry_after;          /* seconds; 0: it did not say */
	bool other_scheme;         /* there was no answer, as from a server that speaks the other one of http and https */
	/* Headers; NULL where there was none. */
	const char *location, *content_type, *content_length, *digest /* Docker-Content-Digest */, *range, *link, *subject, *filters, *chunk_min;
	struct strs warnings;      /* texts of "Warning: 299" */
	struct str text;           /* the body of any other status, cut */
};

/* How it ended, where no answer came. */
enum http_end {
	HTTP_ANSWERED,
	HTTP_SINK_FAILED,     /* @e is the sink's */
	HTTP_STOPPED,
	HTTP_PASSING,         /* connection refused, reset, cut: the same again may work */
	HTTP_UNTRUSTED,       /* its certificate is not signed by anybody we know */
	HTTP_FAILED,          /* anything else */
};

/* Returns owned; aborts where there is no memory. */
/* TARE_STALL_TIMEOUT, or a minute. Errors: -EINVAL for what is no number of seconds. */
int http_stall_time(long *ret, struct err *e);

struct http *http_open(const struct http_peer *peer);
void http_close(struct http *h);

/* Sends one request and waits for all of the answer. On anything but HTTP_ANSWERED @e says what happened. @ret is always set. */
enum http_end http_send(struct http *h, const struct http_request *q, struct arena *a, struct http_answer *ret, struct err *e);

/* Text for a query, and a reference resolved against the URL it was found at (NULL: not resolvable). In the arena. */
const char *http_escape(struct http *h, const char *s, struct arena *a);
const char *http_resolve(const char *base, const char *location, struct arena *a);
