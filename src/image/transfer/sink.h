/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * sink: where blobs and documents go to: a registry, and what else has a driver here. The mirror of source.h.
 *
 * Names: "/manifests/<tag or digest>" and "/blobs/<digest>" for a registry, names of members or files for archives and directories; the store that sends PUT
 * knows what its sink calls things.
 * Threads: put and has may run in several threads at once, each with its own line; a driver that writes one stream locks.
 */
#include <stdint.h>

#include "base/err.h"
#include "image/protocol.h"
#include "image/transfer/source.h"

struct sink_put {
	const char *name, *digest, *media_type;
	const char *from;    /* another repository of this registry that has the blob, or NULL */
	int fd;              /* the bytes, from its beginning; borrowed. < 0: there are none, so it must be there already */
	uint64_t size;
	void (*progress)(void *arg, uint64_t sent);
	void *arg;
};

struct sink_answer {
	enum sink_outcome outcome;
	char digest[160];    /* what the other side says it has; "" if nothing */
	char subject[160];   /* OCI-Subject; "" if nothing */
};

struct sink_driver {
	/* @fds: those of OPEN, borrowed. */
	int (*open)(const struct transfer_message *m, const int *fds, size_t n_fds, void **ret, struct err *e);
	void (*close)(void *self);
	void *(*line_open)(void *self); /* NULL: no state per thread */
	void (*line_close)(void *line);
	int (*put)(void *self, void *line, const struct sink_put *q, struct sink_answer *ret, struct err *e);
	int (*has)(void *self, void *line, const char *name, const char *accept, struct source_answer *ret, struct err *e);
	/* NULL: it cannot be read. */
	int (*read)(void *self, void *line, const struct source_request *q, struct source_answer *ret, struct err *e);
	int (*drop)(void *self, void *line, const char *name, struct err *e); /* NULL: nothing is ever taken away. Errors: -ENOENT */
	int (*finish)(void *self, struct err *e); /* NULL: nothing to write at the end */
	void (*stop)(void *self);       /* NULL: nothing to stop */
	const char *(*notice)(void *self); /* as source.h */
};

extern const struct sink_driver sink_registry, sink_archive, sink_directory;

struct sink {
	const struct sink_driver *driver; /* NULL: not open */
	void *self;
};

int sink_open(const struct transfer_message *m, const int *fds, size_t n_fds, struct sink *ret, struct err *e);
void sink_close(struct sink *s);

/* For drivers: hands out the bytes of a PUT piece by piece. Errors: ERR_CORRUPT if they are not what size and digest say. */
int sink_put_each(const struct sink_put *q, int (*fn)(void *arg, const void *p, size_t n, struct err *e), void *arg, struct err *e);
