/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * intake: gets the layers of one image into the store over a link, in parallel, each at most once on this machine.
 *
 * Per layer: exists -> shared lock, done. Locked by somebody else -> waits for what he makes. Otherwise: exclusive lock, ordered from transfer, and when it
 * is there checked, made visible, lock lowered to shared. All locks are held until intake_done(), that is until a record refers to the layers.
 * Whose source is at hand takes back what came (intake_undo) if none does; what came from a registry stays, for the next pull.
 */
#include "image/courier.h"
#include "image/moving/pull_options.h"
#include "image/store/content.h"

enum intake_state { INTAKE_NEW, INTAKE_WAITING, INTAKE_ORDERED, INTAKE_DONE };

struct intake_layer {
	const char *name;    /* for the source: "/blobs/<digest>", a member of the archive, "" */
	const char *digest;  /* of the blob; NULL: unknown until it is here */
	const char *diff_id; /* NULL: unknown until it is here (import) */
	int64_t size;        /* of the blob; -1: unknown */
	struct strs urls;    /* where else the blob is */
	/* filled by intake */
	enum intake_state state;
	bool continued;      /* transfer was given the beginning of the blob */
	bool again;          /* that turned out damaged: this is the second try */
	bool stored;         /* transfer reads, and so verifies, the blob that is in the store */
	bool dropped;        /* the blob is not kept */
	bool unnamed;        /* the blob grows in a file without a name, since its digest is not known */
	char ingest[80];     /* name of its directory in layers/ingest */
	int layer_lock, blob_lock, dir_fd, blob_fd;
	int new_lock;        /* in place of the layer's, as long as the diff id is not known */
	struct layer_record record;
};

struct intake {
	const struct image_store *store;
	struct courier *courier;
	const struct pull_options *options;
	struct arena *arena;
	struct intake_layer *layers;
	size_t n_layers;
	struct strs needed; /* layers that records refer to, as of when it was first asked */
	bool needed_known;
	/* set after intake_init() */
	bool drop_blobs; /* do not keep what can be fetched again */
	bool vouched;    /* a record refers to these layers already: none is seen before it is durable */
	bool at_hand;    /* the source is a file, so nothing of a failure is worth keeping */
	struct strs new_layers, new_blobs; /* that are in the store since */
};

/* @layers must have the first four members set. Afterwards the caller may put a shared lock of a blob that is here into blob_lock. */
void intake_init(struct intake *in, const struct image_store *s, struct courier *l, const struct pull_options *o, struct arena *a,
	struct intake_layer *layers, size_t n);

/* Returns when all layers are in the store. */
int intake_run(struct intake *in, struct err *e);

/* Lets go of everything. What was not finished is removed; partial blobs of a registry stay to be continued. Call after courier_done() if the intake failed. */
void intake_done(struct intake *in);

/* After intake_done(), when no record came to refer to it: takes back what it brought, but for what somebody else needs by now. */
void intake_undo(struct intake *in);
