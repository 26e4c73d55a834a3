/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * commit: trees of this machine as tar, and as a further layer on an image. Private to image and engine.
 *
 * Packing is done by tare-transfer, confined to reading that tree. The layer it makes is taken in like any other: unpacked from the blob and checked
 * against both digests, so what is shown as an image is what the blob says. A commit that is interrupted leaves at most a verified blob.
 */
#include <stdbool.h>

#include "image/image.h"
#include "image/protocol.h"

/* A tree to pack. */
struct commit_tree {
	int fd;             /* the directory, borrowed */
	bool overlay;       /* an overlay's upper directory */
	bool root;          /* its own attributes belong to it, too */
	struct str marks;   /* what overlayfs knows and tare-transfer may not see (transfer/pack.h) */
	int cancel_fd;      /* > 0: readable means stop */
};

/* Writes the tree as plain tar to @out (a file, a pipe, a socket; borrowed). *ret_changed: files changed meanwhile. */
int image_export(struct image_store *s, const struct commit_tree *tree, int out, bool *ret_changed, struct err *e);

struct commit_request {
	const char *parent;               /* id of the image the layer goes on; NULL: it is the only layer */
	struct commit_tree tree;
	enum pack_kind compression;
	bool docker;                      /* media types of Docker's schema 2 instead of OCI's */
	const char *name;                 /* for the new image; NULL: none */
	struct oci_image_config config;   /* all but rootfs and history, which are the parent's and one more */
	struct oci_history history;       /* that one; empty_layer is set if nothing changed */
};

/* Returns the new image. Errors: -ENOENT if the parent went away; -EINVAL for the name. */
int image_commit(struct image_store *s, const struct commit_request *q, struct arena *a, struct image *ret, bool *ret_changed, struct err *e);
