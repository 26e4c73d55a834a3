/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * tree_own: the owners of a directory tree changed through id maps, for who cannot have a mount show other ids.
 *
 * Nobody else works in the tree. No link is followed. Modes stay, and file capabilities. A file with several names is changed once. What the maps do not have
 * keeps its owner.
 * Errors: -errno; -ELOOP for a tree deeper than 512; -E2BIG for more than 65536 files with several names. EINTR: does not occur.
 */
#include "os/userns.h"

/* Who was @inside of a row becomes its @outside, in all of the directory @dirfd and itself. */
int tree_own(int dirfd, const struct userns_maps *maps);
