/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * mapped: the file trees of containers that have a user namespace of their own.
 *
 * For root one mount of the whole store shows all ids as the container has them (idmapped, kernel 5.19 for overlayfs on such): layers, upper and work directory are
 * taken from below it, so it costs one mount however many layers there are, nothing is copied, and what the container writes has plain ids on disk. Whoever
 * mounts the overlay must have ids of the container, or what overlayfs does by itself would have an owner that cannot be.
 *
 * An ordinary user cannot map the ids of his file system: he has the tree copied once for the container, with other owners, to <object>/mapped.
 */
#include "image/snapshot/driver.h"

/* What mapped_begin did, for mapped_end. */
struct mapped {
	struct strs layers;              /* to be mounted instead of the plain ones */
	const char *object;              /* in which upper and work are */
	int dirfd;                       /* of the mount point; -EBADF: none */
	const char *mount;               /* its path */
	bool wears;                      /* this thread has the ids of the container's root for files */
};

/* For a mount of @layers in @dirfd (trusted, borrowed). Errors: ERR_UNSUPPORTED. */
int mapped_begin(const struct snapshot *s, const struct strs *layers, int dirfd, struct arena *a, struct mapped *ret, struct err *e);

/* As it was before. The overlay has its own hold on what was below the mount. */
void mapped_end(struct mapped *m);

/* What this thread makes in the tree belongs to its root, until identity_doff. Root of the host only: others are fine as they are. */
int identity_don(const struct userns_maps *maps);
void identity_doff(void);
