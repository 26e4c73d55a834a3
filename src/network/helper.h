/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * helper: processes that run beside containers and outlive who started them, as files: "PID START", which name one for ever.
 *
 * Errors: -errno.
 */
#include <stdbool.h>
#include <sys/types.h>

/* Errors: -ESRCH it is gone already. */
int helper_note(int dir, const char *name, pid_t pid);

bool helper_is_there(int dir, const char *name);

/* Kills it, waits for its end and removes the file. No such file: nothing. */
void helper_end(int dir, const char *name);
