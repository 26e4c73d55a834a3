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

static const char inside_name[] = "eth0";
static const char forwarding_note[] = "forwarding";

enum { FULL_TRIES = 20, FULL_PAUSE_MS = 100 };

/* ---- reserve ---------------------------------------------------------------------------------------------------------------------------- */

static int reserve_address(void *ctx, struct err *e)
{
	struct attach *at = ctx;
	struct addr wanted = { 0 }, x;
	char text[ADDR_TEXT_SIZE], mac_text[MAC_TEXT_SIZE];
	uint8_t mac[MAC_SIZE];
	int r = network_range_read(at->config, &at->range, e);

	if (r < 0)
		return r;
	if (at->request->ip && addr_parse(at->request->ip, &wanted) < 0)
		return err_set(e, ERR_INVALID, "invalid address '%s'", at->request->ip);
	r = ipam_reserve(at->n->ipam_fd, at->config->name, &at->range.subnet, &at->range.gateway, &wanted, at->container, &x, e);
	if (r < 0)
		return r;
	addr_print(&x, text);
	addr_mac(&x, mac);
	mac_print(mac, mac_text);
	at->reserved->ip = arena_strdup(at->a, text);
	at->reserved->prefix = x.prefix;
	at->reserved->gateway = arena_strdup(at->a, at->config->gateway);
	at->reserved->mac = arena_strdup(at->a, mac_text);
	return 0;
}

static void release_address(void *ctx)
{
	struct attach *at = ctx;
	struct err ignored; /* what cannot be freed now is healed later */

	ipam_release(at->n->ipam_fd, at->config->name, at->reserved->ip, at->container, &ignored);
}

static bool wants_ports(const void *ctx)
{
	const struct attach *at = ctx;

	return at->request->n_ports > 0;
}

static int reserve_ports(void *ctx, struct err *e)
{
	struct attach *at = ctx;
	int r;

	if (at->config->internal)
		return err_set(e, ERR_INVALID, "ports of an internal network cannot be published");
	r = ports_reserve(at->n->ports_fd, at->container, at->reserved->ip, at->request->ports, at->request->n_ports, at->a,
			  &at->reserved->ports, e);
	if (r == 0)
		at->reserved->n_ports = at->request->n_ports;
	return r;
}

static const struct step reserve_steps[] = {
	{ "network.reserve_address", NULL, reserve_address, release_address },
	{ "network.reserve_ports", wants_ports, reserve_ports, NULL },
};

/* ---- attach ----------------------------------------------------------------------------------------------------------------------------- */

/* Whoever wonders later who switched forwarding on finds it written down. */
static int enable_forwarding(struct attach *at, struct err *e)
{
	static const char note[] = "net.ipv4.ip_forward was 0 and was set to 1 for bridge networks\n";
	int r = link_enable_forwarding(false, e);

	if (r > 0)
		r = file_create(at->n->run_fd, forwarding_note, note, sizeof note - 1, 0600);
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
	int r = network_range_read(at->config, &at->range, e);

	if (r == 0)
		r = link_open(&nl, e);
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
		.host_name = at->host_link, .name = inside_name, .bridge = at->bridge_index, .netns_fd = at->netns_fd, .mtu = at->config->mtu,
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

static int configure_inside(void *ctx, struct err *e)
{
	struct attach *at = ctx;
	struct link_inside in = { .name = inside_name };

	if (addr_parse(at->at->ip, &in.address) < 0)
		return err_set(e, ERR_CORRUPT, "invalid address '%s'", at->at->ip);
	in.address.prefix = (uint8_t)at->at->prefix;
	if (!at->config->internal)
		in.gateway = at->range.gateway;
	return link_configure_inside(at->netns_fd, &in, e);
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
	return ports_owned(at->n->ports_fd, at->container, at->at->ip, at->at->ports, at->at->n_ports, *ret, ret_n, e);
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
		if (ruleset_port_same_place(&s->ports[i], p) && addr_contains(&s->at->range.subnet, &p->to))
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
	{ "network.configure", NULL, configure_inside, NULL },
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

	if (addr_parse(at->at->ip, &x) < 0)
		return err_set(e, ERR_CORRUPT, "invalid address '%s'", at->at->ip);
	return conntrack_forget_udp(&x, e);
}

static int free_address(void *ctx, struct err *e)
{
	struct attach *at = ctx;

	return ipam_release(at->n->ipam_fd, at->at->network, at->at->ip, at->container, e);
}

static const struct step detach_steps[] = {
	{ "network.unpublish", has_ports, unpublish_ports, NULL },
	{ "network.forget_udp", has_udp, forget_udp, NULL },
	{ "network.free_ports", has_ports, free_ports, NULL },
	{ "network.free_address", NULL, free_address, NULL },
};

#define STEPS(table) { (table), sizeof(table) / sizeof *(table) }

const struct network_driver driver_bridge = {
	.name = "bridge",
	.wants_netns = true,
	.reserve = STEPS(reserve_steps),
	.attach = STEPS(attach_steps),
	.detach = STEPS(detach_steps),
};
