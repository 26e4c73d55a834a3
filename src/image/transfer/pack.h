/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * pack: a directory tree -> tar, the counterpart of extract. The tree is hostile and may change while it is read.
 *
 * Rules: every name is opened once without following it (O_PATH), looked at, and only regular files and directories are opened for reading, by that same
 *        descriptor: a link, fifo or device put in a file's place is written as what it is by then, or left out if it vanished. No mount is crossed, but for an item.
 * Form:  names sorted, parents first, hard links within the tree kept, sockets left out; user.* (not user.overlay.*) and security.capability attributes.
 *        A file is written with the size it had when it was opened: what it lost meanwhile is zeros, what it gained is left out.
 * Layer: in an overlay's upper directory a 0:0 character device becomes ".wh.NAME", and a directory that the marks call opaque holds ".wh..wh..opq" first.
 *        Such attributes of overlayfs are not visible to this process: the store looks for them. A tree that is no upper directory is packed as a layer
 *        by marks alone: what is skipped is as it was, what is deleted becomes ".wh.NAME".
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "image/transfer/tarball.h"

/* What the store found out about names of a layer; paths without leading slash, sorted by strcmp. */
struct pack_marks {
	struct strs opaque, skipped, deleted;
};

struct pack_job {
	int dir_fd;                     /* borrowed */
	const char *item;               /* NULL, or the name of what dir_fd is then: any file, with all that is below it on whatever mount; ".": without its name */
	bool layer;                     /* in overlay form */
	bool root;                      /* begin with an entry for the directory itself */
	const struct pack_marks *marks; /* NULL: none */
};

struct pack_result {
	uint64_t entries, bytes;        /* names written, and sizes of regular files */
	bool changed;                   /* files changed while they were read */
};

int pack(const struct pack_job *job, tarball_sink_fn sink, void *arg, struct pack_result *ret, struct err *e);

/* Reads marks from the text the store sends: "o" (opaque), "s" (skipped) or "d" (deleted), the path and a NUL, each. Errors: -EINVAL. */
int pack_marks_parse(struct str text, struct arena *a, struct pack_marks *ret, struct err *e);
