/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * checkpoint: a container is written to disk and brought back, by CRIU.
 *
 * checkpoint_dump() is `checkpoint`, checkpoint_restore() the part of `restore` up to the running container. Both are step tables (dump.c,
 * restore.c); the conversation is criu.h, what both ask of criu is request.h, what a container has from outside is externals.h.
 *
 * Images are hostile: of them only criu reads anything, except descriptors.json, which is capped and can only choose among our own three standard
 * descriptors. What the restored container may do (cgroup, limits, mounts, hooks) comes from the bundle's config.json.
 * Errors: ERR_NOT_FOUND no criu; ERR_UNSUPPORTED for what this criu or kernel cannot do; ERR_CONFLICT where the status of the container forbids it.
 */
#include "base/arena.h"
#include "base/err.h"
#include "runtime/launch.h"

struct checkpoint_options {
	const char *root, *id;
	const char *criu;          /* the program; NULL: criu in PATH */
	const char *image_path;    /* NULL: checkpoint */
	const char *work_path;     /* NULL: image_path */
	const char *parent_path;   /* relative to image_path */
	const char *page_server;   /* ADDRESS:PORT */
	const char *cgroups_mode;  /* soft full strict ignore; NULL: soft */
	const char *network_lock;  /* iptables nftables skip; NULL: criu's default */
	const char *status_fd;
	const char *lsm_profile, *lsm_mount_context;
	struct strs empty_ns;      /* "network" */
	bool leave_running, pre_dump;
	bool tcp_established, tcp_skip_in_flight, tcp_close;
	bool link_remap, ext_unix_sk, shell_job, lazy_pages, file_locks, auto_dedup;
};

/* Writes the container to the image path; it goes away unless it is left running. */
int checkpoint_dump(const struct checkpoint_options *o, struct arena *a, struct err *e);

/*
 * Brings it back as the container lo->id of the bundle lo->bundle. On failure nothing is left but criu's log. On success l is as launch_start leaves it:
 * l->init is our child and runs. @signals is a signalfd (borrowed) that may interrupt it, or negative.
 */
int checkpoint_restore(const struct checkpoint_options *o, const struct launch_options *lo, int signals, struct arena *a, struct launch *ret,
	struct err *e);

/* True if a build knows how: what `features` says as org.opencontainers.runc.checkpoint.enabled. */
bool checkpoint_is_built(void);
