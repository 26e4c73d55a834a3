/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * snapshot: makes one root file system of an image's layers and what a container changed. Drivers behind one interface (driver.h); the tests in
 * tests/integration/snapshots.bats are its contract and run over each of them.
 *
 *   overlay  layers are trees, the kernel stacks them                              the default
 *   erofs    the same, but new layers are not unpacked: each is one file, mounted (form.h); kernel 6.12, before that through loop devices
 *   vfs      the tree is copied for each container (shared by reflink where the file system can); where nothing else works
 *
 * A driver says which form new layers take and how a root is put together. Any mix of layers that are here already works with any driver: a layer that is
 * a file is mounted first, once for all containers of this machine.
 *
 * On disk: <run>/layers/<hex>/root is where a layer is mounted, <run>/layers/<hex>/users/<id> says for whom; the last one to leave unmounts it. A user whose
 * container is gone is put away by snapshot_heal(). A vfs container's tree is containers/<id>/root.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/enumtab.h"
#include "base/err.h"
#include "base/str.h"
#include "image/store/form.h"
#include "os/facts.h"
#include "os/userns.h"

enum snapshot_driver { SNAPSHOT_OVERLAY, SNAPSHOT_EROFS, SNAPSHOT_VFS, SNAPSHOT_DRIVER_COUNT };
extern const struct enumtab snapshot_drivers;

enum { SNAPSHOT_MAX_LAYERS = 500 };      /* overlayfs' own limit */

struct snapshot {
	enum snapshot_driver driver;
	const char *id;                  /* of the container */
	const char *object;              /* absolute: its directory, in which upper/ and work/ are */
	const char *run;                 /* absolute: of live state */
	const struct strs *layers;       /* absolute paths as struct image has them, base first; may be NULL for unmounting */
	bool is_volatile;                /* never survives us: no syncs */
	const struct userns_maps *maps;  /* of the container's user namespace (mapped.h); NULL: ids are what they are */
};

/* The form in which a driver wants new layers. */
enum layer_form snapshot_form(enum snapshot_driver driver);

/* Whether this host can do it. Errors: ERR_UNSUPPORTED with the reason. */
int snapshot_probe(enum snapshot_driver driver, struct host_facts *facts, struct err *e);

/* Mounts it on the directory @name in @dirfd (borrowed, trusted). On failure nothing stays but a vfs copy, which the next try begins again. */
int snapshot_mount(const struct snapshot *s, struct host_facts *facts, int dirfd, const char *name, struct err *e);

/* Unmounts @path lazily and lets go of the layers. Nothing mounted is fine. Only id and run are looked at. */
void snapshot_unmount(const struct snapshot *s, const char *path);

/*
 * The layers as directories: those that are files are mounted for s->id. Only id, run and layers are looked at. Whoever has mounted something over
 * them need not hold them any longer. On failure nothing is held.
 */
int snapshot_hold(const struct snapshot *s, struct arena *a, struct strs *ret, struct err *e);
void snapshot_let_go(const struct snapshot *s);

/* Lets go of layers that containers hold of which @is_alive says no. Returns how many. */
int snapshot_heal(const char *run, bool (*is_alive)(void *arg, const char *id), void *arg);
