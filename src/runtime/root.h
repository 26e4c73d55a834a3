/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * root: the container's tree becomes the root without pivot_root ("--no-pivot", for hosts that live in an initramfs).
 *
 * The tree is moved onto "/", so what the host has mounted stays in the mount namespace, below it. Nobody sees it there, but the kernel does: a procfs
 * or sysfs without masks anywhere in the namespace permits whoever makes a user namespace inside to mount a new one without masks. So
 * those of the host go first: they are detached, or covered where they may not be.
 */
#include "base/arena.h"
#include "base/err.h"

/* @tree is the root of an attached mount, borrowed. The working directory is "/" afterwards. */
int root_move(int tree, struct arena *a, struct err *e);
