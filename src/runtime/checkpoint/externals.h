/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * externals: what a container has from outside, and so is in no image: bind mounts, the null device over masked files, cgroup directories, namespaces
 * it joined, its standard descriptors. A dump gives each a name, a restore says what stands behind the name now.
 *
 * The name of a mount is its destination in config.json, so images can be restored as another container, in another bundle.
 * Errors: ERR_UNSUPPORTED for what criu would bring back as something else.
 */
#include "base/vec.h"
#include "runtime/checkpoint/criu.h"
#include "runtime/state.h"
#include "spec/oci_runtime.h"

/* The file of the images that names the standard descriptors: as runc has it, a list of what /proc/PID/fd/N said. */
#define EXTERNALS_DESCRIPTORS "descriptors.json"

/* A mount point and what is bound there. */
struct external_mount {
	const char *destination, *source; /* both absolute */
};
struct external_mounts VEC(struct external_mount);

/* Pure: every bind of the configuration, device files if there is a user namespace, cgroup directories where they are binds. */
int external_mounts_list(const struct oci_config *c, const struct cgroup_record *cgroup, const char *bundle, struct arena *a,
	struct external_mounts *ret, struct err *e);

/* ---- dump: of the container whose init is @pid ---- */

/* Names mounts; @root is init's root. */
int externals_name_mounts(const struct oci_config *c, const struct state *s, int root, struct arena *a, struct criu_opts *q, struct err *e);

/* Names namespaces that were joined by path; *oldest is raised to the version of criu that this needs. */
int externals_name_namespaces(const struct oci_config *c, pid_t pid, struct arena *a, struct criu_opts *q, int *oldest, struct err *e);

/* Names standard descriptors whose files criu cannot find inside, and makes the text of EXTERNALS_DESCRIPTORS. */
int externals_name_descriptors(pid_t pid, struct arena *a, struct criu_opts *q, struct buf *text, struct err *e);

/* ---- restore ---- */

int externals_give_mounts(const struct external_mounts *list, bool masked, struct arena *a, struct criu_opts *q);

/* Opens what has to be handed over as a descriptor: up to two, into @fds; they become descriptors from @first on in criu. Others are joined by path. */
int externals_give_namespaces(const struct oci_config *c, int first, struct arena *a, struct criu_opts *q, int fds[2], size_t *ret_n, int *oldest,
	struct err *e);

/* Our own standard descriptors stand for those named in @text, which is hostile. */
int externals_give_descriptors(struct str text, struct arena *a, struct criu_opts *q, struct err *e);
