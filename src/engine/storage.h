/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * storage: how a store keeps images, decided once for all of it in <root>/storage.json: {"driver": "erofs", "keepBlobs": false, "size": "10G"}. Each may
 * be missing, the file too. Whoever runs a command may ask for another driver; what is here already stays as it is and works with any (image/snapshot).
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "image/snapshot/snapshot.h"

struct storage_config {
	enum snapshot_driver driver;
	bool drop_blobs;             /* layers' blobs go once they are unpacked */
	int64_t size;                /* bytes a container may write that nobody gave a limit; 0: no limit */
};

/* Reads <root>/storage.json; defaults if it is not there. @driver, if not NULL, stands in for the one there. Errors: ERR_INVALID if there is no such driver. */
int storage_config_read(const char *root, const char *driver, struct arena *a, struct storage_config *ret, struct err *e);
