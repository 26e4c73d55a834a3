/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * update: other limits for a container that lives. The steps of src/runtime/update.c call these in order:
 *
 *     cgroup_open → update_plan → [update_record into the state file → update_grow] → update_check → update_write → [update_enter]
 *
 * A container has directories only for what was limited when it was made (layout.h). If a new limit needs another controller, its directory is made
 * beside the others, limited, and entered by everybody at once; on v2 the controller is enabled on the way to the directory there is.
 *
 * Ownership: everything lives in the arena of the struct cgroup, which is borrowed.
 * Errors:    sentences for people; what failed has been taken back.
 */
#include "runtime/cgroup/cgroup.h"

struct cgroup_update;

/* Decides what is written where. Touches nothing. Errors: ERR_UNSUPPORTED for limits this host or this container cannot have. */
int update_plan(struct cgroup *c, const struct cgroup_host *h, const struct oci_resources *kept, const struct oci_resources *asked,
		struct cgroup_update **ret, struct err *e);

/* Everything the container is limited to afterwards. */
const struct oci_resources *update_result(const struct cgroup_update *u);

/* True if there are directories to be made or controllers to be enabled. */
bool update_grows(const struct cgroup_update *u);

/* The record of the container with the directories that update_grow will make. */
void update_record(const struct cgroup_update *u, struct cgroup_record *ret);

/* Makes and removes those directories. */
int update_grow(struct cgroup_update *u, struct err *e);
void update_shrink(struct cgroup_update *u);

/* Refuses a limit below what is in use, if that was asked for (memory.checkBeforeUpdate); v1's kernel does so by itself. */
int update_check(const struct cgroup_update *u, struct err *e);

/* Writes the values, or what stood there before. */
int update_write(struct cgroup_update *u, struct err *e);
void update_write_back(struct cgroup_update *u);

/* Moves everybody into the new directories. */
int update_enter(struct cgroup_update *u, struct err *e);
