/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * launch_context: what the steps of a launch share. Who writes and who reads a member stands beside it.
 */
#include "engine/attach.h"
#include "engine/networks.h"
#include "engine/program.h"
#include "engine/store.h"
#include "network/network.h"
#include "os/proc.h"
#include "os/user.h"
#include "os/userns.h"

struct launch {
	struct engine *en;
	struct arena *a;
	struct holding *h;                       /* locked */
	const struct strs *layers;               /* absolute paths, base first; for a start */

	bool is_new;                             /* made by this very command and not finished yet; written by the caller */

	/* Attached start: written by the caller. */
	const struct engine_io *io;              /* NULL: in the background */
	struct attach at;                        /* begun by monitor.start, run and ended by the caller */

	struct userns_maps maps;                 /* of its user namespace; written by launch_init */
	struct program runtime;                  /* written by launch_init */
	const char *monitor, *self, *init;       /* programs; init only with --init */
	struct joined nets;
	struct container_state state;            /* written by network.reserve or read from state.json */
	bool has_state;                          /* state.json was read (cleanup) */
	const char *rootfs;                      /* absolute path of the mount point */
	int rootfs_fd;                           /* written by rootfs.mount, read by volumes.fill, config.write */
	int control;                             /* monitor's socket; written by monitor.spawn */
	struct proc proc;                        /* the monitor, our child; written by monitor.spawn */
	int32_t pid;                             /* of the container's init; written by monitor.spawn */
	bool failed;                             /* the monitor said FAILED or its end was seen: it cleans up by itself */
};
#define LAUNCH_NONE ((struct launch){ .rootfs_fd = -9, .control = -9, .proc = PROC_NONE, .at.signals = -9 /* -EBADF */ })
