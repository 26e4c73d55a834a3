/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * job: one order of the store, done by a worker: a layer to unpack, a tree to pack, a tar to place, a blob to fetch, a question, something to put.
 *
 * A job owns its message's memory and its descriptors, among them locks it keeps for the store. Each kind sends its own answers, but for failures,
 * which the worker sends.
 */
#include "codec/digest.h"
#include "codec/inflate.h"
#include "image/protocol.h"
#include "image/transfer/compress.h"
#include "image/transfer/sink.h"
#include "image/transfer/source.h"

struct job {
	struct job *next;
	struct arena arena;
	struct transfer_message m;
	int fds[TRANSFER_FDS];
	size_t n_fds;
};

/* What all workers share: the way to the store, and the one of source and sink that is open. */
struct job_ends {
	int sock;
	struct source source;
	struct sink sink;
};

typedef int (*job_fn)(const struct job_ends *ends, void *line, struct job *j, struct err *e);

int job_layer(const struct job_ends *ends, void *line, struct job *j, struct err *e);
int job_pack(const struct job_ends *ends, void *line, struct job *j, struct err *e);
int job_place(const struct job_ends *ends, void *line, struct job *j, struct err *e);
int job_fetch(const struct job_ends *ends, void *line, struct job *j, struct err *e);
int job_compress(const struct job_ends *ends, void *line, struct job *j, struct err *e);
int job_put(const struct job_ends *ends, void *line, struct job *j, struct err *e);
int job_drop(const struct job_ends *ends, void *line, struct job *j, struct err *e);
int job_has(const struct job_ends *ends, void *line, struct job *j, struct err *e);

void job_free(struct job *j);

/* Tells the store what the other side wants people to see. */
void job_notices(const struct job_ends *ends);

/* The last message of a job that went well; notices go before it, for nobody may listen after it. */
int job_answer(const struct job_ends *ends, const struct transfer_message *m, struct err *e);

/* PROGRESS, not too often. */
struct job_progress {
	int sock;
	int64_t index;
	uint64_t total, last_ns;
};
void job_progress(struct job_progress *p, uint64_t current, bool now);

/* A sink that compresses, and says how far it is. */
struct job_squeeze {
	struct compress *compress;
	uint64_t current;
	struct job_progress progress;
};
int job_squeeze(void *arg, const void *p, size_t n, struct err *e);

/* What the protocol's words for compression mean, and OCI's types of layers. */
extern const enum inflate_kind job_compressions[PACK_KIND_COUNT];
extern const char *const job_layer_types[INFLATE_KIND_COUNT];

/* The digest in @text, checked, or *ret untouched if there is no text. */
int job_digest(const char *text, struct digest *d, const struct digest **ret, struct err *e);

/* Feeds the first @n bytes of a file: what an interrupted download left there. */
int job_feed_file(int fd, uint64_t n, int (*sink)(void *arg, const void *p, size_t n, struct err *e), void *arg, struct err *e);
