/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * idmap: which ids a container's user namespace has, and who has them.
 *
 * `create` decides once (container.json: uidMap, gidMap). Ids for --userns auto come from the ranges of /etc/subuid and /etc/subgid: those of the user
 * "containers" for root, for an ordinary user his own. Who has some holds <root>/ids/<first>-<count> with the id of the container; a file whose container is gone
 * is dropped by the next who looks for ids.
 */
#include "engine/internal.h"
#include "os/userns.h"

/*
 * Fills uid_map and gid_map of @c (none: no namespace of its own) as its request says. @layers: absolute paths of the image's, in whose passwd and group files the
 * size of an automatic map is looked up. Errors: ERR_INVALID, ERR_UNSUPPORTED, ERR_EXHAUSTED, ERR_NOT_FOUND.
 */
int idmap_resolve(struct engine *en, const struct strs *layers, struct arena *a, struct container *c, struct err *e);

/* Gives back what idmap_resolve took for the container. Nothing: no error. */
void idmap_release(struct engine *en, const struct container *c);

static inline bool idmap_is_set(const struct container *c)
{
	return c->ids.n_uids > 0;
}

/* The rows as the kernel and os/userns.h want them. */
struct userns_maps idmap_maps(const struct container *c, struct arena *a);

/* The ids outside of its root. False if it has none. */
bool idmap_root(const struct container *c, uint32_t *ret_uid, uint32_t *ret_gid);
