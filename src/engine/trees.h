/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * trees: the file tree of one container, held still as far as that goes: what diff, export and commit look at.
 */
#include "engine/changes.h"
#include "engine/store.h"
#include "image/image.h"

struct tree {
	struct holding h;               /* locked: nobody puts it away meanwhile */
	struct container_info info;
	struct image image;             /* it was made of */
	int upper;                      /* the container's own directory */
	bool copy;                      /* … is all of its tree (driver vfs), not what is over the image's */
	int merged;                     /* all of it; opened by tree_merge */
};
#define TREE_NONE ((struct tree){ .h = HOLDING_NONE, .upper = -EBADF, .merged = -EBADF })

/* Finds and locks the container and looks at its image. */
int tree_open(struct engine *en, const char *ref, struct arena *a, struct tree *ret, struct err *e);
void tree_done(struct tree *t);
#define scoped_tree SCOPED(tree_done)

/* Opens the merged tree: the mounted one if it runs, a view otherwise. */
int tree_merge(struct tree *t, struct err *e);

/* What the container changed. */
int tree_changes(const struct tree *t, struct arena *a, struct changes *ret, struct err *e);
