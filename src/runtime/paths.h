/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * paths: masked and read-only paths of the container.
 *
 * Done before the pivot, through the descriptor of the container's tree. A masked file is covered by the host's null device, checked by
 * number on the descriptor that is mounted (CVE-2025-31133); masked directories share one empty read-only tmpfs, because each
 * file system instance costs the kernel far more to make and to reap than a mount. A path that does not exist needs no mask.
 */
#include "base/err.h"
#include "base/str.h"

struct lsm_mount;
struct mount_roots;

/*
 * @root is the container's tree; what lies in /proc or /sys is looked for from @roots instead, if they are mounted. The tmpfs that masks directories gets
 * the @label of new file systems.
 */
int paths_mask(int root, const struct mount_roots *roots, const struct lsm_mount *label, const struct strs *paths, struct err *e);
int paths_make_readonly(int root, const struct mount_roots *roots, const struct strs *paths, struct err *e);
