/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * limit: how much a container may write, by a project quota of the file system its directory is on (os/quota.h).
 *
 * The directories a container writes to (upper/ and work/; root/ with vfs) belong to a project of their own. Which one is written nowhere but in them:
 * a project is taken while somebody has files in it or a limit, so numbers are drawn until one is free, with a lock over drawing and taking. It is free
 * again when the directories are gone and limit_drop() was called before.
 */
#include <stdint.h>

#include "base/err.h"

/* Gives the container in the directory @object (borrowed) of the store at @root at most @bytes. Errors: ERR_UNSUPPORTED with what the file system lacks. */
int limit_make(const char *root, int object, uint64_t bytes, struct err *e);

/* Sees to it that the limit is @bytes: whoever was killed while removing the container may have taken it away. 1: it was not, and is now. */
int limit_restore(const char *root, int object, uint64_t bytes, struct err *e);

/* Counts a further directory of the container, which is empty yet, as well. A container without a limit: nothing. Errors: -errno. */
int limit_share(int object, int dirfd);

/* Takes the limit away, if there is one: the next thing is that the container goes. */
void limit_drop(int object);
