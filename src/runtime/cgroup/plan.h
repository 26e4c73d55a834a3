/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * plan: everything that will be done to the cgroup trees for one container, as data (cgroup_plan_make of cgroup.h fills it, purely).
 */
#include "runtime/cgroup/devices.h"
#include "runtime/cgroup/layout.h"
#include "runtime/cgroup/resources.h"

struct cgroup_driver;
struct cgroup_manager;
struct unit_plan;

/* One directory to be made: a hierarchy of v1, or the v2 tree. */
struct cgroup_dir_plan {
	const char *controllers; /* "cpu,cpuacct"; "" is v2 */
	const char *mount;       /* "/sys/fs/cgroup/cpu,cpuacct" */
	const char *path;        /* below it, without leading '/': "docker/0af3" */
	unsigned ctls;           /* 1 << enum cgroup_ctl of everything that lives in it */
	bool v2;
};

struct cgroup_plan {
	const struct cgroup_driver *driver;
	const struct cgroup_manager *manager;
	const struct unit_plan *unit;      /* NULL without systemd */
	struct VEC(struct cgroup_dir_plan) dirs;
	struct cgroup_writes writes;       /* limits and, on v1, device rules, in order */
	struct device_program program;     /* device rules on v2; empty: none needed */
	struct strs enable_needed;         /* v2 controllers that limits need in the directory */
	struct strs enable_wanted;         /* … and those that are only for reading statistics */
};

/* The planned directory in which @ctl lives (CGROUP_CTL_COUNT: the v2 one), or NULL. */
const struct cgroup_dir_plan *cgroup_plan_dir_of(const struct cgroup_plan *p, enum cgroup_ctl ctl);
