/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * image_mount: images mounted for people, each on <run>/images/<hex>. The rest of it is in engine.h.
 */
#include "engine/internal.h"

/* As engine_image_user: whether it is mounted, and where. */
bool image_mount_user(struct engine *en, const char *id, char *ret_who, size_t size);
