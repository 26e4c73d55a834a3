/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * copy: files between a container and the host, two containers, or a stream of tar, by docker's rules of what a path means (docs/containers, "cp").
 *
 * No program of the container runs, and no path of it is resolved but below its root (engine/inside.h, os/path_safe.h): neither links in it nor races with
 * it lead anywhere else.
 */
#include "engine/engine.h"

/* One end: a path of a container, of the host (container NULL), or "-", a tar on a descriptor. */
struct copy_end {
	const char *container;
	const char *path;
};

struct copy_request {
	struct copy_end from, to;
	bool archive;                /* into a container: everything becomes its user's; out of one: owners stay */
	bool follow;                 /* a link as source is what it leads to */
	bool overwrite;              /* a directory by a file, and the other way round */
	int in, out;                 /* of "-" */
	int cancel_fd;               /* > 0: readable means stop */
};

int container_copy(struct engine *en, const struct copy_request *q, struct err *e);

/* "NAME:PATH", or a path of the host: what begins with '/' or '.', or has no ':'. */
struct copy_end copy_end_parse(const char *text, struct arena *a);

/*
 * Pure: what is meant by a path. Cleaned of ".", ".." and double slashes, and made absolute below @cwd. @slash: it ends in '/', so it must be a directory;
 * @contents: it ends in ".", so what is in the directory is meant.
 */
struct copy_path {
	const char *path, *name;     /* name: the last component; "." for the root */
	bool slash, contents;
};
struct copy_path copy_path_parse(const char *text, const char *cwd, struct arena *a);
