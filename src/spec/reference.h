/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * reference: names of images, in Docker's grammar with Docker's normalisation.
 *
 *     busybox            docker.io/library/busybox:latest
 *     me/app:1.0         docker.io/me/app:1.0
 *     localhost:5000/x   localhost:5000/x:latest
 *     q.io/a/b@sha256:…  no tag; a digest pins the content
 *
 * The first component is a host if it contains '.' or ':' or is "localhost"; 64 hex digits are refused as a name, they are an image id.
 * All strings live in the arena given to reference_parse().
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

struct reference {
	const char *host;       /* "docker.io", "localhost:5000" */
	const char *repository; /* "library/busybox" */
	const char *tag;        /* NULL if there is only a digest */
	const char *digest;     /* "sha256:…" in checked grammar, or NULL */
};

/* Parses and normalises; a name without tag and digest gets the tag "latest". Errors: -EINVAL. */
int reference_parse(const char *text, struct arena *a, struct reference *ret, struct err *e);

/* True if a text that parses names neither tag nor digest. */
bool reference_is_bare(const char *text);

/* The canonical text: "docker.io/library/busybox:latest", "host/name@sha256:…", "host/name:tag@sha256:…". */
const char *reference_print(const struct reference *r, struct arena *a);

/* As Docker shows it: without "docker.io/" and "library/"; and only the repository part, without tag and digest. */
const char *reference_familiar(const struct reference *r, struct arena *a);
const char *reference_familiar_name(const struct reference *r, struct arena *a);

/* The canonical text as one file name ('/' becomes "%2F", '%' "%25", a leading '.' "%2E"), and back. NULL if @name is no such file name. */
const char *reference_escape(const struct reference *r, struct arena *a);
const char *reference_unescape(const char *name, struct arena *a);

/* True for a name without a host ("busybox", "me/app:1"): what it means is for the user's configuration to say. */
bool reference_is_short(const char *text);

/* True for the lower-case hex digits of a digest, with or without its algorithm in front, and for a prefix of at least 2 digits: an image id may be meant. */
bool reference_may_be_id(const char *text);
