/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * layout: the controllers, where this host has them, and which of them get a directory.
 *
 * On v1 every hierarchy costs a mkdir and a rmdir per container: 35 µs (freezer) to 93 µs (memory) on the build machine, plus 10 µs to enter.
 * So not all twelve are made:
 *     ALWAYS  what every user of a runtime asks for sooner or later: memory and cpuacct (statistics, OOM), pids (count), devices (default
 *             deny), freezer (pause, and killing without a pid namespace);
 *     NAMED   when the caller named the cgroup he means to read it there (docker stats, podman stats: block I/O and throttling), and a
 *             missing directory would show him the numbers of the whole host;
 *     LIMITS  only if a limit needs them.
 * On v2 there is one directory, and the column decides which controllers are enabled in it.
 *
 * Everything here is pure but for cgroup_host_probe (cgroup.h), which lives in layout.c too.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "os/facts.h"

enum cgroup_ctl {
	CGROUP_MEMORY,
	CGROUP_CPU,
	CGROUP_CPUACCT,
	CGROUP_CPUSET,
	CGROUP_PIDS,
	CGROUP_BLKIO,
	CGROUP_DEVICES,
	CGROUP_FREEZER,
	CGROUP_HUGETLB,
	CGROUP_NET_CLS,
	CGROUP_NET_PRIO,
	CGROUP_RDMA,
	CGROUP_CTL_COUNT,
};

enum cgroup_need { CGROUP_NEED_ALWAYS, CGROUP_NEED_NAMED, CGROUP_NEED_LIMITS };

struct cgroup_ctl_row {
	const char *v1;         /* name on v1 */
	const char *v2;         /* name in cgroup.controllers; NULL: part of v2 itself */
	bool v2_exists;         /* false: v2 has nothing of the kind */
	enum cgroup_need need;
};
extern const struct cgroup_ctl_row cgroup_ctls[CGROUP_CTL_COUNT];

/* What this host mounts, and the runtime's own place in it ("" is the v2 tree). */
struct cgroup_host {
	const struct cgroup_facts *facts;
	struct pairs own; /* controllers as /proc/self/cgroup lists them → path in the hierarchy */
};

/* Where a controller lives here: 1, 2, or 0 for nowhere. */
int cgroup_host_version(const struct cgroup_host *h, enum cgroup_ctl ctl);

/* Our own path in the hierarchy that has @controller ("" is v2), as seen from its mount. "/" if unknown. */
const char *cgroup_host_own(const struct cgroup_host *h, const char *controller, const char *mount_root);

/* Parses /proc/self/cgroup. */
void cgroup_own_parse(const char *text, struct arena *a, struct pairs *ret);

/*
 * Joins and cleans: no empty components, no "."; the result has neither leading nor trailing '/'. Errors: ERR_INVALID for "..", which would
 * name a place outside the base.
 */
int cgroup_path_join(const char *base, const char *path, struct arena *a, char **ret, struct err *e);
