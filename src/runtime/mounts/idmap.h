/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * idmap: which ids a bind mount shows in the place of its file system's.
 *
 * The maps come, in this order, from the word "idmap=…" itself, from the mount's uidMappings and gidMappings, or from the container's user
 * namespace. mount_idmap_plan() decides; mount_idmap_apply() has the kernel do it on a mount that is still detached, which takes CAP_SYS_ADMIN in
 * the user namespace that owns the file system: the parent's business, never init's.
 */
#include <stdbool.h>

#include "os/userns.h"
#include "runtime/mounts/options.h"
#include "runtime/plan.h"

struct mount_idmap {
	bool wanted, recursive;
	const char *userns;      /* path of a user namespace that has the maps; NULL: they are here */
	struct userns_maps maps;
};

/* Decides, purely. Errors: ERR_INVALID no maps at all; a relative id the container does not have. */
int mount_idmap_plan(const struct oci_mount *m, const struct mount_options *o, const struct launch_plan *p, struct arena *a,
	struct mount_idmap *ret, struct err *e);

/* Maps the ids of the detached @mount. */
int mount_idmap_apply(const struct mount_idmap *map, int mount, int procfd, struct err *e);
