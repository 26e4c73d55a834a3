/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * root: the container's tree becomes its root where pivot_root is not the way.
 *
 * "--no-pivot", for hosts that live in an initramfs: the tree is moved onto "/", so what the host has mounted stays in the mount namespace, below it.
 * Nobody sees it there, but the kernel does: a procfs or sysfs without masks anywhere in the namespace permits whoever makes a user namespace inside
 * to mount a new one without masks. So those of the host go first: they are detached, or covered where they may not be.
 *
 * In a mount namespace that others live in (the caller's, or a joined one) two mounts stand on the rootfs: a plain copy of what is there, the holder,
 * which is private, and on it the copy that becomes the container's root, with all its mounts. Only the holder, which shows what was there before,
 * reaches whoever the namespace propagates to; what is mounted for the container reaches nobody. Their numbers are noted before they are attached, so
 * whoever deletes the container knows what to take off, and takes off nothing else:
 *
 *     root_copy → (the numbers are written to disk) → root_put → root_change            init
 *     root_change                                                                     exec, after it has joined
 *     root_take_off                                                                   delete, and create when it fails
 *
 * A chroot is no wall: who has CAP_SYS_CHROOT, or may look into /proc/PID/root of a process outside, leaves it.
 */
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "codec/json.h"
#include "os/fd.h"
#include "runtime/plan.h"

/* @tree is the root of an attached mount, borrowed. The working directory is "/" afterwards. */
int root_move(int tree, struct arena *a, struct err *e);

/* ---- in a mount namespace of others ---- */

/* What the state keeps. */
struct root_record {
	uint64_t holder, tree;    /* numbers of the mounts, as in mountinfo; 0: not made yet */
	const char *mount_ns;     /* joined by this path; NULL: the caller's own */
	const char *user_ns;      /* which it belongs to, for who is not root of the host; NULL: none */
};
extern const struct schema root_record_schema;

/* The record of a container that is to be launched by @p, without numbers; borrows from @p. NULL: it has a mount namespace of its own. */
struct root_record *root_record_new(const struct launch_plan *p, struct arena *a);

/* The two mounts while they are detached, and where they will be. */
struct root_copy {
	int target, holder, tree;
};
#define ROOT_COPY_NONE (struct root_copy){ -EBADF, -EBADF, -EBADF }

void root_copy_done(struct root_copy *c);
#define scoped_root_copy SCOPED(root_copy_done)

/* Copies what is at @rootfs and fills the numbers of @r. Nothing is attached. Errors: ERR_INVALID for the root of the namespace itself. */
int root_copy(const char *rootfs, struct root_copy *ret, struct root_record *r, struct err *e);

/* Attaches both. */
int root_put(const struct root_copy *c, struct err *e);

/* Makes the tree of @r, which is to be found at @rootfs, our root and our working directory. Errors: -ESTALE if something else is there. */
int root_change(const struct root_record *r, const char *rootfs, struct err *e);

/*
 * Takes both mounts off, with all that is on them; what is shared with others stays mounted there. Not finding them is fine, and so is a joined
 * namespace that is no more. Errors: ERR_CONFLICT if something has been mounted over them since.
 */
int root_take_off(const struct root_record *r, const char *rootfs, struct arena *a, struct err *e);
