/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * volume: directories that outlive containers: `<root>/volumes/<name>/_data`, an object of os/objdir.
 */
#include "engine/internal.h"

/* Makes the volume if it is missing, and fills an empty one from what the image has at @m->target below @rootfs (descriptor, borrowed). */
int volume_prepare(struct engine *en, const struct container_mount *m, int rootfs, struct err *e);

/* Removes it. Missing is fine. Errors: ERR_CONFLICT if somebody works on it. */
int volume_remove(struct engine *en, const char *name, struct err *e);

/* Absolute path of the directory that holds the volumes. */
const char *volume_directory(const struct engine *en, struct arena *a);
