/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * origin: a local file, pipe or directory as the source of a courier; for load and import.
 */
#include "image/courier.h"
#include "image/moving/pull_options.h"
#include "image/store/content.h"

/* Opens @path ("-" or NULL: @fd, borrowed) and starts the courier on it as @if_file or, if it is a directory, @if_directory. */
int origin_open(const struct image_store *s, const char *path, int fd, enum source_kind if_file, enum source_kind if_directory,
	const struct pull_options *o, struct courier *ret, struct err *e);
