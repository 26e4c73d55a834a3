/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * userns: user namespaces as things, beyond joining and mapping (os/ns.h).
 *
 * A mount shows other ids than its file system through the maps of a user namespace (mount_idmap in os/mount.h), and to have one somebody must live
 * in it: userns_make() lets a child live there until the namespace is held by a descriptor.
 * Errors: -errno; -EPERM where the caller may not write such maps. EINTR: retried.
 */
#include <stdbool.h>
#include <stddef.h>

#include "os/ns.h"

struct userns_maps {
	const struct ns_id_map *uids;
	size_t n_uids;
	const struct ns_id_map *gids;
	size_t n_gids;
};

/* A user namespace with these maps, written below @procfd (os/procfs.h). Returns it, owned. Single-threaded callers only. */
int userns_make(int procfd, const struct userns_maps *maps);

/*
 * Goes with this process, which must have one thread, into a new user namespace with these maps and a mount namespace that belongs to it. @tools: the maps
 * are written by newuidmap(1) and newgidmap(1), else by ourselves, which is good for a single id. Errors: -ENOENT there are no such programs; -EPERM one of them
 * refused, with its own words in @ret_words; -ENOSPC, -EUSERS and -EACCES too: user namespaces are not to be had.
 */
enum { USERNS_WORDS_SIZE = 256 };
int userns_enter(const struct userns_maps *maps, bool tools, char ret_words[USERNS_WORDS_SIZE]);

/*
 * Becomes user and group 0 of the user namespace we are in, or stays who he is where it has no such id: the rights are the same. Groups of the
 * caller are dropped, unless he wants to keep them or the namespace forbids it.
 */
int userns_become_root(bool keep_groups);
