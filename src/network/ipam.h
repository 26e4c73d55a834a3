/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * ipam: addresses as files. `<run>/ipam/<network>/<ip>` belongs to the container whose id it holds.
 *
 * The files `.next` and `.next6` beside them remember where the last search of each family ended, so a reservation looks at one or two names however
 * many are taken, and an address rests as long as possible before somebody gets it again. Each is also the lock under which addresses of its family are
 * taken; a file without an id is what a killed reservation left, and whoever holds the lock may drop it.
 */
#include "base/arena.h"
#include "base/err.h"
#include "network/addr.h"

/* Where addresses of one family come from. The network address, the last one, @gateway and @kept are never given. */
struct ipam_pool {
	struct addr subnet, gateway;
	uint64_t first, last;        /* what may be chosen, counted from the network address; both 0: all */
	const struct addr *kept;
	size_t n_kept;
};

/* Reads "10.1.0.128/25" or "10.1.0.10-10.1.0.20" of @subnet into first and last. Errors: ERR_INVALID. */
int ipam_pool_range(struct ipam_pool *p, const struct addr *subnet, const char *text, struct err *e);

/* The wanted address (family 0: the next free one) of @pool. @dirfd: <run>/ipam.
 * Errors: ERR_EXISTS (taken), ERR_INVALID (not of this subnet), ERR_EXHAUSTED. */
int ipam_reserve(int dirfd, const char *network, const struct ipam_pool *pool, const struct addr *wanted, const char *owner, struct addr *ret,
		struct err *e);

/* Frees an address if it is @owner's; anything else is left alone and no error. */
int ipam_release(int dirfd, const char *network, const char *ip, const char *owner, struct err *e);

/* Drops the reservations @is_dead names (an @owner of "" was never finished) and returns how many. NULL: drops nothing, counts all. */
typedef bool (*ipam_dead_fn)(void *arg, const char *ip, const char *owner);
int ipam_sweep(int dirfd, const char *network, ipam_dead_fn is_dead, void *arg, struct err *e);

/* Forgets that there was such a network, if nobody has an address of it. */
void ipam_forget(int dirfd, const char *network);
