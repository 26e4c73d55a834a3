/* SPDX-License-Identifier: Apache-2.0 */
#include "network/conntrack.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include "os/netlink.h"

/* Which parts of a tuple a filter looks at; the kernel keeps these bits in no public header. */
enum { FILTER_SOURCE = 1 << 0, FILTER_PROTOCOL = 1 << 3 };

static void put_filter(struct netlink_batch *b, const struct addr *x)
{
	size_t tuple = netlink_nest(b, CTA_TUPLE_REPLY), part = netlink_nest(b, CTA_TUPLE_IP), filter;

	netlink_put(b, x->family == AF_INET ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, x->bytes, addr_size(x));
	netlink_nest_end(b, part);
	part = netlink_nest(b, CTA_TUPLE_PROTO);
	netlink_put_u8(b, CTA_PROTO_NUM, IPPROTO_UDP);
	netlink_nest_end(b, part);
	netlink_nest_end(b, tuple);
	filter = netlink_nest(b, CTA_FILTER);
	netlink_put_u32(b, CTA_FILTER_REPLY_FLAGS, FILTER_SOURCE | FILTER_PROTOCOL);
	netlink_nest_end(b, filter);
}

int conntrack_forget_udp(const struct addr *x, struct err *e)
{
	scoped_netlink struct netlink nl = NETLINK_NONE;
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct nfgenmsg header = { .nfgen_family = x->family, .version = NFNETLINK_V0 };
	int r;

	netlink_batch_init(&b);
	netlink_begin(&b, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, 0, &header, sizeof header);
	put_filter(&b, x);
	netlink_end(&b);
	r = netlink_open(&nl, NETLINK_NETFILTER);
	if (r == 0)
		r = netlink_talk(&nl, &b, NULL);
	/* Older kernels take the filter for the name of one connection, which there is not. */
	if (r < 0 && r != -ENOENT && r != -EINVAL && r != -EOPNOTSUPP)
		return err_sys(e, r, "forget connections of a container");
	return 0;
}
