/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * supervision_opts: the flags of `run` and `create` that say what the monitor does for a container.
 */
#include "cli/command.h"

extern const struct opt supervision_opts[]; /* over struct request_options */

/* --restart, also of `update`. */
int supervision_take_restart(void *options, const char *value, struct arena *a, struct err *e);
