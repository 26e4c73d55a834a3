/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * survey: counting a directory tree: what a layer really holds, and what a directory costs. Private to src/image.
 */
#include <stdbool.h>
#include <stdint.h>

struct survey {
	uint64_t entries; /* names below the directory */
	uint64_t bytes;   /* sizes of regular files, each file once however many names it has */
	uint64_t blocks;  /* bytes allocated */
};

/* Errors: -errno. */
int survey_tree(int dirfd, struct survey *ret);
