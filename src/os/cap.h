/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * cap: capabilities by name, and the five sets of a thread by raw system call.
 *
 * A set is a 64-bit mask: bit n is capability n.
 * Errors: -errno. EINTR: does not occur.
 */
#include <stdbool.h>
#include <stdint.h>

enum { CAP_TABLE_COUNT = 41 };  /* CAP_CHOWN … CAP_CHECKPOINT_RESTORE */
extern const char *const cap_names[CAP_TABLE_COUNT];

/* "CAP_SYS_ADMIN", "SYS_ADMIN", "sys_admin". Returns the number. Errors: -EINVAL. */
int cap_find(const char *name);

/* The last capability this kernel knows (PR_CAPBSET_READ probing, cached by the caller if it cares). */
int cap_last(void);

/* Every capability this kernel knows. */
uint64_t cap_all(void);

struct cap_sets {
	uint64_t effective, permitted, inheritable, bounding, ambient;
};

int cap_get(struct cap_sets *ret);

/* The permitted set alone: one system call. 0 if it cannot be read. */
uint64_t cap_permitted(void);

/* capset(2): effective, permitted, inheritable; the other two are left alone. */
int cap_set(const struct cap_sets *s);

/* Drops from the bounding set what @keep lacks. Needs CAP_SETPCAP unless there is nothing to drop. */
int cap_keep_bounding(uint64_t keep);

/* Makes the ambient set exactly @set (each must be permitted and inheritable). */
int cap_set_ambient(uint64_t set);

/* Keeps permitted capabilities over a change of uid (PR_SET_KEEPCAPS). */
int cap_keep_over_setuid(bool on);

/* True if the effective set has it. */
bool cap_has(int cap);
