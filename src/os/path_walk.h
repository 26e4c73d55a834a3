/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * path_walk: the walk behind os/path_safe.h for kernels without openat2, and for making missing directories on the way. Private to os/.
 *
 * State: the directory we stand in (an O_PATH descriptor), the identities of its ancestors up to the root, and the text that is left. A component is
 * opened O_PATH|O_NOFOLLOW below the directory; a link's text is put before what is left; ".." opens the parent and compares it with
 * the ancestor we remember, so a directory that was moved away under us is noticed (-EAGAIN, and the walk starts again).
 * Errors, EINTR: as os/path_safe.h.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "os/path_policy.h"

/* True if TARE_NO_OPENAT2=1 asks for the walk. */
bool path_walk_is_forced(void);

/* After -EPERM: true if openat2 itself is forbidden here (an old seccomp profile), false if the file said so. */
bool path_walk_is_needed(void);

int path_walk_open(int rootfd, const char *path, int flags, mode_t mode, enum path_policy policy);
int path_walk_mkdir(int rootfd, const char *path, mode_t mode, enum path_policy policy);
