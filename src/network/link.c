/* SPDX-License-Identifier: Apache-2.0 */
#include "network/link.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/ns.h"
#include "os/procfs.h"

/* ---- shared ---------------------------------------------------------------------------------------------------------------------------- */

static int failed(struct err *e, int r, const struct netlink_result *res, const char *what, const char *name)
{
	if (res->text[0])
		return err_sys(e, r, "%s '%s': %s", what, name, res->text);
	return err_sys(e, r, "%s '%s'", what, name);
}

int link_open(struct netlink *nl, struct err *e)
{
	int r = netlink_open(nl, NETLINK_ROUTE);

	return r < 0 ? err_sys(e, r, "open a route socket") : 0;
}

static void begin_link(struct netlink_batch *b, uint16_t type, unsigned flags, uint32_t index, unsigned set, unsigned mask)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index, .ifi_flags = set, .ifi_change = mask };

	netlink_begin(b, type, flags, &header, sizeof header);
}

static void add_address(struct netlink_batch *b, uint32_t index, const struct addr *x)
{
	struct ifaddrmsg header = { .ifa_family = x->family, .ifa_prefixlen = x->prefix, .ifa_index = index };

	if (!x->family)
		return;
	/* Nobody else has an address of ours: no need to ask the link for duplicates, which takes a second. */
	header.ifa_flags = x->family == AF_INET6 ? IFA_F_NODAD : 0;
	netlink_begin(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);
	netlink_put(b, IFA_LOCAL, x->bytes, addr_size(x));
	netlink_put(b, IFA_ADDRESS, x->bytes, addr_size(x));
	if (x->family == AF_INET) {
		struct addr last = addr_last(x);

		netlink_put(b, IFA_BROADCAST, last.bytes, addr_size(&last));
	}
	netlink_end(b);
}

static void add_default_route(struct netlink_batch *b, uint32_t index, const struct addr *gateway)
{
	struct rtmsg header = {
		.rtm_family = gateway->family, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST,
	};

	if (!gateway->family)
		return;
	if (addr_is_any(gateway) && gateway->family == AF_INET)
		header.rtm_scope = RT_SCOPE_LINK;
	netlink_begin(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);
	if (!addr_is_any(gateway))
		netlink_put(b, RTA_GATEWAY, gateway->bytes, addr_size(gateway));
	netlink_put_u32(b, RTA_OIF, index);
	netlink_end(b);
}

static void set_up(struct netlink_batch *b, uint32_t index)
{
	begin_link(b, RTM_NEWLINK, 0, index, IFF_UP, IFF_UP);
	netlink_end(b);
}


