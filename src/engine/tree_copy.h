/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * tree_copy: a directory tree copied by descriptors, with owners, modes, times and extended attributes.
 *
 * For filling a new volume from an image. The source is hostile in content, not in time: nobody runs in it yet. No link is followed on either side.
 */
#include <stdbool.h>

/* Copies everything below the directory @from into the directory @to, and the attributes of @from itself onto it. Errors: -errno. */
int tree_copy(int from, int to);

/* 1 if the directory has no entries, 0 if it has. */
int tree_is_empty(int dirfd);
