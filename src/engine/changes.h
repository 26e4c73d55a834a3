/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * changes: what an overlay's upper directory changes in the tree below it, as `diff` shows and `commit` keeps it.
 *
 * Only directories and attributes are looked at, by descriptors; no file is opened. Both trees are hostile.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "engine/engine.h"

struct changes {
	struct container_change *v;  /* sorted by path */
	size_t n, cap;
	/* Names without leading slash: directories that hide those below, what tare itself made; of copies also what is as it was, and what is gone. */
	struct strs opaque, skipped, same, deleted;
};

/*
 * @upper is the upper directory, @lower the merged tree below it (both borrowed). @mountpoints: what a start makes for its mounts ("/etc/hosts"); where
 * the lower tree has nothing and it is still empty, nobody has changed anything.
 * Errors: ERR_UNSUPPORTED if a directory was renamed by the kernel in a way that only overlayfs understands.
 */
int changes_find(int upper, int lower, const struct strs *mountpoints, struct arena *a, struct changes *ret, struct err *e);

/*
 * The same of a container whose tree is a copy of @lower: what differs by type, mode, owner, device, size and time, as for changes_between(). So that
 * all of it can be packed as a layer, what is as it was and what is gone are told, too.
 */
int changes_of_copy(int copy, int lower, const struct strs *mountpoints, struct arena *a, struct changes *ret, struct err *e);

/* What differs between two trees. */
int changes_between(int old, int new, struct arena *a, struct changes *ret, struct err *e);

/* The marks of image/making/commit.h, for packing the changes alone or (@whole) all of the tree. */
int changes_marks(const struct changes *c, bool whole, struct buf *out);
