/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * mounts: puts the file systems of config.json into the container's tree.
 *
 * The tree is held by one descriptor, @root: the root of a mount that is already attached to init's mount namespace. Every target is resolved
 * once inside it (os/path_safe.h), made where it is missing, and mounted on by that very descriptor (CVE-2021-30465); a target of procfs or sysfs
 * may not lie behind any symbolic link (CVE-2019-19921, CVE-2023-27561). File systems are made detached, with all their attributes, and
 * moved into place in one piece, so a half-made mount is never seen.
 *
 * Ownership: descriptors passed in are borrowed.
 * Errors:    name the destination and, where it has one, the file system's own words.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/mounts/idmap.h"
#include "runtime/mounts/options.h"
#include "spec/oci_runtime.h"

/* One mount, ready to be applied. */
struct mount_job {
	const struct oci_mount *mount;
	struct mount_options options;
	struct mount_idmap idmap;
	const char *destination; /* absolute */
	int source;              /* detached copy of a bind's source, made by the parent; -EBADF: init opens it. Owned by the process that has it */
	const char *link;        /* the source is a link with this text, to be made again; NULL: it is mounted */
};

struct mount_jobs {
	struct mount_job *v;
	size_t n;
	bool mapped; /* one of them maps ids: the parent must open it */
};

/*
 * The roots of procfs and sysfs as they were mounted: what is masked in them is found from here, not by a name that somebody who shares the tree may
 * have swapped since (CVE-2019-19921). -EBADF: none is mounted.
 */
struct mount_roots {
	int proc, sys;
};
#define MOUNT_ROOTS_NONE (struct mount_roots){ -EBADF, -EBADF }

/* Where the jobs are done. */
struct mount_site {
	struct arena *a;
	int root;                           /* the container's tree */
	const char *bundle;                 /* relative bind sources start here */
	bool userns;                        /* the container has one */
	bool shared;                        /* the mount namespace is others', too: what is copied of it only receives */
	bool own_pids;                      /* it has a pid namespace, so the host's procfs will not do for its own */
	bool cgroupns;
	const struct cgroup_record *cgroup; /* NULL: none */
	struct lsm_mount label;             /* of new file systems */
	struct mount_roots *roots;          /* filled; what is in it belongs to the caller. NULL: not wanted */
};

/* Understands the options of every mount of a container that is launched by @p. Pure. */
int mount_jobs_make(const struct oci_config *c, const struct launch_plan *p, struct host_facts *facts, struct arena *a, struct mount_jobs *ret,
	struct err *e);

/* The same for one mount. */
int mount_job_make(const struct oci_mount *m, const struct launch_plan *p, struct host_facts *facts, struct arena *a, struct mount_job *ret,
	struct err *e);

/*
 * In the parent: opens the sources of binds as detached copies, and maps the ids of those that want it. @all: container root might not reach the
 * sources; else only what init has not the right to do.
 */
int mount_jobs_open(struct mount_jobs *jobs, bool all, const char *bundle, int procfd, struct arena *a, struct err *e);

/* Does them all, in order. */
int mount_jobs_apply(struct mount_jobs *jobs, const struct mount_site *site, struct err *e);

/* Puts the detached or attached tree at (@root, @path) as a target: makes directories or an empty file as @source is one or the other. Returns the target, owned. */
int mount_target(int root, const char *path, bool directory, bool no_symlinks, struct err *e);

/* True if an attribute or propagation is to be changed; does it on a detached mount. */
int mount_change_apply(int mount, const struct mount_options *o, struct err *e);
