/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * inside: the tree of a container as it sees it, with its volumes and binds, by descriptor and without running anything of it.
 *
 * One that runs is looked at through its init's root, so every mount it has is there. Of one that does not run the tree is put together, with volumes and
 * binds on it, in a mount namespace that holds nothing else and is nobody's: it lives as long as a descriptor of it is open, so killing us leaves nothing
 * mounted. Either way ".." from the root leads nowhere, and paths in it are resolved by os/path_safe alone.
 */
#include "engine/store.h"
#include "image/image.h"

struct inside {
	struct holding h;               /* locked unless it runs */
	struct container_info info;
	bool runs;
	int root;                       /* a directory, opened for reading */
	int ns;                         /* the mount namespace of a tree that was put together */
	bool holds_layers;              /* such a tree's, and volumes that are mounted */
};
#define INSIDE_NONE ((struct inside){ .h = HOLDING_NONE, .root = -9, .ns = -9 /* -EBADF */ })

/* Finds and opens. Errors: ERR_NOT_FOUND. */
int inside_open(struct engine *en, const char *ref, struct arena *a, struct inside *ret, struct err *e);
void inside_done(struct inside *x);
#define scoped_inside SCOPED(inside_done)
