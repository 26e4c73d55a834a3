/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * tree_owner: everything in a directory tree becomes somebody's. By descriptors; no link is followed and no other file system entered.
 *
 * Errors: -errno; -ELOOP for a tree deeper than 512. EINTR: does not occur.
 */
#include <sys/types.h>

/* Gives the open file or directory @fd (O_PATH will do), and what is below it, to @uid:@gid. What is theirs already is left alone. */
int tree_owner_set(int fd, uid_t uid, gid_t gid);
