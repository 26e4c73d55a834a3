/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * mount_source: what stands behind a mount of a container, as a detached mount: a directory or file of the host, a volume or what is below a path of it, an
 * image, or an overlay over the first two. Launches place it in the live directory, cp in its own tree.
 *
 * A path inside a volume is hostile: it is resolved below the volume's root once, and mounted by descriptor.
 */
#include "engine/store.h"

/*
 * @i is the mount's number among h->c.mounts; an overlay without places of its own writes to `overlays/<i>` of the container's object. Returns owned.
 * Errors: ERR_NOT_FOUND for a source that is not there, with -ENOENT.
 */
int mount_source_open(const struct holding *h, size_t i, struct arena *a, int *ret_mount, struct err *e);

/* Throws away what was written to overlays that go with the run. */
void mount_source_forget(const struct holding *h);
