/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * rootfs: the overlay that a container's root file system is.
 *
 * Lower layers come from the image store, top last in the list as the store keeps them; upper and work belong to the container. Mounted by the new mount API,
 * one lowerdir+ at a time, so neither the number of layers nor the length of their paths is limited by a page; before kernel 6.5 by mount(2) with
 * descriptors as paths.
 */
#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "os/facts.h"

enum { ROOTFS_MAX_LAYERS = 500 };        /* overlayfs' own limit */

struct rootfs {
	const struct strs *layers;       /* absolute paths, base first */
	const char *upper, *work;        /* absolute */
	bool is_volatile;                /* never survives us: no syncs */
};

/* Mounts it on the directory @name in @dirfd (borrowed, trusted). */
int rootfs_mount(const struct rootfs *fs, struct host_facts *facts, int dirfd, const char *name, struct err *e);

/* Unmounts lazily. Nothing mounted is fine. */
void rootfs_unmount(const char *path);
