/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * choose: what a new network gets that nobody asked for: id, link, subnets, gateways; and whether what was asked for fits together.
 *
 * What is chosen collides with nothing the host has at that moment: no interface of that name, no route, no nameserver and no other network of ours in
 * the subnet. What was asked for must not overlap either, except for macvlan and ipvlan, whose subnet is the one their parent is in.
 */
#include "network/internal.h"

/* Fills what @c leaves open, beside the networks of @list. Errors: ERR_INVALID, ERR_CONFLICT, ERR_EXHAUSTED, ERR_NOT_FOUND (parent). */
int choose_complete(const struct network_config *const *list, size_t n_list, struct arena *a, struct network_config *c, struct err *e);

/* The first of our pool that overlaps none of @taken. Pure. Errors: -ENOSPC. */
int choose_pick_subnet(const struct addr *taken, size_t n, struct addr *ret);
