/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sublinks: the drivers macvlan and ipvlan: a container's link hangs directly on one of the host's. No bridge, no firewall of ours, no published
 * ports: the container is a neighbour of the host on its network.
 */
#include <errno.h>

#include "network/attach.h"
#include "network/driver.h"
#include "network/sublink.h"

static int refuse_ports(void *ctx, struct err *e)
{
	const struct attach *at = ctx;

	return err_set(e, ERR_INVALID, "ports of a %s network cannot be published: its containers are reached at their own addresses", at->config->driver);
}

static bool wants_ports(const void *ctx)
{
	const struct attach *at = ctx;

	return at->request->n_ports > 0;
}

static int make_link(void *ctx, struct err *e)
{
	struct attach *at = ctx;
	scoped_netlink struct netlink nl = NETLINK_NONE;
	struct sublink s = {
		.kind = at->config->driver, .mode = at->config->mode, .parent = at->config->parent, .name = attach_interface(at->at),
		.netns_fd = at->netns_fd, .mtu = at->config->mtu,
	};
	int r = link_open(&nl, e);

	if (r < 0)
		return r;
	if (mac_parse(at->at->mac, s.mac) < 0)
		return err_set(e, ERR_CORRUPT, "invalid MAC '%s'", at->at->mac);
	return sublink_make(&nl, &s, e);
}

static void delete_link(void *ctx)
{
	struct attach *at = ctx;
	struct err ignored; /* the link goes with its namespace at the latest */

	network_unplug(at->at, at->netns_fd, &ignored);
}

static const struct step reserve_steps[] = {
	{ "sublink.refuse_ports", wants_ports, refuse_ports, NULL },
	{ "sublink.reserve_address", NULL, attach_reserve_address, attach_release_address },
};

static const struct step attach_steps[] = {
	{ "sublink.link", NULL, make_link, delete_link },
	{ "sublink.configure", NULL, attach_configure, NULL },
	{ "sublink.record", NULL, attach_record, attach_undo_record },
};

static const struct step detach_steps[] = {
	{ "sublink.forget", NULL, attach_forget, NULL },
	{ "sublink.free_address", NULL, attach_free_address, NULL },
};

const struct network_driver driver_macvlan = {
	.name = "macvlan", .wants_netns = true, .reserve = STEPS(reserve_steps), .attach = STEPS(attach_steps), .detach = STEPS(detach_steps),
};

const struct network_driver driver_ipvlan = {
	.name = "ipvlan", .wants_netns = true, .reserve = STEPS(reserve_steps), .attach = STEPS(attach_steps), .detach = STEPS(detach_steps),
};
