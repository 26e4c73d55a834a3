/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * erofs_tree: the tree of a layer in memory, without contents, as its tar builds it entry by entry.
 *
 * The rules are those of extract.h, entry for entry: names cleaned lexically, links in parents resolved inside the tree, what is in the way replaced, a
 * directory on a directory kept, whiteouts as 0:0 character devices, opaque directories marked. There they are laws for the kernel's tree, here for ours.
 *
 * Ownership: everything lives in the tree's arena. Errors: -errno as the kernel would give it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/arena.h"
#include "base/vec.h"
#include "image/transfer/layer_entry.h"

struct erofs_name;

/* A piece of a sparse file: chunk @chunk of it is at @at of the spool. */
struct erofs_chunk {
	uint32_t chunk;
	uint64_t at;
};

struct erofs_inode {
	mode_t mode;
	uid_t uid;
	gid_t gid;
	dev_t dev;
	struct timespec mtime;
	uint32_t nlink;
	bool opaque;
	uint64_t size;
	uint64_t content_at;            /* of a plain file's content in the tar */
	const char *target;             /* of a link */
	struct layer_xattr *xattrs;
	size_t n_xattrs;
	/* a sparse file */
	bool sparse;
	uint8_t chunk_bits;
	struct VEC(struct erofs_chunk) chunks;
	/* a directory */
	struct erofs_inode *parent;
	struct VEC(struct erofs_name *) children; /* those without inode are gone */
	/* filled when the image is laid out */
	uint64_t nid;                   /* 0: not placed yet */
	uint32_t xattr_size, inline_size;
	uint64_t data_at;               /* of a directory or link that is not inline, in the metadata area */
};

/* A name in a directory. */
struct erofs_name {
	const char *name;
	size_t size;
	struct erofs_inode *dir, *inode;
	struct erofs_name *next;        /* in its bucket */
};

struct erofs_tree {
	struct arena arena;
	struct erofs_inode *root;
	struct erofs_name **buckets;
	size_t n_buckets, n_names;      /* names that stand */
};

void erofs_tree_init(struct erofs_tree *t);
void erofs_tree_done(struct erofs_tree *t);

/* Adds one entry. *ret is the inode of a regular file that was made, else NULL. Errors: as extract_begin's; -ENOENT for a hard link to nothing. */
int erofs_tree_add(struct erofs_tree *t, const struct layer_entry *entry, struct erofs_inode **ret);
