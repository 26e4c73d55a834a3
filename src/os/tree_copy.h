/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * tree_copy: a directory tree copied by descriptors, with owners, modes, times, hard links, holes and extended attributes.
 *
 * The source is hostile in content, not in time: nobody runs in it yet. No link is followed on either side. Contents are shared where the file system
 * can (reflink), copied inside the kernel where it cannot.
 * Errors: -errno; -ELOOP for a tree deeper than 512. EINTR: retried.
 */
#include <stdbool.h>

/* Copies everything below the directory @from into the empty directory @to, and the attributes of @from itself onto it. */
int tree_copy(int from, int to);

/*
 * The same, but @to may hold something: @from is a layer in overlay form, put over it as overlayfs would show the two. A 0:0 character device removes what
 * has its name, an opaque directory hides what was in it, anything but a directory on a directory replaces.
 */
int tree_copy_over(int from, int to);

/* 1 if the directory has no entries, 0 if it has. */
int tree_is_empty(int dirfd);
