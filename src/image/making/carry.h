/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * carry: files and trees of this machine as a stream of tar, and such a stream put into a tree: what cp and the tars of volumes are made of.
 *
 * Both ends are programs of their own, confined to what they read or write (transfer/pack.h, transfer/place.h), that run at the same time.
 */
#include <stdbool.h>
#include <stdint.h>

#include "image/image.h"

/* What is carried: exactly one of the two is there. */
struct carry_from {
	int item;               /* any file, O_PATH will do; -EBADF: from the stream */
	const char *name;       /* what it is called in the stream; ".": its contents without its name */
	int stream;             /* a tar, compressed or not */
};

enum carry_owner { CARRY_KEEP, CARRY_GIVE, CARRY_OWN }; /* as place.h has it */

/* Where to: exactly one of the two is there. */
struct carry_to {
	int root;               /* of the tree, from which nothing else can be reached; -EBADF: to the stream */
	const char *base;       /* the directory below it */
	enum carry_owner owner;
	uint32_t uid, gid;
	bool overwrite;         /* directories by others, and the other way round */
	int stream;
};

/* Descriptors are borrowed. @cancel_fd > 0: readable means stop. */
int carry(struct image_store *s, const struct carry_from *from, const struct carry_to *to, int cancel_fd, struct err *e);

/* A directory of the host as such a root. Returns owned. */
int carry_root(int dirfd, struct err *e);
