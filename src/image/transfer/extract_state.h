/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * extract_state: an extraction under way. Shared by extract.c, which makes the entries, extract_way.c, which finds the directory they are in, and
 * extract_attributes.c, which gives them what is neither name nor content, and keeps the sum of the tree. Private to extract*.
 */
#include <sys/stat.h>

#include "base/checksum.h"
#include "base/limits.h"
#include "base/vec.h"
#include "image/transfer/layer_entry.h"

/* A directory whose attributes are set at the end. */
struct late_dir {
	const char *path;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	struct layer_xattr *xattrs;
	size_t n_xattrs;
	bool chmod;
	bool made;                  /* there was none before: what was said of an earlier one of this name is void */
	bool implied;               /* made on the way to something: nothing to set */
};

/* One open component of the path to the last parent. */
struct level {
	int fd;
	size_t end; /* length of the path up to here */
};

struct extract {
	struct arena arena;
	int rootfd;
	bool root;                        /* we may give files away */
	struct level levels[LIMIT_LAYER_DEPTH];
	size_t n_levels;
	char parent[LIMIT_PATH];          /* the path the levels stand for */
	struct VEC(struct late_dir) dirs;
	struct unpacked result;
	bool replaced;                    /* later entries replaced earlier ones: the result must be counted */
	struct checksum content;          /* of the file being written */
	/* the entry at work */
	char path[LIMIT_PATH];            /* cleaned; without links once its parent is entered */
	const char *name;                 /* its last component, in path */
	int parent_fd;                    /* borrowed from the levels or the root */
	const struct layer_entry *entry;
	int fd;                           /* a regular file being written */
	uint64_t written_to;              /* end of the last piece */
};

/* ---- extract_way ---- */

bool extract_is_whiteout(const struct stat *st);
void extract_opaque_add(struct extract *x, const char *path);

/* Keeps the first @keep open directories only: what was below them may have gone. */
void extract_levels_cut(struct extract *x, size_t keep);

/*
 * Makes x->parent_fd the directory that the entry is in. Links on the way are replaced in x->path by what they say, so that in the end it is the entry's
 * real name; "..", which only links bring, goes back to where we came from, and not above the root.
 */
int extract_parent_enter(struct extract *x);

/* ---- extract_attributes ---- */

/* Owner, mode and times of a link or node, in x->parent_fd. */
int extract_attributes_node(struct extract *x);

/* And of the regular file x->fd, with its size and attributes. */
int extract_attributes_file(struct extract *x);

/* Remembers a directory. @existed: its mode is not the one we would have made it with. */
void extract_dir_later(struct extract *x, bool existed);

/* The same for one that was made on the way to something. */
void extract_dir_implied(struct extract *x, const char *path);

/* Sets what was remembered of directories. */
int extract_dirs_finish(struct extract *x, struct err *e);

/* Counts what there is, where what was made on the way is not all of it. */
int extract_count(struct extract *x);
