/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * pull: brings images into the store, from registries, archives, layout directories and root file systems.
 *
 * All bytes from outside are handled by the confined program tare-transfer; this side decides, verifies documents, takes locks and makes things
 * visible. A pull that is interrupted in any way leaves nothing visible; verified blobs stay and the next pull uses them. Two pulls that meet share
 * the work. On return the image is durable.
 */
#include <stdbool.h>
#include <stdint.h>

#include "image/image.h"

enum pull_phase {
	PULL_WAITING,     /* queued, or another pull is at it */
	PULL_DOWNLOADING, /* current/total are compressed bytes; unpacking runs along */
	PULL_UNPACKING,   /* all bytes are here, the last files are being written; also for layers unpacked from a blob we have */
	PULL_DONE,
	PULL_EXISTS,      /* was here already */
	PULL_PHASE_COUNT,
};

struct pull_progress {
	size_t index, count;  /* layer number, and how many there are */
	char id[13];          /* first 12 hex digits of the layer's digest */
	enum pull_phase phase;
	uint64_t current, total;
};

typedef void (*pull_progress_fn)(void *arg, const struct pull_progress *p);
typedef void (*pull_message_fn)(void *arg, const char *line); /* "Resolved docker.io/library/busybox:latest to sha256:…" */

/* All zero is a good default. */
struct pull_options {
	const char *platform;      /* "linux/arm64/v8"; NULL: this machine's */
	bool no_tls_verify;        /* accept any certificate, and plain HTTP, for this registry */
	const char *authfile;      /* credentials; NULL: the usual files */
	const char *credentials;   /* "user:password" for this pull; NULL: from the files */
	unsigned parallel;         /* layers at once; 0: 6 */
	pull_progress_fn progress; /* may be NULL */
	pull_message_fn message;   /* may be NULL */
	void *arg;
	int cancel_fd;             /* > 0: readable or hung up means stop (a signalfd, a pipe) */
};

/* Pulls @name. If the registry says it is what we have already, nothing is downloaded and *ret_changed is false. */
int image_pull(struct image_store *s, const char *name, const struct pull_options *o, struct arena *a, struct image *ret, bool *ret_changed,
		struct err *e);

/*
 * `load`: docker-archive, oci-archive (each also compressed) or, if @path is a directory, an OCI layout; which one is detected. @path "-" or NULL
 * reads @fd. Returns all images that were in it.
 */
int image_load(struct image_store *s, const char *path, int fd, const struct pull_options *o, struct arena *a, struct images *ret, struct err *e);

/* What `import` puts into the config: Dockerfile words as `docker import --change` takes them (CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER,
 * VOLUME, WORKDIR). */
struct import_options {
	struct strs changes;
	const char *message;   /* history comment */
	const char *platform;  /* NULL: this machine's */
	struct pull_options pull;
};

/* `import`: a root file system as tar (compressed or not; "-" or NULL reads @fd) or as a directory becomes an image of one layer. @name may be NULL. */
int image_import(struct image_store *s, const char *path, int fd, const char *name, const struct import_options *o, struct arena *a,
		struct image *ret, struct err *e);
