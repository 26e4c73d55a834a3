/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * survey: walks a directory tree of our own: what it really holds, and what it costs. No link is followed.
 */
#include <stdbool.h>
#include <stdint.h>

#include "os/tree_sum.h"

struct survey {
	uint64_t entries; /* names below the directory */
	uint64_t bytes;   /* sizes of regular files, each file once however many names it has */
	uint64_t blocks;  /* bytes allocated, those of the directory itself too */
	struct tree_sum sum;
};

/* Bytes allocated by one entry of a directory, with everything below it. Errors: -errno; -ENOENT also if it vanishes meanwhile. */
int survey_entry(int dirfd, const char *name, uint64_t *ret);

/* Walks it; with @contents also reads every file, for the sum (zeros without). Errors: -errno. */
int survey_tree(int dirfd, bool contents, struct survey *ret);
