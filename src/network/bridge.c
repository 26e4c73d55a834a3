/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bridge: the driver that gives each container a veth pair into a bridge of the host, an address of its subnet, and its ports.
 *
 * Order: the address before the ports (a port's target is the address); the bridge and the rules before the pair; the inside before the published ports,
 * so that nobody is led to an address that does not answer. Detach goes the other way and deletes no link.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/vec.h"
#include "network/attach.h"
#include "network/conntrack.h"
#include "network/content.h"
#include "network/driver.h"
#include "network/firewall.h"
#include "network/ipam.h"
#include "network/link.h"
#include "network/ports.h"
#include "os/file.h"
#include "os/proc.h"

static const char forwarding_note[] = "forwarding", forwarding_note6[] = "forwarding6";

enum { FULL_TRIES = 20, FULL_PAUSE_MS = 100 };

/* ---- reserve ---------------------------------------------------------------------------------------------------------------------------- */

static bool wants_ports(const void *ctx)
{
	const struct attach *at = ctx;

	return at->request->n_ports > 0;
}

/* The ports as asked; where none is said, on the address that the network has for that. */
static const struct container_port *asked_ports(struct attach *at)
{
	struct container_port *v;

	if (!at->config->publish_ip)
		return at->request->ports;
	v = arena_array(at->a, struct container_port, at->request->n_ports);
	for (size_t i = 0; i < at->request->n_ports; i++) {
		v[i] = at->request->ports[i];
		if (!v[i].host_ip)
			v[i].host_ip = at->config->publish_ip;
	}
	return v;
}

static int reserve_ports(void *ctx, struct err *e)
{
	struct attach *at = ctx;
	struct ports_target to = { at->reserved->ip, at->reserved->ip6 };

	if (at->config->internal)
		return err_set(e, ERR_INVALID, "ports of an internal network cannot be published");
	return ports_reserve(at->n->ports_fd, at->container, &to, asked_ports(at), at->request->n_ports, at->a, &at->reserved->ports,
			     &at->reserved->n_ports, e);
}

static const struct step reserve_steps[] = {
	{ "network.reserve_address", NULL, attach_reserve_address, attach_release_address },
	{ "network.reserve_ports", wants_ports, reserve_ports, NULL },
};

/* ---- attach ----------------------------------------------------------------------------------------------------------------------------- */

/* Whoever wonders later who switched forwarding on finds it written down. */
static int enable_forwarding(struct attach *at, struct err *e)
{
	static const char note[] = "net.ipv4.ip_forward was 0 and was set to 1 for bridge networks\n";
	static const char note6[] = "net.ipv6.conf.all.forwarding was 0 and was set to 1 for bridge networks; accept_ra of links that had 1 is 2\n";
	int r = link_enable_forwarding(false, e);

	if (r > 0)
		r = file_create(at->n->run_fd, forwarding_note, note, sizeof note - 1, 0600);
	if (r == 0 && at->range.subnet6.family)
		r = link_enable_forwarding(true, e);
	if (r > 0)
		r = file_create(at->n->run_fd, forwarding_note6, note6, sizeof note6 - 1, 0600);
	return r < 0 ? r : 0;
}

static int prepare_host(void *ctx, struct err *e)
{
	struct attach *at = ctx;
	scoped_netlink struct netlink nl = NETLINK_NONE;
	scoped_firewall struct firewall f = { NETLINK_NONE };
	struct content content = { at->n, at->a };
	struct ruleset_net net;
	struct link_info info;
	int r = link_open(&nl, e);

	if (r == 0)
		r = firewall_open(&f, e);
	if (r < 0)
		return r;
	content_net(at->config, &at->range, &net);
	r = link_make_bridge(&nl, &(struct link_bridge){
		.name = at->config->bridge, .gateway = at->range.gateway, .gateway6 = at->range.gateway6, .mtu = at->config->mtu,
	}, &info, e);
	if (r == 0 && !at->config->internal)
		r = enable_forwarding(at, e);
	if (r == 0)
		r = firewall_ensure(&f, &net, content_read, &content, e);
	at->bridge_index = r == 0 ? info.index : 0;
	return r;
}

/* The beginning of the id, so that a person finds the link, and a random part, so that a container that starts again while its old link is being
 * reaped finds the name free. */
static void name_host_link(struct attach *at)
{
	uint32_t random;

	proc_random(&random, sizeof random);
	snprintf(at->host_link, sizeof at->host_link, "v%.6s%08x", at->container, random);
}

static int make_link(void *ctx, struct err *e)
{
	struct attach *at = ctx;
	scoped_netlink struct netlink nl = NETLINK_NONE;
	struct link_pair pair = {
		.host_name = at->host_link, .name = attach_interface(at->at), .bridge = at->bridge_index, .netns_fd = at->netns_fd,
		.mtu = at->config->mtu, .isolated = at->config->no_neighbours,
		/* Where br_netfilter is on, a container's way to its own published port turns round inside the bridge. */
		.hairpin = at->at->n_ports > 0,
	};
	int r = link_open(&nl, e);

	if (r < 0)
		return r;
	if (mac_parse(at->at->mac, pair.mac) < 0)
		return err_set(e, ERR_CORRUPT, "invalid MAC '%s'", at->at->mac);
	name_host_link(at);
	/* A bridge may be full of links whose containers are gone already: the kernel reaps them in batches, within a tenth of a second here. */
	for (int i = 0; i < FULL_TRIES; i++) {
		r = link_make_pair(&nl, &pair, e);
		if (r == 0 || e->kind != ERR_EXHAUSTED)
			break;
		nanosleep(&(struct timespec){ .tv_nsec = FULL_PAUSE_MS * 1000000L }, NULL);
	}
	return r;
}

static void delete_link(void *ctx)
{
	struct attach *at = ctx;
	scoped_netlink struct netlink nl = NETLINK_NONE;
	struct err ignored; /* the link goes with its namespace at the latest */

	if (link_open(&nl, &ignored) == 0)
		link_delete(&nl, at->host_link, &ignored);
}

static bool has_names(const void *ctx)
{
	const struct attach *at = ctx;

	return at->at->names.n > 0;
}

static bool has_ports(const void *ctx)
{
	const struct attach *at = ctx;

	return at->at->n_ports > 0;
}

/* The ports of the attachment that are still reserved for it. */
static int owned_ports(struct attach *at, struct ruleset_port **ret, size_t *ret_n, struct err *e)
{
	*ret = arena_array(at->a, struct ruleset_port, at->at->n_ports);
	return ports_owned(at->n->ports_fd, at->container, &(struct ports_target){ at->at->ip, at->at->ip6 }, at->at->ports, at->at->n_ports, *ret,
			   ret_n, e);
}

/* Elements that lead one of our ports to another address of our own subnet: we hold the reservation, so nobody is behind them any more. */
struct stale {
	const struct attach *at;
	const struct ruleset_port *ports;
	size_t n_ports;
	struct VEC(struct ruleset_port) found;
};

static int find_stale(void *arg, const struct ruleset_port *p)
{
	struct stale *s = arg;

	for (size_t i = 0; i < s->n_ports; i++) {
		if (ruleset_port_same_place(&s->ports[i], p) &&
		    (addr_contains(&s->at->range.subnet, &p->to) || addr_contains(&s->at->range.subnet6, &p->to)))
			*vec_push(s->at->a, &s->found) = *p;
	}
	return 0;
}

static int replace_stale(struct attach *at, struct firewall *f, const struct ruleset_port *ports, size_t n, struct err *e)
{
	struct stale s = { .at = at, .ports = ports, .n_ports = n };
	struct err why = *e;
	int r = firewall_each_port(f, find_stale, &s, e);

	if (r == 0 && s.found.n == 0) {
		*e = why;
		return -why.sys;
	}
	if (r == 0)
		r = firewall_unpublish(f, s.found.v, s.found.n, e);
	return r < 0 ? r : firewall_publish(f, ports, n, e);
}

static int publish_ports(void *ctx, struct err *e)
{
	struct attach *at = ctx;
	scoped_firewall struct firewall f = { NETLINK_NONE };
	struct ruleset_port *ports;
	size_t n;
	int r = owned_ports(at, &ports, &n, e);

	if (r == 0 && n < at->at->n_ports)
		return err_set(e, ERR_CONFLICT, "a host port is not reserved for this container");
	if (r == 0)
		r = firewall_open(&f, e);
	if (r < 0)
		return r;
	r = firewall_publish(&f, ports, n, e);
	return r < 0 && e->kind == ERR_CONFLICT ? replace_stale(at, &f, ports, n, e) : r;
}

static int unpublish_ports(void *ctx, struct err *e)
{
	struct attach *at = ctx;
	scoped_firewall struct firewall f = { NETLINK_NONE };
	struct ruleset_port *ports;
	size_t n;
	int r = owned_ports(at, &ports, &n, e);

	if (r == 0)
		r = firewall_open(&f, e);
	return r < 0 ? r : firewall_unpublish(&f, ports, n, e);
}

static void undo_publish(void *ctx)
{
	struct err ignored; /* healed later */

	unpublish_ports(ctx, &ignored);
}

static const struct step attach_steps[] = {
	{ "network.prepare", NULL, prepare_host, NULL },
	{ "network.link", NULL, make_link, delete_link },
	{ "network.configure", NULL, attach_configure, NULL },
	{ "network.record", has_names, attach_record, attach_undo_record },
	{ "network.publish", has_ports, publish_ports, undo_publish },
};

/* ---- detach ----------------------------------------------------------------------------------------------------------------------------- */

static int free_ports(void *ctx, struct err *e)
{
	struct attach *at = ctx;

	return ports_release(at->n->ports_fd, at->container, at->at->ports, at->at->n_ports, e);
}

static bool has_udp(const void *ctx)
{
	const struct attach *at = ctx;

	for (size_t i = 0; i < at->at->n_ports; i++) {
		if (streq(at->at->ports[i].protocol, "udp"))
			return true;
	}
	return false;
}

static int forget_udp(void *ctx, struct err *e)
{
	struct attach *at = ctx;
	struct addr x;
	int r;

	if (addr_parse(at->at->ip, &x) < 0)
		return err_set(e, ERR_CORRUPT, "invalid address '%s'", at->at->ip);
	r = conntrack_forget_udp(&x, e);
	return r == 0 && at->at->ip6 && addr_parse(at->at->ip6, &x) == 0 ? conntrack_forget_udp(&x, e) : r;
}

static const struct step detach_steps[] = {
	{ "network.forget", has_names, attach_forget, NULL },
	{ "network.unpublish", has_ports, unpublish_ports, NULL },
	{ "network.forget_udp", has_udp, forget_udp, NULL },
	{ "network.free_ports", has_ports, free_ports, NULL },
	{ "network.free_address", NULL, attach_free_address, NULL },
};

const struct network_driver driver_bridge = {
	.name = "bridge",
	.wants_netns = true,
	.reserve = STEPS(reserve_steps),
	.attach = STEPS(attach_steps),
	.detach = STEPS(detach_steps),
};
