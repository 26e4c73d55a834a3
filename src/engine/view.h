/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * view: merged trees to look at: those of images and of containers that do not run. Read-only, visible to nobody else, gone with their descriptor.
 */
#include "engine/internal.h"
#include "image/image.h"

/*
 * The tree that @layers (absolute paths, base first) are together; the last may be the upper directory of a container that is not mounted. Returns a
 * directory opened for reading, owned. What is in it is hostile: names by descriptors, devices not opened.
 */
int view_open(struct engine *en, const struct strs *layers, struct err *e);

/* The same as a detached mount, to be placed somewhere. */
int view_mount(struct engine *en, const struct strs *layers, struct err *e);

/* The tree of the image with that id or name. Returns as view_open; @ret (may be NULL) is the image. */
int view_image(struct engine *en, const char *name_or_id, struct arena *a, struct image *ret, struct err *e);