/* No IPv6 address made up from the MAC. A kernel without IPv6 would refuse the words. */
static void set_no_link_local(struct netlink_batch *b, const char *name)
{
	size_t spec, inet6;

	if (access("/proc/sys/net/ipv6", F_OK) < 0)
		return;
	begin_link(b, RTM_NEWLINK, 0, 0, 0, 0);
	netlink_put_str(b, IFLA_IFNAME, name);
	spec = netlink_nest(b, IFLA_AF_SPEC);
	inet6 = netlink_nest(b, AF_INET6);
	netlink_put_u8(b, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	netlink_nest_end(b, inet6);
	netlink_nest_end(b, spec);
	netlink_end(b);
}

/* ---- finding --------------------------------------------------------------------------------------------------------------------------- */

/* The link's IPv6 switches come along as an array of numbers in host order. */
static bool has_no_ipv6(const struct nlattr *spec)
{
	const struct nlattr *family[AF_INET6 + 1], *t[IFLA_INET6_MAX + 1];
	int32_t conf[DEVCONF_DISABLE_IPV6 + 1];

	if (!spec || netlink_parse(netlink_data(spec), netlink_size(spec), family, AF_INET6) < 0 || !family[AF_INET6])
		return true;
	if (netlink_parse(netlink_data(family[AF_INET6]), netlink_size(family[AF_INET6]), t, IFLA_INET6_MAX) < 0 || !t[IFLA_INET6_CONF] ||
	    netlink_size(t[IFLA_INET6_CONF]) < sizeof conf)
		return false;
	memcpy(conf, netlink_data(t[IFLA_INET6_CONF]), sizeof conf);
	return conf[DEVCONF_DISABLE_IPV6] != 0;
}

static int hear_link(void *arg, const struct nlmsghdr *m)
{
	const struct nlattr *t[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	const struct ifinfomsg *header = (const void *)((const char *)m + NLMSG_HDRLEN);
	struct link_info *ret = arg;
	const char *kind;
	size_t n;
	const void *p = netlink_payload(m, sizeof *header, &n);

	if (m->nlmsg_type != RTM_NEWLINK || !p || netlink_parse(p, n, t, IFLA_MAX) < 0)
		return 0;
	*ret = (struct link_info){ .index = (uint32_t)header->ifi_index, .up = header->ifi_flags & IFF_UP };
	ret->no_ipv6 = has_no_ipv6(t[IFLA_AF_SPEC]);
	if (t[IFLA_ADDRESS] && netlink_size(t[IFLA_ADDRESS]) == MAC_SIZE)
		memcpy(ret->mac, netlink_data(t[IFLA_ADDRESS]), MAC_SIZE);
	if (t[IFLA_LINKINFO] && netlink_parse(netlink_data(t[IFLA_LINKINFO]), netlink_size(t[IFLA_LINKINFO]), info, IFLA_INFO_MAX) == 0) {
		kind = netlink_get_str(info[IFLA_INFO_KIND]);
		snprintf(ret->kind, sizeof ret->kind, "%s", kind ? kind : "");
	}
	return 0;
}

int link_find(struct netlink *nl, const char *name, struct link_info *ret, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct netlink_result res = { 0 };
	struct link_info info = { 0 };
	int r;

	netlink_batch_init(&b);
	begin_link(&b, RTM_GETLINK, 0, 0, 0, 0);
	netlink_put_str(&b, IFLA_IFNAME, name);
	netlink_put_u32(&b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	netlink_end(&b);
	r = netlink_query(nl, &b, hear_link, &info, &res);
	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return failed(e, r, &res, "look up link", name);
	*ret = info;
	return 1;
}

/* ---- sysctls --------------------------------------------------------------------------------------------------------------------------- */

/*
 * Switches one value of /proc/sys/net for the namespace the thread is in. Through a private procfs: all namespaces share the name cache of
 * the host's /proc, where looking up "eth0" passes the "eth0" of every container. A kernel without IPv6 has nothing to switch: no error.
 */
static int set_conf(int procfd, const char *family, const char *link, const char *name, const char *value)
{
	char path[96];
	int r;

	snprintf(path, sizeof path, "sys/net/%s/conf/%s/%s", family, link, name);
	r = procfs_write(procfd, path, value);
	return r == -ENOENT ? 0 : r;
}

static const char *forward_path(bool six)
{
	return six ? "/proc/sys/net/ipv6/conf/all/forwarding" : "/proc/sys/net/ipv4/ip_forward";
}

bool link_forwards(bool six)
{
	char text[16];

	return file_read_text(AT_FDCWD, forward_path(six), text, sizeof text) == 0 && strcmp(text, "0") != 0;
}

static int keep_router(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	char path[NAME_MAX + sizeof "/accept_ra"], text[16];

	if (strcmp(name, "all") == 0 || strcmp(name, "default") == 0)
		return 0;
	snprintf(path, sizeof path, "%s/accept_ra", name);
	if (file_read_text(dirfd, path, text, sizeof text) == 0 && strcmp(text, "1") == 0)
		file_write(dirfd, path, "2");
	return 0;
}

static int keep_routers(void)
{
	scoped_fd int dir = dir_open(AT_FDCWD, "/proc/sys/net/ipv6/conf");

	return dir < 0 ? dir : dir_each(dir, keep_router, NULL);
}

int link_enable_forwarding(bool six, struct err *e)
{
	int r;

	if (link_forwards(six))
		return 0;
	r = six ? keep_routers() : 0;
	if (r < 0)
		return err_sys(e, r, "look through /proc/sys/net/ipv6/conf");
	r = file_write(AT_FDCWD, forward_path(six), "1");
	return r < 0 ? err_sys(e, r, "switch on forwarding in '%s'", forward_path(six)) : 1;
}

/* ---- the bridge ------------------------------------------------------------------------------------------------------------------------ */

static int create_bridge(struct netlink *nl, const struct link_bridge *br, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct netlink_result res = { 0 };
	uint8_t mac[MAC_SIZE];
	size_t info, data;
	int r;

	netlink_batch_init(&b);
	begin_link(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, 0, 0);
	netlink_put_str(&b, IFLA_IFNAME, br->name);
	/* A MAC of its own: otherwise the bridge takes the lowest of its ports' and changes it when containers come and go. */
	addr_mac(br->gateway.family ? &br->gateway : &br->gateway6, mac);
	netlink_put(&b, IFLA_ADDRESS, mac, sizeof mac);
	if (br->mtu)
		netlink_put_u32(&b, IFLA_MTU, br->mtu);
	info = netlink_nest(&b, IFLA_LINKINFO);
	netlink_put_str(&b, IFLA_INFO_KIND, "bridge");
	data = netlink_nest(&b, IFLA_INFO_DATA);
	netlink_put_u32(&b, IFLA_BR_FORWARD_DELAY, 0);
	/* Snooping winds up a timer of every port whenever one joins, and without a querier it loses multicast after minutes. */
	netlink_put_u8(&b, IFLA_BR_MCAST_SNOOPING, 0);
	netlink_nest_end(&b, data);
	netlink_nest_end(&b, info);
	netlink_end(&b);
	r = netlink_talk(nl, &b, &res);
	if (r == -EOPNOTSUPP)
		return err_set(e, ERR_UNSUPPORTED, "the kernel has no bridges (module 'bridge'): bridge networks need them");
	return r < 0 && r != -EEXIST ? failed(e, r, &res, "create bridge", br->name) : 0;
}

static int configure_bridge(struct netlink *nl, const struct link_bridge *br, uint32_t index, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct netlink_result res = { 0 };
	scoped_fd int procfd = procfs_open();
	size_t spec, inet, conf;
	int r = procfd;

	if (r >= 0)
		r = set_conf(procfd, "ipv6", br->name, "accept_ra", "0");
	if (r >= 0)
		r = set_conf(procfd, "ipv6", br->name, "disable_ipv6", br->gateway6.family ? "0" : "1");
	if (r < 0)
		return err_sys(e, r, "set up IPv6 of bridge '%s'", br->name);
	netlink_batch_init(&b);
	add_address(&b, index, &br->gateway);
	add_address(&b, index, &br->gateway6);
	begin_link(&b, RTM_NEWLINK, 0, index, IFF_UP, IFF_UP);
	spec = netlink_nest(&b, IFLA_AF_SPEC);
	inet = netlink_nest(&b, AF_INET);
	conf = netlink_nest(&b, IFLA_INET_CONF);
	netlink_put_u32(&b, IPV4_DEVCONF_ROUTE_LOCALNET, 1);
	netlink_nest_end(&b, conf);
	netlink_nest_end(&b, inet);
	netlink_nest_end(&b, spec);
	netlink_end(&b);
	r = netlink_talk(nl, &b, &res);
	return r < 0 ? failed(e, r, &res, "configure bridge", br->name) : 0;
}

int link_make_bridge(struct netlink *nl, const struct link_bridge *br, struct link_info *ret, struct err *e)
{
	struct link_info info;
	int r;

	r = link_find(nl, br->name, &info, e);
	if (r == 0) {
		r = create_bridge(nl, br, e);
		if (r == 0)
			r = link_find(nl, br->name, &info, e);
		if (r == 0)
			return err_set(e, ERR_UNAVAILABLE, "bridge '%s' vanished while it was made", br->name);
	}
	if (r < 0)
		return r;
	if (strcmp(info.kind, "bridge") != 0)
		return err_set(e, ERR_CONFLICT, "link '%s' exists and is no bridge", br->name);
	if (!info.up)
		r = configure_bridge(nl, br, info.index, e);
	if (r < 0)
		return r;
	info.up = true;
	*ret = info;
	return 0;
}

/* ---- the pair -------------------------------------------------------------------------------------------------------------------------- */

/* The kernel uses one queue of a veth anyway, but makes one per processor. */
static void put_one_queue(struct netlink_batch *b)
{
	netlink_put_u32(b, IFLA_NUM_TX_QUEUES, 1);
	netlink_put_u32(b, IFLA_NUM_RX_QUEUES, 1);
}

static void put_peer(struct netlink_batch *b, const struct link_pair *p)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	size_t peer = netlink_nest(b, VETH_INFO_PEER);

	netlink_put_raw(b, &header, sizeof header);
	netlink_put_str(b, IFLA_IFNAME, p->name);
	netlink_put(b, IFLA_ADDRESS, p->mac, MAC_SIZE);
	netlink_put_u32(b, IFLA_NET_NS_FD, (uint32_t)p->netns_fd);
	put_one_queue(b);
	if (p->mtu)
		netlink_put_u32(b, IFLA_MTU, p->mtu);
	netlink_nest_end(b, peer);
}

static void create_pair(struct netlink_batch *b, const struct link_pair *p)
{
	size_t info, data;

	begin_link(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, 0, 0);
	netlink_put_str(b, IFLA_IFNAME, p->host_name);
	put_one_queue(b);
	if (p->mtu)
		netlink_put_u32(b, IFLA_MTU, p->mtu);
	info = netlink_nest(b, IFLA_LINKINFO);
	netlink_put_str(b, IFLA_INFO_KIND, "veth");
	data = netlink_nest(b, IFLA_INFO_DATA);
	put_peer(b, p);
	netlink_nest_end(b, data);
	netlink_nest_end(b, info);
	netlink_end(b);
}

static void set_port(struct netlink_batch *b, const struct link_pair *p)
{
	size_t info, data;

	begin_link(b, RTM_NEWLINK, 0, 0, 0, 0);
	netlink_put_str(b, IFLA_IFNAME, p->host_name);
	info = netlink_nest(b, IFLA_LINKINFO);
	netlink_put_str(b, IFLA_INFO_SLAVE_KIND, "bridge");
	data = netlink_nest(b, IFLA_INFO_SLAVE_DATA);
	if (p->hairpin)
		netlink_put_u8(b, IFLA_BRPORT_MODE, 1);
	if (p->isolated)
		netlink_put_u8(b, IFLA_BRPORT_ISOLATED, 1);
	netlink_nest_end(b, data);
	netlink_nest_end(b, info);
	netlink_end(b);
}

int link_make_pair(struct netlink *nl, const struct link_pair *p, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct netlink_result res = { 0 };
	struct err ignored; /* of the clean-up: what failed first counts */
	int r;

	netlink_batch_init(&b);
	create_pair(&b, p);
	/* A port with an IPv6 address of its own would announce it to every other port: the n-th container would cost n packets. */
	set_no_link_local(&b, p->host_name);
	begin_link(&b, RTM_NEWLINK, 0, 0, IFF_UP, IFF_UP);
	netlink_put_str(&b, IFLA_IFNAME, p->host_name);
	netlink_put_u32(&b, IFLA_MASTER, p->bridge);
	netlink_end(&b);
	if (p->hairpin || p->isolated)
		set_port(&b, p);
	r = netlink_talk(nl, &b, &res);
	if (r < 0 && res.index > 0)
		link_delete(nl, p->host_name, &ignored);
	if (r == -EOPNOTSUPP && res.index == 0)
		return err_set(e, ERR_UNSUPPORTED, "the kernel has no veth links (module 'veth'): bridge networks need them");
	if (r == -EXFULL)
		return err_set(e, ERR_EXHAUSTED, "the bridge has no free port: the kernel's limit is 1023 containers on one network");
	return r < 0 ? failed(e, r, &res, "create link", p->host_name) : 0;
}

int link_delete(struct netlink *nl, const char *name, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct netlink_result res = { 0 };
	int r;

	netlink_batch_init(&b);
	begin_link(&b, RTM_DELLINK, 0, 0, 0, 0);
	netlink_put_str(&b, IFLA_IFNAME, name);
	netlink_end(&b);
	r = netlink_talk(nl, &b, &res);
	return r < 0 && r != -ENODEV ? failed(e, r, &res, "delete link", name) : 0;
}

int link_up(const char *name, struct err *e)
{
	scoped_netlink struct netlink nl = NETLINK_NONE;
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct netlink_result res = { 0 };
	struct link_info info;
	int r = link_open(&nl, e);

	if (r == 0)
		r = link_find(&nl, name, &info, e);
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no link '%s'", name);
	if (r < 0)
		return r;
	netlink_batch_init(&b);
	set_up(&b, info.index);
	r = netlink_talk(&nl, &b, &res);
	return r < 0 ? failed(e, r, &res, "bring up link", name) : 0;
}

/* ---- the inside ------------------------------------------------------------------------------------------------------------------------ */

/* Off before the link comes up, so that an IPv4 network gives no IPv6 address (CVE-2024-32473) and no router is believed. */
static int quiet_ipv6(const struct link_inside *in)
{
	bool six = in->address6.family;
	scoped_fd int procfd = procfs_open();
	int r = procfd;

	if (r >= 0 && six)
		r = set_conf(procfd, "ipv6", in->name, "accept_ra", "0");
	return r < 0 ? r : set_conf(procfd, "ipv6", in->name, "disable_ipv6", six ? "0" : "1");
}

/*
 * What has to happen in the namespace itself: opening the socket, and the one switch that netlink does not offer. Whoever made the namespace
 * may have set net.ipv6.conf.default.disable_ipv6 in it, which saves us a procfs of our own (0.3 ms).
 */
static int act_inside(const struct link_inside *in, struct netlink *nl, struct link_info *ret, struct err *e)
{
	int r = link_open(nl, e);

	if (r == 0)
		r = link_find(nl, in->name, ret, e);
	if (r == 0)
		return err_set(e, ERR_UNAVAILABLE, "link '%s' is not in the container's network namespace", in->name);
	if (r < 0 || (ret->no_ipv6 && !in->address6.family))
		return r < 0 ? r : 0;
	r = quiet_ipv6(in);
	return r < 0 ? err_sys(e, r, "set up IPv6 of link '%s'", in->name) : 0;
}

typedef int (*visit_fn)(const struct link_inside *in, struct netlink *nl, struct link_info *ret, struct err *e);

static int visit(int netns_fd, visit_fn fn, const struct link_inside *in, struct netlink *ret_nl, struct link_info *ret, struct err *e)
{
	scoped_fd int home = ns_open_path("/proc/thread-self/ns/net", NS_NET);
	int r;

	if (home < 0)
		return err_sys(e, home, "open our own network namespace");
	r = ns_join(netns_fd, NS_NET);
	if (r < 0)
		return err_sys(e, r, "enter the container's network namespace");
	r = fn(in, ret_nl, ret, e);
	if (ns_join(home, NS_NET) < 0) {
		/* Going on would do to the container what is meant for the host, and the other way round. */
		log_error("cannot return from a container's network namespace");
		abort();
	}
	return r;
}

int link_configure_inside(int netns_fd, const struct link_inside *in, struct err *e)
{
	enum { LOOPBACK = 1 }; /* the first link of every namespace */
	scoped_netlink struct netlink nl = NETLINK_NONE;
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct netlink_result res = { 0 };
	struct link_info info;
	int r;

	netlink_batch_init(&b);
	r = visit(netns_fd, act_inside, in, &nl, &info, e);
	if (r < 0)
		return r;
	set_up(&b, LOOPBACK);
	add_address(&b, info.index, &in->address);
	add_address(&b, info.index, &in->address6);
	set_up(&b, info.index);
	add_default_route(&b, info.index, &in->gateway);
	add_default_route(&b, info.index, &in->gateway6);
	r = netlink_talk(&nl, &b, &res);
	return r < 0 ? failed(e, r, &res, "configure link", in->name) : 0;
}

/* Only opens the socket and looks. */
static int look_inside(const struct link_inside *in, struct netlink *nl, struct link_info *ret, struct err *e)
{
	int r = link_open(nl, e);

	return r == 0 ? link_find(nl, in->name, ret, e) : r;
}

int link_route_inside(int netns_fd, const struct link_inside *in, struct err *e)
{
	scoped_netlink struct netlink nl = NETLINK_NONE;
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct netlink_result res = { 0 };
	struct link_info info;
	int r = visit(netns_fd, look_inside, in, &nl, &info, e);

	if (r <= 0)
		return r < 0 ? r : err_set(e, ERR_UNAVAILABLE, "link '%s' is not in the container's network namespace", in->name);
	netlink_batch_init(&b);
	add_default_route(&b, info.index, &in->gateway);
	add_default_route(&b, info.index, &in->gateway6);
	r = b.n > 0 ? netlink_talk(&nl, &b, &res) : 0;
	return r < 0 ? failed(e, r, &res, "lead the default route over link", in->name) : 0;
}

int link_delete_inside(int netns_fd, const char *name, struct err *e)
{
	scoped_netlink struct netlink nl = NETLINK_NONE;
	struct link_info info;
	int r = visit(netns_fd, look_inside, &(struct link_inside){ .name = name }, &nl, &info, e);

	return r <= 0 ? r : link_delete(&nl, name, e);
}

/* ---- routes ---------------------------------------------------------------------------------------------------------------------------- */

struct hear_routes {
	link_route_fn fn;
	void *arg;
};

static int hear_route(void *arg, const struct nlmsghdr *m)
{
	const struct nlattr *t[RTA_MAX + 1];
	const struct rtmsg *header = (const void *)((const char *)m + NLMSG_HDRLEN);
	struct hear_routes *h = arg;
	struct addr x = { 0 };
	size_t n;
	const void *p = netlink_payload(m, sizeof *header, &n);

	if (m->nlmsg_type != RTM_NEWROUTE || !p || netlink_parse(p, n, t, RTA_MAX) < 0)
		return 0;
	x.family = header->rtm_family;
	x.prefix = header->rtm_dst_len;
	if ((x.family != AF_INET && x.family != AF_INET6) || x.prefix == 0 || header->rtm_type == RTN_MULTICAST)
		return 0;
	if (!t[RTA_DST] || netlink_size(t[RTA_DST]) < addr_size(&x))
		return 0;
	memcpy(x.bytes, netlink_data(t[RTA_DST]), addr_size(&x));
	return h->fn(h->arg, &x, netlink_get_u32(t[RTA_OIF]));
}

int link_each_route(struct netlink *nl, link_route_fn fn, void *arg, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct hear_routes h = { fn, arg };
	struct rtmsg header = { .rtm_family = AF_UNSPEC };
	struct netlink_result res = { 0 };
	int r;

	netlink_batch_init(&b);
	netlink_begin(&b, RTM_GETROUTE, NLM_F_DUMP, &header, sizeof header);
	netlink_end(&b);
	r = netlink_query(nl, &b, hear_route, &h, &res);
	return r < 0 ? failed(e, r, &res, "list routes of", "this host") : r;
}
