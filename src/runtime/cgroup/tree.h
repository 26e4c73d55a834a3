/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * tree: making and removing directories in a cgroup file system, by descriptors.
 *
 * A mount is entered without following any link and must really be a cgroup file system; below it nothing crosses a mount. What was made
 * is reported so that only that is removed.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "runtime/cgroup/plan.h"

/* What absolute paths below start from; owned. */
int tree_root(void);

/* Opens an absolute path on a cgroup file system of that version. Returns owned. Errors: -ENOENT; -EXDEV if it is on something else. */
int tree_open(int root, const char *path, bool v2);

/*
 * Makes @d->path below @d->mount. New levels of cpuset get their parent's cpus and mems (without them nothing may enter), and on v2 the plan's
 * controllers are enabled on the way. Appends what it made to @made (absolute, in the arena), also when it fails. Returns the leaf, owned.
 */
int tree_make(int root, const struct cgroup_dir_plan *d, const struct cgroup_plan *p, struct arena *a, struct strs *made, struct err *e);

/*
 * Removes the directory at the absolute @path with the sub-cgroups in it. While processes are dying it waits, until @deadline_ns
 * (proc_now_ns; 0: does not wait). A missing one is fine. Errors: -EBUSY if live processes, or with @deadline_ns 0 any children, stay.
 */
int tree_remove(int root, const char *path, uint64_t deadline_ns, struct arena *a, struct err *e);

/* Adds the processes listed in @fd and below. Bare -errno. */
struct cgroup_pids;
int tree_pids(int fd, struct arena *a, struct cgroup_pids *ret);
