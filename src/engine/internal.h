/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * internal: what the modules of the engine share. No other folder includes this.
 *
 * Directories of a container:
 *     <root>/containers/<id>  the object (os/objdir): container.json, exit.json, log, upper/, work/; its lock is the container's lock
 *     <run>/containers/<id>   the live directory, there from `live.make` to the end of cleanup: monitor.json, config.json (so it is the
 *                             bundle), state.json, rootfs (mount point), hosts, resolv.conf, hostname, and the monitor's own files
 * Lock order: container < volume; image pins and network files are taken inside and held briefly.
 */
#include "engine/engine.h"
#include "engine/storage.h"
#include "os/facts.h"
#include "os/objdir.h"

struct image_store;
struct network;

struct engine {
	struct arena arena;          /* lives as long as the engine */
	const char *root, *run;      /* absolute, no trailing slash */
	const char *storage_driver;  /* as asked, or NULL */
	const char *runtime;         /* default OCI runtime as asked; NULL: tare-runtime */
	bool debug;
	struct storage_config storage; /* see engine_storage() */
	bool has_storage;
	struct objdir containers;    /* <root>/containers */
	struct objdir names;         /* <root>/names */
	struct objdir volumes;       /* <root>/volumes; opened by engine_volumes() */
	int live;                    /* <run>/containers */
	struct image_store *images;  /* opened by engine_images() */
	struct network *network;     /* opened by engine_network() */
	struct host_facts facts;
};

#define FILE_CONTAINER "container.json"
#define FILE_STATE "state.json"
#define FILE_EXIT "exit.json"
#define FILE_CONFIG "config.json"
#define FILE_MONITOR "monitor.json"
#define FILE_PAUSED "paused"          /* see freeze.h */
#define DIR_ROOTFS "rootfs"
#define PIN_PREFIX "ns-" /* of namespaces of other containers, see namespaces.h */

/* How images and roots are kept: what was asked, the variable, the store's own file, the default. Probed once. Errors: ERR_INVALID, ERR_UNSUPPORTED. */
int engine_storage(struct engine *en, const struct storage_config **ret, struct err *e);

int engine_network(struct engine *en, struct network **ret, struct err *e);
int engine_volumes(struct engine *en, const struct objdir **ret, struct err *e);

/* An id as people are shown it. */
#define SHORT_ID_FMT "%.12s"
