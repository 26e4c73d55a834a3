/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * resctrl: the class of service of a container (linux.intelRdt): its share of caches and memory bandwidth, its monitoring group.
 *
 *     closID        schemata   what happens
 *     not set       any        the directory <root>/<container id> is made, and removed with the container
 *     set           none       the directory must be there: somebody else made it
 *     set           some       made if it is not there (and it stays); if it is, it must say the same
 *     "/"           …          the default class: the root itself
 *
 * Life cycle: resctrl_plan() looks and decides what will be ours, which is noted on disk; resctrl_make(); resctrl_enter() for each process;
 *             resctrl_remove() removes what the record says is ours.
 * Errors:     "no resctrl mount" if there is none. What the kernel says in info/last_cmd_status becomes part of a message.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "spec/oci_runtime.h"

/* What the state keeps. */
struct resctrl_record {
	const char *root;  /* where resctrl is mounted */
	const char *clos;  /* the directory below it; "." is the root itself */
	const char *group; /* the monitoring group below that, or NULL: none */
	bool made;         /* the directory is ours */
};
extern const struct schema resctrl_record_schema;

/* Where resctrl is mounted. */
int resctrl_find_root(struct arena *a, const char **ret, struct err *e);

int resctrl_plan(const struct oci_intel_rdt *x, const char *root, const char *id, struct arena *a, struct resctrl_record **ret, struct err *e);

/* Makes directory and group, writes or compares the schemata. On failure nothing is left. */
int resctrl_make(const struct resctrl_record *r, const struct oci_intel_rdt *x, struct err *e);

/* Puts a process into class and group. */
int resctrl_enter(const struct resctrl_record *r, pid_t pid, struct err *e);

/* Writes other lines (`update --l3-cache-schema`, `--mem-bw-schema`); NULL: that one stays as it is. */
int resctrl_update(const struct resctrl_record *r, const char *l3_cache, const char *mem_bw, struct err *e);

/* Missing directories are fine. */
int resctrl_remove(const struct resctrl_record *r, struct err *e);
