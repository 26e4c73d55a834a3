/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * launch_mounts: the steps of a launch that prepare what is mounted: sources that are no plain directories of the host, owners that shall be the container's
 * user's, and the files of secrets. What they make is in the live directory.
 */
#include "engine/launch_context.h"

bool launch_has_placed(const void *ctx);
int launch_place(void *ctx, struct err *e);
void launch_unplace(void *ctx);

bool launch_has_owned(const void *ctx);
int launch_own(void *ctx, struct err *e);

bool launch_has_secrets(const void *ctx);
int launch_write_secrets(void *ctx, struct err *e);
