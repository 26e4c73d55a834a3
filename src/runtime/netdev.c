/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/netdev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/ns.h"
#include "os/proc.h"

struct netdev {
	const char *name;              /* its name outside */
	uint32_t index;                /* in the namespace where it is */
	bool up;                       /* it was */
	const struct nlmsghdr **addrs; /* as the kernel described them */
	size_t n_addrs, cap_addrs;
};

static int failed(struct err *e, int r, const struct netlink_result *res, const char *what, const char *name)
{
	const char *sep = res->text[0] ? ": " : "";

	return err_sys(e, r, "%s network device '%s'%s%s", what, name, sep, res->text);
}

/* ---- what there is -------------------------------------------------------------------------------------------------------------------------- */

static void begin_link(struct netlink_batch *b, uint16_t type, uint32_t index, unsigned set, unsigned mask)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index, .ifi_flags = set, .ifi_change = mask };

	netlink_begin(b, type, 0, &header, sizeof header);
}

static int hear_link(void *arg, const struct nlmsghdr *m)
{
	const struct ifinfomsg *header = (const void *)((const char *)m + NLMSG_HDRLEN);
	struct netdev *d = arg;

	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_LENGTH(sizeof *header))
		return 0;
	d->index = (uint32_t)header->ifi_index;
	d->up = header->ifi_flags & IFF_UP;
	return 0;
}

static int find(struct netlink *nl, const char *name, struct netdev *ret, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct netlink_result res = { 0 };
	int r;

	netlink_batch_init(&b);
	begin_link(&b, RTM_GETLINK, 0, 0, 0);
	netlink_put_str(&b, IFLA_IFNAME, name);
	netlink_put_u32(&b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	netlink_end(&b);
	r = netlink_query(nl, &b, hear_link, ret, &res);
	return r < 0 ? failed(e, r, &res, "look up", name) : 0;
}

struct listener {
	struct arena *a;
	struct netdev *d;
};

static uint32_t flags_of(const struct ifaddrmsg *header, const struct nlattr *const *t)
{
	return t[IFA_FLAGS] ? netlink_get_u32(t[IFA_FLAGS]) : header->ifa_flags;
}

/* Addresses that somebody gave the device for good; others belong to where it was (RFC 3549, 2.3.3.2). */
static int hear_address(void *arg, const struct nlmsghdr *m)
{
	const struct ifaddrmsg *header = (const void *)((const char *)m + NLMSG_HDRLEN);
	const struct nlattr *t[IFA_MAX + 1];
	struct listener *l = arg;
	size_t n;
	const void *p = netlink_payload(m, sizeof *header, &n);

	if (m->nlmsg_type != RTM_NEWADDR || m->nlmsg_len < NLMSG_LENGTH(sizeof *header) || header->ifa_index != l->d->index)
		return 0;
	if (netlink_parse(p, n, t, IFA_MAX) < 0 || !(flags_of(header, t) & IFA_F_PERMANENT) || header->ifa_scope != RT_SCOPE_UNIVERSE)
		return 0;
	if (l->d->n_addrs == l->d->cap_addrs) {
		const struct nlmsghdr **more = arena_array(l->a, const struct nlmsghdr *, l->d->cap_addrs + 16);

		if (l->d->n_addrs)
			memcpy(more, l->d->addrs, l->d->n_addrs * sizeof *more);
		l->d->addrs = more;
		l->d->cap_addrs += 16;
	}
	l->d->addrs[l->d->n_addrs++] = arena_memdup(l->a, m, m->nlmsg_len);
	return 0;
}

static int list_addresses(struct netdev_moves *m, struct netdev *d, struct err *e)
{
	enum { ATTEMPTS = 5 }; /* the kernel says when the list changed while we read it */
	const struct ifaddrmsg header = { .ifa_family = AF_UNSPEC };
	struct netlink_result res = { 0 };
	struct listener l = { m->a, d };
	int r = -EAGAIN;

	for (int i = 0; i < ATTEMPTS && r == -EAGAIN; i++) {
		scoped_netlink_batch struct netlink_batch b = { 0 };

		d->n_addrs = 0;
		netlink_batch_init(&b);
		netlink_begin(&b, RTM_GETADDR, NLM_F_DUMP, &header, sizeof header);
		netlink_end(&b);
		r = netlink_query(&m->outside, &b, hear_address, &l, &res);
	}
	return r < 0 ? failed(e, r, &res, "list the addresses of", d->name) : 0;
}

/* ---- moving ----------------------------------------------------------------------------------------------------------------------------------- */

static void add_address(struct netlink_batch *b, const struct nlmsghdr *m, uint32_t index)
{
	enum { KEPT = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN };
	static const uint16_t copied[] = { IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST, IFA_RT_PRIORITY };
	struct ifaddrmsg header = *(const struct ifaddrmsg *)(const void *)((const char *)m + NLMSG_HDRLEN);
	const struct nlattr *t[IFA_MAX + 1];
	uint32_t flags;
	size_t n;
	const void *p = netlink_payload(m, sizeof header, &n);

	netlink_parse(p, n, t, IFA_MAX);
	flags = flags_of(&header, t) & KEPT;
	header.ifa_index = index;
	header.ifa_flags = (uint8_t)flags;
	netlink_begin(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);
	for (size_t i = 0; i < ARRAY_LEN(copied); i++)
		if (t[copied[i]])
			netlink_put(b, copied[i], netlink_data(t[copied[i]]), netlink_size(t[copied[i]]));
	netlink_put_u32(b, IFA_FLAGS, flags);
	netlink_end(b);
}

static int send_away(struct netlink *nl, uint32_t index, int ns, const char *name, struct netlink_result *res)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };

	netlink_batch_init(&b);
	begin_link(&b, RTM_NEWLINK, index, 0, 0);
	netlink_put_u32(&b, IFLA_NET_NS_FD, (uint32_t)ns);
	netlink_put_str(&b, IFLA_IFNAME, name);
	netlink_end(&b);
	return netlink_talk(nl, &b, res);
}

