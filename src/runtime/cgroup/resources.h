/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * resources: linux.resources → the values to be written, by one table of knobs (property → controller → file and format on v1 and on v2).
 *
 * Pure. A property that has no counterpart where the controller lives is an error (ERR_UNSUPPORTED) unless what it asks for holds anyway.
 * Zero means "unset" where runc says so (memory, shares, quota, weights); pids.limit 0 is a limit, -1 is none.
 * Device rules are in devices.h.
 */
#include "base/vec.h"
#include "runtime/cgroup/layout.h"
#include "spec/oci_runtime.h"

enum {
	CGROUP_WRITE_IF_EXISTS = 1 << 0, /* no such file: fine */
	CGROUP_WRITE_OR_NEXT = 1 << 1,   /* no such file: write the next one instead; otherwise skip the next */
	CGROUP_WRITE_SWAP = 1 << 2,      /* -EINVAL: the next first, then this (limits that bound each other) */
	CGROUP_WRITE_UNLESS_MAX = 1 << 3, /* no such file: fine if there is to be no limit (the kernel counts no swap) */
};

struct cgroup_write {
	enum cgroup_ctl ctl;  /* CGROUP_CTL_COUNT: the v2 directory, whatever the controller (unified) */
	const char *property; /* for messages: "memory.limit" */
	const char *file;
	const char *value;
	unsigned flags;
};
struct cgroup_writes VEC(struct cgroup_write);

/* Appends to @ret what @r asks for, in an order the kernel accepts on a new cgroup. */
int resources_plan(const struct oci_resources *r, const struct cgroup_host *h, struct arena *a, struct cgroup_writes *ret,
		   struct err *e);

/* The same for a part of what will be in force: only @part is written, but a file made of two properties takes the other from @whole. */
int resources_plan_part(const struct oci_resources *part, const struct oci_resources *whole, const struct cgroup_host *h, struct arena *a,
			struct cgroup_writes *ret, struct err *e);

/* cpu.shares (2 … 262144, default 1024) → cpu.weight (1 … 10000, default 100): the curve through all three points. 0 → 0. */
uint64_t resources_weight_of_shares(uint64_t shares);
