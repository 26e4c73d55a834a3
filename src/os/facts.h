/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * facts: what this host can do, as data, so that plans are pure functions.
 *
 * Each fact is probed when first asked and kept in the struct; a struct filled by hand (tests) is never probed. Nothing is cached on disk. Not thread-safe.
 *
 *     struct host_facts f = { 0 };   … if (facts_openat2(&f)) …    facts_cgroup(&f, a)->mode
 *
 * Cost: one to three system calls per fact. The cgroup facts ask the usual places by name (a read and one call per hierarchy) and read
 * mountinfo, which grows with the number of containers, only if something stands elsewhere.
 * Errors: a probe that fails means "no". EINTR: retried.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

enum cgroup_mode {
	CGROUP_NONE,    /* nothing mounted */
	CGROUP_V1,      /* v1 controllers only */
	CGROUP_HYBRID,  /* v1 controllers, and a v2 tree without most of them (systemd's "unified") */
	CGROUP_V2,
};

/* One v1 hierarchy: a mount point and the controllers on it ("cpu,cpuacct" share one; a named one has "name=systemd"). */
struct cgroup_hierarchy {
	const char *mount;           /* "/sys/fs/cgroup/cpu,cpuacct" */
	const char *root;            /* root of the mount within the hierarchy: "/" on a host */
	struct strs controllers;
};

struct cgroup_facts {
	enum cgroup_mode mode;
	const char *v2_mount;        /* NULL without a v2 tree */
	struct strs v2_controllers;  /* cgroup.controllers at its root */
	struct cgroup_hierarchy *v1; /* empty with CGROUP_V2 */
	size_t n_v1;
	const char *self;            /* what /proc/self/cgroup said when we looked; NULL without cgroups */
};

enum facts_tri { FACTS_UNKNOWN, FACTS_NO, FACTS_YES };

struct host_facts {
	/* Read through the functions below. Tests may set them. */
	uint32_t kernel;             /* major << 16 | minor << 8 | patch (at most 255) */
	enum facts_tri openat2, mount_api, mount_setattr, clone3, clone_into_cgroup, pidfd, time_ns, cgroup_ns;
	enum facts_tri seccomp, apparmor, selinux, initial_userns;
	int landlock_abi;            /* 0 unknown, -1 none, else the version */
	struct cgroup_facts *cgroup;
};

#define FACTS_KERNEL(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor) << 8)
uint32_t facts_kernel(struct host_facts *f);

bool facts_openat2(struct host_facts *f);
bool facts_mount_api(struct host_facts *f);          /* fsopen, fsmount, open_tree, move_mount */
bool facts_mount_setattr(struct host_facts *f);
bool facts_nosymfollow(struct host_facts *f);        /* MOUNT_ATTR_NOSYMFOLLOW, kernel 5.14 */
bool facts_clone3(struct host_facts *f);
bool facts_clone_into_cgroup(struct host_facts *f);  /* clone3 of kernel 5.7 */
bool facts_pidfd(struct host_facts *f);
bool facts_time_ns(struct host_facts *f);
bool facts_cgroup_ns(struct host_facts *f);
bool facts_seccomp(struct host_facts *f);            /* filters */
bool facts_apparmor(struct host_facts *f);           /* enabled in the running kernel */
bool facts_selinux(struct host_facts *f);
bool facts_initial_userns(struct host_facts *f);     /* false: root here is root of a user namespace only */
bool facts_rootless(struct host_facts *f);           /* effective uid is not 0, or not in the initial user namespace */
int facts_landlock(struct host_facts *f);            /* ABI version, 0 if none */

/* The cgroup trees; strings are in @a, which must live as long as @f. Never NULL. */
const struct cgroup_facts *facts_cgroup(struct host_facts *f, struct arena *a);

/* The v1 hierarchy with that controller (or "name=systemd"), or NULL. */
const struct cgroup_hierarchy *cgroup_facts_find(const struct cgroup_facts *c, const char *controller);

/* Finds the trees in mountinfo text (changed in place), with the controllers of v2 ("" or NULL: none). Errors: -EBADMSG. */
int cgroup_facts_parse(char *mountinfo, const char *v2_controllers, struct arena *a, struct cgroup_facts *ret);

/* "v1", "hybrid", "v2", "none". */
const char *cgroup_mode_name(enum cgroup_mode mode);