static int rename_device(struct netlink *nl, uint32_t index, const char *name, struct netlink_result *res)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };

	netlink_batch_init(&b);
	begin_link(&b, RTM_NEWLINK, index, 0, 0);
	netlink_put_str(&b, IFLA_IFNAME, name);
	netlink_end(&b);
	return netlink_talk(nl, &b, res);
}

static int furnish(struct netlink *nl, const struct netdev *d, bool up, struct netlink_result *res)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	int r = 0;

	netlink_batch_init(&b);
	for (size_t i = 0; r == 0 && i < d->n_addrs; i++) {
		if (b.n == NETLINK_MAX_REQUESTS - 1) {
			r = netlink_talk(nl, &b, res);
			netlink_batch_done(&b);
			netlink_batch_init(&b);
		}
		add_address(&b, d->addrs[i], d->index);
	}
	if (up) {
		begin_link(&b, RTM_NEWLINK, d->index, IFF_UP, IFF_UP);
		netlink_end(&b);
	}
	return r < 0 ? r : netlink_talk(nl, &b, res);
}

static void put_back(struct netdev_moves *m, struct netdev *d)
{
	struct netlink_result res = { 0 };
	struct netdev now = { 0 };
	struct err e = { 0 };
	int r = send_away(&m->inside, d->index, m->outside_ns, d->name, &res);

	if (r < 0)
		failed(&e, r, &res, "return", d->name);
	else
		r = find(&m->outside, d->name, &now, &e);
	if (r == 0) {
		d->index = now.index;
		r = furnish(&m->outside, d, d->up, &res);
		if (r < 0)
			failed(&e, r, &res, "restore", d->name);
	}
	if (r < 0)
		log_warn("%s", e.msg);
}

/* It is inside under the name @unique; now it becomes what was asked for. */
static int settle(struct netdev_moves *m, struct netdev *d, const char *unique, const char *name, struct err *e)
{
	struct netlink_result res = { 0 };
	struct netdev now = { 0 };
	int r = find(&m->inside, unique, &now, e);

	if (r < 0)
		return r;
	d->index = now.index;
	r = rename_device(&m->inside, d->index, name, &res);
	if (r == -EEXIST)
		failed(e, r, &res, "name in the container", name);
	else if (r < 0)
		failed(e, r, &res, "rename", d->name);
	if (r == 0) {
		r = furnish(&m->inside, d, true, &res);
		if (r < 0)
			failed(e, r, &res, "set up", d->name);
	}
	if (r < 0)
		put_back(m, d);
	return r;
}

static int move(struct netdev_moves *m, const struct oci_net_device *spec, struct netdev *d, struct err *e)
{
	struct netlink_result res = { 0 };
	char unique[IFNAMSIZ];
	uint32_t random[2];
	int r;

	d->name = spec->key;
	r = find(&m->outside, d->name, d, e);
	if (r == 0)
		r = list_addresses(m, d, e);
	if (r < 0)
		return r;
	proc_random(random, sizeof random);
	snprintf(unique, sizeof unique, "mv%08x%04x", random[0], random[1] & 0xffff);
	r = send_away(&m->outside, d->index, m->inside_ns, unique, &res);
	if (r < 0)
		return failed(e, r, &res, "move", d->name);
	return settle(m, d, unique, spec->name && *spec->name ? spec->name : spec->key, e);
}

/* ---- all of them ------------------------------------------------------------------------------------------------------------------------------ */

void netdev_done(struct netdev_moves *m)
{
	netlink_done(&m->outside);
	netlink_done(&m->inside);
	fd_done(&m->outside_ns);
	fd_done(&m->inside_ns);
}

/* A socket stays in the namespace where it was made. */
static int open_inside(struct netdev_moves *m)
{
	int r = ns_join(m->inside_ns, NS_NET), back;

	if (r < 0)
		return r;
	r = netlink_open(&m->inside, NETLINK_ROUTE);
	back = ns_join(m->outside_ns, NS_NET);
	return r < 0 ? r : back;
}

static int open_all(struct netdev_moves *m, struct err *e)
{
	int r;

	m->outside_ns = ns_open(AT_FDCWD, getpid(), NS_NET);
	if (m->outside_ns < 0)
		return err_sys(e, m->outside_ns, "open our network namespace");
	if (ns_is_own(m->inside_ns, NS_NET) == 1)
		return err_set(e, ERR_INVALID, "linux.netDevices: the container's network namespace is the runtime's own");
	r = netlink_open(&m->outside, NETLINK_ROUTE);
	if (r == 0)
		r = open_inside(m);
	return r < 0 ? err_sys(e, r, "open route sockets in both network namespaces") : 0;
}

int netdev_move_all(const struct oci_net_device *v, size_t n, int inside_ns, struct arena *a, struct netdev_moves *ret, struct err *e)
{
	struct netdev_moves m = NETDEV_MOVES_NONE;
	int r;

	m.a = a;
	m.inside_ns = inside_ns;
	m.v = arena_array(a, struct netdev, n);
	r = open_all(&m, e);
	for (; r == 0 && m.n < n; m.n++) {
		r = move(&m, &v[m.n], &m.v[m.n], e);
		if (r < 0)
			break;
	}
	if (r < 0) {
		netdev_return_all(&m);
		netdev_done(&m);
		return err_wrap(e, "linux.netDevices");
	}
	*ret = m;
	return 0;
}

void netdev_return_all(struct netdev_moves *m)
{
	while (m->n > 0)
		put_back(m, &m->v[--m->n]);
}
