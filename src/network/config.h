/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * config: networks as objects: `<root>/networks/<name>/network.json`. "host" and "none" are not on disk; "bridge" is made when first asked for.
 *
 * What is chosen when a network is made (bridge name, subnet) collides with nothing the host has at that moment: no interface of that name, no
 * route, no nameserver and no other network of ours in the subnet.
 */
#include "network/internal.h"

/* As network_find and network_list promise. */
int config_find(struct network *n, const char *name, struct arena *a, const struct network_config **ret, struct err *e);
int config_list(struct network *n, struct arena *a, const struct network_config ***ret, size_t *ret_n, struct err *e);

/* Fills what @want leaves open and writes the object. */
int config_create(struct network *n, const struct network_config *want, struct arena *a, const struct network_config **ret, struct err *e);

/* Removes the object. */
int config_remove(struct network *n, const char *name, struct err *e);

/* Calls @fn with the name of every object on disk that cannot be read. */
typedef void (*config_damaged_fn)(void *arg, const char *name, const struct err *why);
int config_each_damaged(struct network *n, config_damaged_fn fn, void *arg, struct err *e);

/* The first of our pool that overlaps none of @taken. Pure. Errors: -ENOSPC. */
int config_pick_subnet(const struct addr *taken, size_t n, struct addr *ret);
