/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * delegation: a container that may manage cgroups below its own, on v2.
 *
 * By the specification (since 1.1): a container with a new cgroup namespace and cgroup2 mounted writable at /sys/fs/cgroup owns its cgroup, that is the
 *     host's id of its process.user.uid does.
 * By crun's annotation run.oci.delegate-cgroup: it lives one level below its limits, so that it can hand controllers on by itself; the root of its
 *     cgroup namespace is where the limits are.
 * Pure; cgroup.h has what is done (cgroup_give, cgroup_delegate).
 */
#include "base/err.h"
#include "runtime/plan.h"

#define DELEGATION_ANNOTATION "run.oci.delegate-cgroup"

/* True if somebody else than root of the host is to own the cgroup, and who. */
bool delegation_owner(const struct oci_config *c, const struct launch_plan *p, uint32_t *ret);

/* The name of the annotation, NULL if there is none. Errors: ERR_INVALID for names that lead elsewhere; ERR_UNSUPPORTED where v2 does not stand alone. */
int delegation_name(const struct oci_config *c, enum cgroup_mode mode, const char **ret, struct err *e);
