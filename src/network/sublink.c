/* SPDX-License-Identifier: Apache-2.0 */
#include "network/sublink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/enumtab.h"
#include "base/str.h"

static const struct numtab macvlan_modes[] = {
	{ "bridge", MACVLAN_MODE_BRIDGE }, { "private", MACVLAN_MODE_PRIVATE }, { "vepa", MACVLAN_MODE_VEPA }, { "passthru", MACVLAN_MODE_PASSTHRU },
	{ NULL, 0 },
};
static const struct numtab ipvlan_modes[] = { { "l2", IPVLAN_MODE_L2 }, { "l3", IPVLAN_MODE_L3 }, { "l3s", IPVLAN_MODE_L3S }, { NULL, 0 } };

/* The first mode of a kind is its default. */
static const struct numtab *modes_of(const char *kind)
{
	return streq(kind, "ipvlan") ? ipvlan_modes : macvlan_modes;
}

int sublink_mode_check(const char *kind, const char *mode, struct err *e)
{
	if (numtab_find(modes_of(kind), mode))
		return 0;
	return err_set(e, ERR_INVALID, "%s has no mode '%s': it is %s", kind, mode,
		       streq(kind, "ipvlan") ? "l2, l3 or l3s" : "bridge, private, vepa or passthru");
}

bool sublink_is_routed(const char *kind, const char *mode)
{
	return streq(kind, "ipvlan") && mode && !streq(mode, "l2");
}

static void put_mode(struct netlink_batch *b, const struct sublink *s)
{
	const struct numtab *modes = modes_of(s->kind), *row = s->mode ? numtab_find(modes, s->mode) : modes;
	size_t data = netlink_nest(b, IFLA_INFO_DATA);

	if (modes == ipvlan_modes) {
		uint16_t mode = (uint16_t)(row ? row->value : IPVLAN_MODE_L2);

		netlink_put(b, IFLA_IPVLAN_MODE, &mode, sizeof mode);
	} else {
		netlink_put_u32(b, IFLA_MACVLAN_MODE, (uint32_t)(row ? row->value : MACVLAN_MODE_BRIDGE));
	}
	netlink_nest_end(b, data);
}

static void create(struct netlink_batch *b, const struct sublink *s, uint32_t parent)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	size_t info;

	netlink_begin(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header);
	netlink_put_str(b, IFLA_IFNAME, s->name);
	netlink_put_u32(b, IFLA_LINK, parent);
	netlink_put_u32(b, IFLA_NET_NS_FD, (uint32_t)s->netns_fd);
	/* An ipvlan has its parent's. */
	if (modes_of(s->kind) == macvlan_modes && !streq(s->mode, "passthru"))
		netlink_put(b, IFLA_ADDRESS, s->mac, MAC_SIZE);
	if (s->mtu)
		netlink_put_u32(b, IFLA_MTU, s->mtu);
	info = netlink_nest(b, IFLA_LINKINFO);
	netlink_put_str(b, IFLA_INFO_KIND, s->kind);
	put_mode(b, s);
	netlink_nest_end(b, info);
	netlink_end(b);
}

int sublink_make(struct netlink *nl, const struct sublink *s, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct netlink_result res = { 0 };
	struct link_info parent;
	int r = link_find(nl, s->parent, &parent, e);

	if (r == 0)
		return err_set(e, ERR_NOT_FOUND, "this host has no link '%s', on which the network hangs", s->parent);
	if (r < 0)
		return r;
	netlink_batch_init(&b);
	create(&b, s, parent.index);
	r = netlink_talk(nl, &b, &res);
	if (r == -EOPNOTSUPP)
		return err_set(e, ERR_UNSUPPORTED, "the kernel has no %s links (module '%s')", s->kind, s->kind);
	if (r == -EBUSY || r == -EINVAL)
		return err_set(e, ERR_CONFLICT, "link '%s' cannot carry a %s%s%s: it is used another way (a bridge's port, macvlan and ipvlan at once, or passthru twice)%s%s",
			       s->parent, s->kind, s->mode ? " in mode " : "", s->mode ? s->mode : "", res.text[0] ? ": " : "", res.text);
	return r < 0 ? err_sys(e, r, "create a %s on '%s'%s%s", s->kind, s->parent, res.text[0] ? ": " : "", res.text) : 0;
}
