/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * source: where named documents and layers come from: a registry, an archive, a layout directory, one tar, one directory. One driver each.
 *
 * Names: "/manifests/<tag or digest>" and "/blobs/<digest>" for a registry, member or file names for archives and layouts, "" for a single tar or tree.
 * Threads: source_read may run in several threads at once, each with its own line.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/protocol.h"

struct source;

struct source_request {
	const char *name;
	const char *accept;  /* registries only */
	const struct strs *urls; /* registries only: where the bytes are if they are not there; NULL: nowhere */
	uint64_t offset, max;
	int (*sink)(void *arg, const void *p, size_t n, struct err *e);
	void *arg;
};

struct source_answer {
	char media_type[128]; /* "" if unknown */
	char digest[160];     /* what the other side says; "" if nothing */
	uint64_t size;        /* bytes there are, if the source knows before; 0 if not */
	char link[1024];      /* where a list goes on: a path of the registry; "" if nowhere */
};

struct source_driver {
	/* @fds: those of OPEN after the layers directory, borrowed. */
	int (*open)(const struct transfer_message *m, const int *fds, size_t n_fds, void **ret, struct err *e);
	void (*close)(void *self);
	void *(*line_open)(void *self); /* NULL: no state per thread */
	void (*line_close)(void *line);
	int (*read)(void *self, void *line, const struct source_request *q, struct source_answer *ret, struct err *e);
	void (*stop)(void *self);       /* NULL: nothing to stop */
	/* Whether there is something by that name, without fetching it; NULL: this kind of source cannot tell. Errors: -ENOENT. */
	int (*has)(void *self, void *line, const char *name, const char *accept, struct source_answer *ret, struct err *e);
	/* The next text the other side wants shown to people, or NULL; owned by the source. NULL: never. */
	const char *(*notice)(void *self);
};

extern const struct source_driver source_registry, source_archive, source_layout, source_tar, source_tree, source_none;

struct source {
	const struct source_driver *driver;
	void *self;
};

int source_open(const struct transfer_message *m, const int *fds, size_t n_fds, struct source *ret, struct err *e);
void source_close(struct source *s);
