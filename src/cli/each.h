/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * each: the shape of commands that do one thing to several containers: go on after a failure, print what was done, exit 1 if any failed.
 */
#include "cli/command.h"

/* One container of the list; returns -errno with @e filled. */
typedef int (*each_fn)(struct engine *en, const char *ref, const void *options, struct err *e);

/* What the command is about: its arguments, or with @latest the newest container, beside which there are none. */
int each_targets(struct cli *c, bool latest, struct strs *ret, struct err *e);

/* Calls @fn for every argument; prints the argument after success. Returns the exit code, or -errno if the engine did not open. */
int each_argument(struct cli *c, each_fn fn, const void *options, struct err *e);
