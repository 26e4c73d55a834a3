/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * self: where our own programs are.
 *
 * Errors: -errno; -ENOENT if there is no such program anywhere. EINTR: does not occur.
 */
#include "base/arena.h"

/*
 * Finds one of our programs ("tare-monitor"): $TARE_LIBEXEC, the directory of the running program, ../libexec/tare beside it, $PATH. A name with a
 * '/' is taken as it is. The absolute path is in the arena. Errors: -ENOENT.
 */
int self_find_program(const char *name, struct arena *a, char **ret);

/* The same for a program that is not ours (runc, crun): a name with a '/' as it is, else $PATH. */
int self_find_in_path(const char *name, struct arena *a, char **ret);

/* The path of the running program, in the arena. */
int self_path(struct arena *a, char **ret);
