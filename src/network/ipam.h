/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * ipam: addresses as files. `<run>/ipam/<network>/<ip>` belongs to the container whose id it holds.
 *
 * The file `.next` beside them remembers where the last search ended, so a reservation looks at one or two names however many are taken, and an
 * address rests as long as possible before somebody gets it again. It is also the lock under which addresses are taken; a file without an
 * id is what a killed reservation left, and whoever holds the lock may drop it.
 */
#include "base/err.h"
#include "network/addr.h"

/* The wanted address (family 0: the next free one) of @subnet; the network address, the last one and @gateway are never given. @dirfd: <run>/ipam.
 * Errors: ERR_EXISTS (taken), ERR_INVALID (not of this subnet), ERR_EXHAUSTED. */
int ipam_reserve(int dirfd, const char *network, const struct addr *subnet, const struct addr *gateway, const struct addr *wanted,
		const char *owner, struct addr *ret, struct err *e);

/* Frees an address if it is @owner's; anything else is left alone and no error. */
int ipam_release(int dirfd, const char *network, const char *ip, const char *owner, struct err *e);

/* Drops the reservations @is_dead names (an @owner of "" was never finished) and returns how many. NULL: drops nothing, counts all. */
typedef bool (*ipam_dead_fn)(void *arg, const char *ip, const char *owner);
int ipam_sweep(int dirfd, const char *network, ipam_dead_fn is_dead, void *arg, struct err *e);
