/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * driver: how a kind of network connects a namespace. One const object per kind in a table; "host" and "none" are null objects whose verbs
 * succeed without doing anything, so callers never ask which kind they hold.
 */
#include "network/network.h"

struct attach;                   /* the context of one attachment, see attach.h */

struct network_driver {
	const char *name;
	bool wants_netns;        /* the container gets a namespace of its own */
	bool wants_attach;       /* reserve, attach and detach do something */
	int (*attach)(struct attach *at, struct err *e);
	void (*detach)(struct attach *at);
};

extern const struct network_driver driver_bridge, driver_host, driver_none;

/* The driver of that name. Errors: ERR_UNSUPPORTED. */
int driver_find(const char *name, const struct network_driver **ret, struct err *e);
