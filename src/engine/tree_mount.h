/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * tree_mount: the tree of a container mounted for people, at <run>/mounted/<id>, whether it runs or not.
 *
 * An overlay must not be mounted twice. So the start of a container that is mounted takes people's mount away and puts the new one there as well, and what
 * looks at a container that does not run looks at people's mount, if there is one. Volumes and binds are not in it, as with podman.
 */
#include "engine/engine.h"

/* Below the run directory. */
#define TREE_MOUNTED "mounted"

struct container_mounted {
	const char *id, *name, *path;
};

/* Mounts it, unless it is. */
int container_mount(struct engine *en, const char *ref, struct arena *a, struct container_mounted *ret, struct err *e);

/* Takes the mount away. Errors: ERR_CONFLICT if it is not mounted. */
int container_unmount(struct engine *en, const char *ref, struct arena *a, const char **ret_id, struct err *e);

/* All that are mounted. */
int container_mounts(struct engine *en, struct arena *a, struct container_mounted **ret, size_t *ret_n, struct err *e);

/* ---- for the rest of the engine, with the container's lock ---- */

/* Where it is, or would be; the same, or NULL if there is none. */
const char *tree_mount_path(const struct engine *en, const char *id, struct arena *a);
const char *tree_mount_find(const struct engine *en, const char *id, struct arena *a);

/* Before a start: takes it away, and says whether there was one. After it: what is mounted on @rootfs is there, too. */
bool tree_mount_suspend(const struct engine *en, const char *id);
void tree_mount_resume(const struct engine *en, const char *id, const char *rootfs);

/* Before a removal. */
void tree_mount_drop(const struct engine *en, const char *id);
