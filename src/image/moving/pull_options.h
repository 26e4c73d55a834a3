/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * pull_options: what whoever brings or sends an image may say, and what he hears meanwhile.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pull_phase {
	PULL_WAITING,     /* queued, or another pull is at it */
	PULL_DOWNLOADING, /* current/total are compressed bytes; unpacking runs along */
	PULL_UNPACKING,   /* all bytes are here, the last files are being written; also for layers unpacked from a blob we have */
	PULL_DONE,
	PULL_EXISTS,      /* was here already */
	/* The other way. */
	PUSH_WAITING,
	PUSH_SENDING,     /* current/total are bytes of the blob */
	PUSH_DONE,
	PUSH_EXISTS,      /* was there already */
	PUSH_MOUNTED,     /* taken over from another repository there */
	PULL_PHASE_COUNT,
};

struct strs;

struct pull_progress {
	size_t index, count;  /* layer number, and how many there are */
	char id[13];          /* first 12 hex digits of the layer's digest */
	enum pull_phase phase;
	uint64_t current, total;
};

typedef void (*pull_progress_fn)(void *arg, const struct pull_progress *p);
/* Asks a person which of the @candidates (names with host) a name without host stands for. Returns an index, or -1: none. */
typedef int (*pull_choose_fn)(void *arg, const char *name, const struct strs *candidates);
typedef void (*pull_message_fn)(void *arg, const char *line); /* "Resolved docker.io/library/busybox:latest to sha256:…" */

/* All zero is a good default. */
struct pull_options {
	const char *platform;      /* "linux/arm64/v8"; NULL: this machine's */
	bool no_tls_verify;        /* accept any certificate, and plain HTTP, for this registry */
	const char *authfile;      /* credentials; NULL: the usual files */
	const char *credentials;   /* "user:password" for this pull; "": none; NULL: from the files */
	const char *cert_dir;      /* certificates for the registry; NULL: the usual directories */
	const char *signature_policy; /* policy.json; NULL: the usual files */
	unsigned parallel;         /* layers at once; 0: 6 */
	bool drop_blobs;           /* unpack, but do not keep what was unpacked */
	bool all_platforms;        /* the images for all platforms; those for others are kept as they came */
	pull_progress_fn progress; /* may be NULL */
	pull_message_fn message;   /* may be NULL */
	pull_choose_fn choose;     /* NULL: nobody can be asked; all are tried in their order */
	void *arg;
	int cancel_fd;             /* > 0: readable or hung up means stop (a signalfd, a pipe) */
};
