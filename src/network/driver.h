/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * driver: how a kind of network connects a namespace, as step tables over `struct attach`. One const object per kind; "host" and "none" are null
 * objects with empty tables, so callers never ask which kind they hold.
 */
#include "base/step.h"

struct driver_steps {
	const struct step *v;
	size_t n;
};
#define STEPS(table) { (table), sizeof(table) / sizeof *(table) }

struct network_driver {
	const char *name;
	bool wants_netns;               /* the container gets a namespace of its own */
	struct driver_steps reserve;    /* undone in reverse when one fails */
	struct driver_steps attach;     /* the same; the reservation stays */
	struct driver_steps detach;     /* all of them run, whatever fails, and each copes with what is gone already */
};

extern const struct network_driver driver_bridge, driver_macvlan, driver_ipvlan, driver_host, driver_none;

/* The driver of that name. Errors: ERR_UNSUPPORTED. */
int driver_find(const char *name, const struct network_driver **ret, struct err *e);
