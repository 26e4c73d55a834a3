/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * live: mounts come and go in a container that runs (`mounts add`, `mounts remove`).
 *
 * The parent opens what only it can reach: sources of binds as detached copies, their ids mapped. A child joins all namespaces of the container, and
 * a child of its own makes the file systems there, so that a procfs or tmpfs is the container's, and puts everything in place by descriptor as
 * at the container's birth. The container may be hostile and awake meanwhile: a target is resolved once, inside its root; what is to be taken
 * away may not lie behind any link, or the container could choose which of its masks we take off.
 *
 * Errors: ERR_CONFLICT a container that does not run; else as in mounts.h. A failing `add` takes back what it had put.
 */
#include "base/err.h"
#include "runtime/control.h"

int live_mounts_add(const struct control *c, const struct oci_mount *mounts, size_t n, struct err *e);

/* Only the destinations are looked at; the last is taken first, so that a list may be removed as it was added. */
int live_mounts_remove(const struct control *c, const struct oci_mount *mounts, size_t n, struct err *e);
