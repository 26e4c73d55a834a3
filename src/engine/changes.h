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
	struct strs opaque, skipped; /* without leading slash: directories that hide those below; names that are no change */
};

/*
 * @upper is the upper directory, @lower the merged tree below it (both borrowed). @mountpoints: what a start makes for its mounts ("/etc/hosts"); where
 * the lower tree has nothing and it is still empty, nobody has changed anything.
 * Errors: ERR_UNSUPPORTED if a directory was renamed by the kernel in a way that only overlayfs understands.
 */
int changes_find(int upper, int lower, const struct strs *mountpoints, struct arena *a, struct changes *ret, struct err *e);

/* What differs between two trees, by type, mode, owner, device, size and time. */
int changes_between(int old, int new, struct arena *a, struct changes *ret, struct err *e);

/* The marks of image/commit.h. */
int changes_marks(const struct changes *c, struct buf *out);
