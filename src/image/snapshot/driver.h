/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * driver: what a snapshot driver is. Private to this folder.
 */
#include "image/snapshot/snapshot.h"

struct snapshot_ops {
	enum layer_form form;
	/* Whether this host can. Errors: ERR_UNSUPPORTED with the reason. */
	int (*probe)(struct host_facts *facts, struct err *e);
	/* @layers are directories, base first. */
	int (*mount)(const struct snapshot *s, const struct strs *layers, struct host_facts *facts, int dirfd, const char *name, struct err *e);
};

extern const struct snapshot_ops snapshot_overlay; /* overlay.c */
extern const struct snapshot_ops snapshot_vfs;     /* vfs.c */

/* ---- layers that are files: layer_mount.c ---- */

/* The directories of @layers: themselves, or where they are mounted, for container @id. On failure nothing is held. */
int layer_mount_all(const struct snapshot *s, struct arena *a, struct strs *ret, struct err *e);

/* Lets go of all layers held for @id. */
void layer_release_all(const char *run, const char *id);
