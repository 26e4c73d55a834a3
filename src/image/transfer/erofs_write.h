/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * erofs_write: lays a tree (erofs_tree.h) out as EROFS and writes it behind a tar.
 *
 *     0      superblock at 1024                       written last
 *     4096   the tar, byte for byte                   LAYER_EROFS_TAR_AT; was there before
 *            chunks of sparse files                   was there before
 *            metadata: inodes with attributes, short links and small directories; then blocks of larger directories and links
 *
 * One file, no extra device: plain files are extents of the tar. The metadata is written once, front to back, from a plan that was made first, so memory
 * does not grow with it.
 */
#include "base/err.h"
#include "image/store/form.h"
#include "image/transfer/erofs_tree.h"

struct erofs_image {
	int fd;                  /* borrowed */
	uint64_t spool_at;       /* where in the file the chunks of sparse files begin */
	uint64_t metadata_at;    /* where the metadata goes; a multiple of 4096 */
	uint64_t bytes;          /* filled: sizes of regular files, hard links once */
};

/* The tree is used up: places of inodes are noted in it. */
int erofs_write(struct erofs_image *image, struct erofs_tree *t, struct err *e);
