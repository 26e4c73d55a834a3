/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * extract: makes the files of a layer below one directory descriptor, in the form overlayfs wants. The tree and every name in it are hostile.
 *
 * Rules:  names are cleaned lexically ("..": error; leading '/' and '.' dropped); every parent is reached by descriptors, one component at a time,
 *         without following links; a link as parent is read, and the path goes on as it says, as after chroot into the tree. What is in the way is unlinked, never
 *         written through, so neither links nor hard links lead anywhere else. Hard links point at what this layer has made.
 * Form:   ".wh.NAME" becomes a 0:0 character device; an opaque directory is reported by path, since its trusted.* xattr needs a capability this
 *         process has given up. Only user.* (not user.overlay.*) and security.capability attributes are kept: overlay's own would be orders to overlay.
 * Order:  a file gets content, owner, mode, attributes and times in this order, each only if it differs from what creation gave. Directories get
 *         theirs in extract_finish(), so that a set-group-id directory or an ACL does not touch its children and mtimes stay.
 * Owner:  numbers as in the archive if we are root; otherwise the caller's (unit tests). Root of a user namespace cannot make devices, which are left out,
 *         and has only the ids mapped there.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "os/tree_sum.h"

struct extract;

struct extract_xattr {
	const char *name;
	const void *value;
	size_t size;
};

struct extract_entry {
	const char *path;
	mode_t mode;                        /* with the file type */
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	const char *hardlink;               /* path in the archive, or NULL */
	const char *symlink;                /* for S_IFLNK */
	dev_t dev;
	uint64_t size;
	uint64_t content_at;                /* of its content in the archive, unless it is sparse */
	bool sparse;
	const struct extract_xattr *xattrs;
	size_t n_xattrs;
};

struct extract_result {
	struct strs opaque;  /* cleaned paths of opaque directories ("" is the root); in the extract's memory */
	uint64_t entries;    /* names made */
	uint64_t bytes;      /* sizes of regular files, hard links not counted again */
	struct tree_sum sum;
	uint64_t tar;        /* in a form that keeps the tar: its bytes */
};

/* @rootfd is borrowed and must be an empty directory that nobody else changes. The process has umask 0. */
struct extract *extract_new(int rootfd);
void extract_free(struct extract *x);
static inline void extract_freep(struct extract **x)
{
	extract_free(*x);
	*x = NULL;
}
#define scoped_extract SCOPED(extract_freep)

/* One entry: begin, then for a regular file its content in any pieces at rising offsets (holes are left out), then end. */
int extract_begin(struct extract *x, const struct extract_entry *entry, struct err *e);
int extract_data(struct extract *x, const void *p, size_t n, uint64_t offset, struct err *e);
int extract_end(struct extract *x, struct err *e);

/* After the last entry. */
int extract_finish(struct extract *x, struct extract_result *ret, struct err *e);

/* ---- rules that every form of a layer shares (unpack.h) ---- */

#define EXTRACT_WHITEOUT ".wh."
#define EXTRACT_WHITEOUT_META ".wh..wh."
#define EXTRACT_WHITEOUT_OPAQUE ".wh..wh..opq"

/* Before each entry: how many there are, and what is remembered of them. Errors: ERR_EXHAUSTED. */
int extract_check(uint64_t entries, const struct arena *remembered, struct err *e);

/* What to say when an entry could not be made. Returns @r's meaning as an error. */
int extract_failed(const struct extract_entry *entry, int r, struct err *e);

/* Cleans a name from an archive into @ret (LIMIT_PATH bytes). "" is the root. Errors: -EINVAL for "..", -ENAMETOOLONG. */
int extract_clean(const char *path, char *ret);
