/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * keep: blobs into the store as they are, not unpacked, in parallel, each at most once on this machine. For layers of foreign systems, for the other platforms of
 * an image, and for blobs of archives whose layers are here already.
 *
 * Per blob as intake does: exists -> shared lock, done. Locked by somebody else -> waits for what he makes. Otherwise: exclusive lock, fetched, checked, made
 * visible, lock lowered to shared. All locks are held until keep_done(), that is until a record refers to the blobs.
 */
#include "base/vec.h"
#include "image/courier.h"
#include "image/moving/pull_options.h"
#include "image/store/content.h"

enum keep_state { KEEP_NEW, KEEP_WAITING, KEEP_ORDERED, KEEP_DONE };

struct keep_blob {
	const char *name;    /* for the source */
	const char *digest;
	int64_t size;
	struct strs urls;    /* where else it is */
	enum keep_state state;
	bool continued, again;
	int lock, fd;
};

struct keep {
	/* given */
	const struct image_store *store;
	struct courier *courier;
	const struct pull_options *options;
	struct arena *arena;
	size_t first;        /* number of the first blob, for progress */
	size_t n_locks;      /* that the caller takes besides, each a descriptor */
	bool at_hand;        /* the source is a file, so nothing of a failure is worth keeping */
	struct VEC(struct keep_blob) blobs;
	struct strs brought; /* what was not here before */
};

/* Adds what @d describes, once. @name: what the source calls it. Errors: ERR_EXHAUSTED. */
int keep_add(struct keep *k, const struct oci_descriptor *d, const char *name, struct err *e);

/* Returns when all of them are in the store. Errors name the blob. */
int keep_run(struct keep *k, struct err *e);

/* Lets go of everything. Call after courier_done() if it failed. */
void keep_done(struct keep *k);

/* After keep_done(), when no record came to refer to them and the source is at hand: takes back what it brought, but for what somebody else needs by now. */
void keep_undo(struct keep *k);
