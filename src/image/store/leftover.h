/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * leftover: what interrupted work left in the store and nobody works on any more. Private to src/image.
 *
 * Of a pull that failed the blobs that came in part stay, to be continued, and so do layers that came whole; everything else that fails takes back what it
 * made. Whoever is killed takes nothing back. All of it lies in an ingest directory, under a hidden name of objdir, or is content no record refers to (remove.h):
 * `prune` and `check --repair` take it away, and partial blobs go by themselves after a week, with the next pull.
 */
#include "image/store/content.h"

struct leftover {
	const char *path;    /* below the root, for people */
	int dirfd;           /* borrowed, as is what follows */
	const char *name;
	const struct objdir *objects; /* NULL: a plain file or tree */
	const struct object *object;
};

/* Nobody else can work on it while this is called. */
typedef void (*leftover_fn)(void *arg, const struct leftover *l);

/* Takes it away. Errors: -errno. */
int leftover_remove(const struct leftover *l);

/* Calls @fn for each, and removes lock files that nobody holds. */
int leftovers_each(const struct image_store *s, leftover_fn fn, void *arg, struct err *e);

/* Removes partial blobs that nobody continued for a week. What cannot be removed stays. */
void leftovers_expire(const struct image_store *s);
