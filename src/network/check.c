/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: looks at the host and says what stands in the way of networks. Changes nothing.
 */
#include <linux/netfilter.h>
#include <stdio.h>

#include "network/config.h"
#include "network/firewall.h"
#include "network/internal.h"
#include "network/ipam.h"
#include "network/link.h"
#include "network/ports.h"

struct check {
	struct network *n;
	network_alive_fn alive;
	void *alive_arg;
	network_finding_fn each;
	void *each_arg;
	struct arena *a;
	int found;
	bool live_bridge;            /* a bridge of ours stands */
};

static void report(struct check *c, enum network_level level, const char *object, const char *problem)
{
	struct network_finding f = { level, object, problem };

	c->found += level > NETWORK_NOTE;
	if (c->each)
		c->each(c->each_arg, &f);
}

/* ---- objects and reservations ------------------------------------------------------------------------------------------------------------ */

static void damaged(void *arg, const char *name, const struct err *why)
{
	struct check *c = arg;

	report(c, NETWORK_ERROR, arena_printf(c->a, "network %s", name), arena_strdup(c->a, why->msg));
}

static bool left_ip(void *arg, const char *ip, const char *owner)
{
	struct check *c = arg;

	if (!*owner || !c->alive(c->alive_arg, owner))
		report(c, NETWORK_WARNING, arena_printf(c->a, "address %s", ip),
		       *owner ? arena_printf(c->a, "reserved for container %s, which is gone", owner) : "its reservation was never finished");
	return false;
}

static bool left_port(void *arg, const char *owner, const struct ruleset_port *p)
{
	struct check *c = arg;

	if (!*owner || !c->alive(c->alive_arg, owner))
		report(c, NETWORK_WARNING, arena_printf(c->a, "port %u", p->host_port),
		       *owner ? arena_printf(c->a, "reserved for container %s, which is gone", owner) : "its reservation was never finished");
	return false;
}

static int check_reservations(struct check *c, const struct network_config **list, size_t n_list, struct err *e)
{
	int r = config_each_damaged(c->n, damaged, c, e);

	if (r == 0)
		r = ports_sweep(c->n->ports_fd, left_port, c, e);
	for (size_t i = 0; r >= 0 && i < n_list; i++) {
		if (list[i]->subnet)
			r = ipam_sweep(c->n->ipam_fd, list[i]->name, left_ip, c, e);
	}
	return r < 0 ? r : 0;
}

/* ---- the kernel's side ------------------------------------------------------------------------------------------------------------------- */

struct foreign_route {
	const struct addr *subnet;
	uint32_t bridge;
	bool found;
};

static int hear_route(void *arg, const struct addr *x, uint32_t interface)
{
	struct foreign_route *f = arg;

	if (interface != f->bridge && addr_overlaps(x, f->subnet))
		f->found = true;
	return 0;
}

static int check_net(struct check *c, struct netlink *nl, const struct network_config *config, struct err *e)
{
	const char *object = arena_printf(c->a, "network %s", config->name);
	struct foreign_route f = { 0 };
	struct network_range range;
	struct link_info info = { 0 };
	struct err why;
	int r;

	if (network_range_read(config, &range, &why) < 0) {
		report(c, NETWORK_ERROR, object, arena_strdup(c->a, why.msg));
		return 0;
	}
	r = link_find(nl, config->bridge, &info, e);
	if (r > 0) {
		c->live_bridge = true;
		if (!streq(info.kind, "bridge"))
			report(c, NETWORK_ERROR, object, arena_printf(c->a, "link '%s' is no bridge", config->bridge));
	}
	f.bridge = info.index;
	f.subnet = &range.subnet;
	if (r >= 0)
		r = link_each_route(nl, hear_route, &f, e);
	if (r >= 0 && f.found)
		report(c, NETWORK_WARNING, object, arena_printf(c->a, "its subnet %s overlaps a route of this host", config->subnet));
	return r < 0 ? r : 0;
}

/* Accepting a packet in our table does not take it through somebody else's that drops it. */
static int hear_chain(void *arg, const struct nft_base_chain *chain)
{
	static const char *const families[] = { [NFPROTO_INET] = "inet", [NFPROTO_IPV4] = "ip", [NFPROTO_IPV6] = "ip6" };
	struct check *c = arg;
	const char *family = chain->family < ARRAY_LEN(families) ? families[chain->family] : NULL;

	if (!family || chain->hook != NF_INET_FORWARD || chain->policy != NF_DROP)
		return 0;
	report(c, NETWORK_WARNING, arena_printf(c->a, "table %s %s", family, chain->table),
	       arena_printf(c->a, "chain '%s' drops forwarded packets by policy, so containers may reach nothing outside and published ports may not "
				  "answer: accept interfaces \"tare*\" there (with docker: in chain DOCKER-USER)", chain->name));
	return 0;
}

static int check_kernel(struct check *c, const struct network_config **list, size_t n_list, struct err *e)
{
	scoped_netlink struct netlink nl = NETLINK_NONE;
	scoped_firewall struct firewall f = { NETLINK_NONE };
	struct err why;
	int r = link_open(&nl, e);

	for (size_t i = 0; r == 0 && i < n_list; i++)
		r = list[i]->bridge ? check_net(c, &nl, list[i], e) : 0;
	if (r < 0)
		return r;
	if (firewall_open(&f, &why) < 0 || firewall_each_chain(&f, hear_chain, c, &why) < 0)
		report(c, NETWORK_ERROR, "kernel", arena_strdup(c->a, why.msg));
	if (!link_forwards(false))
		report(c, c->live_bridge ? NETWORK_WARNING : NETWORK_NOTE, "kernel",
		       "net.ipv4.ip_forward is 0: the next container on a bridge network switches it on");
	return 0;
}

int network_check(struct network *n, network_alive_fn alive, void *arg, network_finding_fn each, void *each_arg, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct check c = { .n = n, .alive = alive, .alive_arg = arg, .each = each, .each_arg = each_arg, .a = &a };
	const struct network_config **list;
	size_t n_list;
	int r = config_list(n, &a, &list, &n_list, e);

	if (r == 0)
		r = check_reservations(&c, list, n_list, e);
	if (r == 0)
		r = check_kernel(&c, list, n_list, e);
	return r < 0 ? err_wrap(e, "check the network") : c.found;
}
