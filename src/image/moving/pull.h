/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * pull: brings images into the store, from registries, archives, layout directories and root file systems.
 *
 * All bytes from outside are handled by the confined program tare-transfer; this side decides, verifies documents, takes locks and makes things
 * visible. A pull that is interrupted in any way leaves nothing visible; verified blobs stay and the next pull uses them. Two pulls that meet share
 * the work. On return the image is durable.
 */
#include <stdbool.h>
#include <stdint.h>

#include "image/image.h"
#include "image/moving/pull_options.h"

/* Pulls @name. If the registry says it is what we have already, nothing is downloaded and *ret_changed is false. */
int image_pull(struct image_store *s, const char *name, const struct pull_options *o, struct arena *a, struct image *ret, bool *ret_changed,
		struct err *e);

/*
 * `load`: docker-archive, oci-archive (each also compressed) or, if @path is a directory, an OCI layout or skopeo's dir: (one image without a name); which one is
 * detected. @path "-" or NULL
 * reads @fd. Returns all images that were in it.
 */
int image_load(struct image_store *s, const char *path, int fd, const struct pull_options *o, struct arena *a, struct images *ret, struct err *e);

/* What `import` puts into the config: Dockerfile words as `docker import --change` takes them (CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER,
 * VOLUME, WORKDIR). */
struct import_options {
	struct strs changes;
	const char *message;   /* history comment */
	const char *platform;  /* NULL: this machine's */
	struct pull_options pull;
};

/* `import`: a root file system as tar (compressed or not; "-" or NULL reads @fd) or as a directory becomes an image of one layer. @name may be NULL. */
int image_import(struct image_store *s, const char *path, int fd, const char *name, const struct import_options *o, struct arena *a,
		struct image *ret, struct err *e);
