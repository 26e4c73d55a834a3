/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * netdev: network devices of the host that become the container's (linux.netDevices).
 *
 * A device keeps its permanent addresses of global scope and is set up inside. It moves under a name that nobody has, so that a clash is found by
 * renaming it inside and not by guessing what the kernel did; then it gets the name asked for ("eth%d": the first that is free).
 * Nothing is moved back when a container ends: virtual devices die with the namespace, and the kernel returns the others.
 *
 * Life cycle: netdev_move_all() moves all or none; netdev_return_all() undoes it, for a start that failed later on; netdev_done() closes.
 */
#include "base/arena.h"
#include "base/err.h"
#include "os/netlink.h"
#include "spec/oci_runtime.h"

struct netdev;

struct netdev_moves {
	struct arena *a;
	int outside_ns, inside_ns;      /* owned */
	struct netlink outside, inside; /* a socket in each, owned */
	struct netdev *v;
	size_t n;
};
#define NETDEV_MOVES_NONE \
	((struct netdev_moves){ .outside_ns = -EBADF, .inside_ns = -EBADF, .outside = { .fd = -EBADF }, .inside = { .fd = -EBADF } })
void netdev_done(struct netdev_moves *m);

/* Moves the devices @v into the network namespace @inside_ns (taken always). The caller's own namespaces are the same afterwards. */
int netdev_move_all(const struct oci_net_device *v, size_t n, int inside_ns, struct arena *a, struct netdev_moves *ret, struct err *e);

/* Back to their names, addresses and states. What fails is a warning. */
void netdev_return_all(struct netdev_moves *m);
