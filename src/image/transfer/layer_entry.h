/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * layer_entry: what the tar of a layer says of one name, and the rules for it that every form of a layer shares (unpack.h).
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "os/tree_sum.h"

struct layer_xattr {
	const char *name;
	const void *value;
	size_t size;
};

struct layer_entry {
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
	const struct layer_xattr *xattrs;
	size_t n_xattrs;
};

struct unpacked {
	struct strs opaque;  /* cleaned paths of opaque directories ("" is the root); in the extract's memory */
	uint64_t entries;    /* names made */
	uint64_t bytes;      /* sizes of regular files, hard links not counted again */
	struct tree_sum sum;
	uint64_t tar;        /* in a form that keeps the tar: its bytes */
};

#define LAYER_WHITEOUT ".wh."
#define LAYER_WHITEOUT_META ".wh..wh."
#define LAYER_WHITEOUT_OPAQUE ".wh..wh..opq"

/* Before each entry: how many there are, and what is remembered of them. Errors: ERR_EXHAUSTED. */
int layer_entry_check(uint64_t entries, const struct arena *remembered, struct err *e);

/* What to say when an entry could not be made. Returns @r's meaning as an error; -EOVERFLOW is an owner that has no id here. */
int layer_entry_failed(const struct layer_entry *entry, int r, struct err *e);

/* Cleans a name from an archive into @ret (LIMIT_PATH bytes). "" is the root. Errors: -EINVAL for "..", -ENAMETOOLONG. */
int layer_name_clean(const char *path, char *ret);
