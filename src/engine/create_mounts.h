/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * create_mounts: what a request says of mounts in terms of other things, put in terms of mounts: --volumes-from, --read-only-tmpfs, names of images.
 */
#include "engine/internal.h"

/* Changes @q->mounts, in @a. What a request names itself is never replaced. Errors: ERR_NOT_FOUND for a container or an image. */
int create_mounts(struct engine *en, struct container_request *q, struct arena *a, struct err *e);
