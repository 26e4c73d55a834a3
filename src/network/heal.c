/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heal: what dead containers left, and what somebody who flushed the ruleset took from living ones.
 *
 * Reservations are the truth. First those of dead containers go; then the firewall is made to hold exactly the ports that are still reserved, as far
 * as its elements lead into subnets of ours (another root of this host may have networks of its own).
 */
#include "base/vec.h"
#include "network/attachments.h"
#include "network/carry.h"
#include "network/config.h"
#include "network/content.h"
#include "network/firewall.h"
#include "network/home.h"
#include "network/internal.h"
#include "network/ipam.h"
#include "network/link.h"
#include "network/ports.h"

struct heal {
	network_alive_fn alive;
	void *arg;
	int n;
};

static bool ip_is_dead(void *arg, const char *ip, const char *owner)
{
	struct heal *h = arg;

	return !*owner || !h->alive(h->arg, owner);
}

static bool port_is_dead(void *arg, const char *owner, const struct ruleset_port *p)
{
	struct heal *h = arg;

	return !*owner || !h->alive(h->arg, owner);
}

static bool record_is_dead(void *arg, const char *container, const char *network)
{
	struct heal *h = arg;

	return !h->alive(h->arg, container);
}

static int heal_reservations(struct network *n, struct heal *h, const struct network_config **list, size_t n_list, struct err *e)
{
	int r = ports_sweep(n->ports_fd, port_is_dead, h, e);

	if (r < 0)
		return r;
	h->n += r;
	r = attachments_sweep(n->run_fd, record_is_dead, h, e);
	if (r < 0)
		return r;
	h->n += r;
	for (size_t i = 0; i < n_list; i++) {
		if (!list[i]->subnet)
			continue;
		r = ipam_sweep(n->ipam_fd, list[i]->name, ip_is_dead, h, e);
		if (r < 0)
			return r;
		h->n += r;
	}
	return 0;
}

struct standing {
	struct arena *a;
	const struct ruleset_content *want;
	struct VEC(struct ruleset_port) have, stale;
};

static bool is_wanted(const struct standing *s, const struct ruleset_port *p)
{
	for (size_t i = 0; i < s->want->n_ports; i++) {
		if (ruleset_port_equal(&s->want->ports[i], p))
			return true;
	}
	return false;
}

static bool is_ours(const struct standing *s, const struct ruleset_port *p)
{
	for (size_t i = 0; i < s->want->n_nets; i++) {
		if (addr_contains(&s->want->nets[i].subnet, &p->to) || addr_contains(&s->want->nets[i].subnet6, &p->to))
			return true;
	}
	return false;
}

static int hear_port(void *arg, const struct ruleset_port *p)
{
	struct standing *s = arg;

	if (is_wanted(s, p))
		*vec_push(s->a, &s->have) = *p;
	else if (is_ours(s, p))
		*vec_push(s->a, &s->stale) = *p;
	return 0;
}

/* Networks whose bridge stands get their elements back if they lost them. */
static int heal_nets(struct firewall *f, struct content *content, const struct ruleset_content *want, struct err *e)
{
	scoped_netlink struct netlink nl = NETLINK_NONE;
	struct link_info info;
	int r = link_open(&nl, e);

	for (size_t i = 0; r >= 0 && i < want->n_nets; i++) {
		r = link_find(&nl, want->nets[i].bridge, &info, e);
		if (r > 0)
			r = firewall_ensure(f, &want->nets[i], content_read, content, e);
	}
	return r < 0 ? r : 0;
}

static int heal_firewall(struct network *n, struct heal *h, struct arena *a, struct err *e)
{
	scoped_firewall struct firewall f = { NETLINK_NONE };
	struct content content = { n, a };
	struct ruleset_content want;
	struct standing s = { .a = a, .want = &want };
	int r = firewall_open(&f, e);

	if (r == 0)
		r = content_read(&content, &want, e);
	if (r == 0)
		r = firewall_each_port(&f, hear_port, &s, e);
	if (r == 0)
		r = firewall_unpublish(&f, s.stale.v, s.stale.n, e);
	if (r == 0)
		r = heal_nets(&f, &content, &want, e);
	if (r == 0 && s.have.n < want.n_ports)
		r = firewall_publish(&f, want.ports, want.n_ports, e);
	if (r < 0)
		return r;
	h->n += (int)(s.stale.n + (want.n_ports - s.have.n));
	return 0;
}

struct healing {
	struct network *n;
	struct heal *h;
};

static int heal_there(void *arg, struct err *e)
{
	struct healing *x = arg;
	scoped_arena struct arena a = { 0 };
	const struct network_config **list;
	size_t n_list;
	int r = config_list(x->n, &a, &list, &n_list, e);

	if (r == 0)
		r = heal_reservations(x->n, x->h, list, n_list, e);
	if (r == 0)
		r = heal_firewall(x->n, x->h, &a, e);
	return r < 0 ? r : x->h->n;
}

int network_heal(struct network *n, network_alive_fn alive, void *arg, struct err *e)
{
	struct heal h = { .alive = alive, .arg = arg };
	struct healing x = { n, &h };
	int r;

	if (home_is_elsewhere())
		h.n = carry_heal(n, alive, arg);
	r = home_run(n, heal_there, &x, e);
	if (r >= 0 && home_is_elsewhere())
		r += home_heal(n, alive, arg);
	return r < 0 ? err_wrap(e, "heal the network") : r;
}
