/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * rlimit: resource limits by name.
 *
 * Errors: -errno. EINTR: does not occur.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

enum { RLIMIT_TABLE_COUNT = 16 };
extern const char *const rlimit_names[RLIMIT_TABLE_COUNT]; /* "RLIMIT_CPU" at 0 … as the kernel numbers them */

/* "RLIMIT_NOFILE", or "nofile" as --ulimit says. Returns the number. Errors: -EINVAL. */
int rlimit_find(const char *name);

/* Sets a limit of a process (0: this one); RLIM_INFINITY is UINT64_MAX. */
int rlimit_set(pid_t pid, int resource, uint64_t soft, uint64_t hard);
int rlimit_get(pid_t pid, int resource, uint64_t *ret_soft, uint64_t *ret_hard);
