/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options: driver options (-o KEY=VALUE) of docker and podman as a table. A key that is not here is refused, since an option that does nothing misleads.
 */
#include <string.h>

#include "base/parse.h"
#include "network/internal.h"
#include "network/sublink.h"

/* Which drivers take an option. */
enum { BRIDGE = 1 << 0, MACVLAN = 1 << 1, IPVLAN = 1 << 2, PARENTED = MACVLAN | IPVLAN, EVERY = BRIDGE | PARENTED };

typedef int (*option_fn)(struct network_config *c, const char *value, struct err *e);

static int option_bool(const char *value, bool *ret, struct err *e)
{
	return parse_bool(value, ret) < 0 ? err_set(e, ERR_INVALID, "'%s' is neither true nor false", value) : 0;
}

static int option_not(const char *value, bool *ret, struct err *e)
{
	bool on = true;
	int r = option_bool(value, &on, e);

	if (r == 0)
		*ret = !on;
	return r;
}

static int set_mtu(struct network_config *c, const char *value, struct err *e)
{
	enum { SMALLEST = 68, SMALLEST6 = 1280, LARGEST = 65535 }; /* RFC 791, RFC 8200 */

	if (parse_u32(value, &c->mtu) < 0 || (c->mtu && (c->mtu < SMALLEST || c->mtu > LARGEST)))
		return err_set(e, ERR_INVALID, "'%s' is no MTU: 0 (the kernel's default), or 68 to 65535", value);
	if (c->mtu && c->mtu < SMALLEST6 && c->subnet6)
		return err_set(e, ERR_INVALID, "IPv6 needs an MTU of at least 1280");
	return 0;
}

static int set_bridge(struct network_config *c, const char *value, struct err *e)
{
	c->bridge = value;
	return 0;
}

static int set_parent(struct network_config *c, const char *value, struct err *e)
{
	if (!*value || strlen(value) >= LINK_NAME_SIZE || strchr(value, '/'))
		return err_set(e, ERR_INVALID, "'%s' is no name of a link", value);
	c->parent = value;
	return 0;
}

static int set_mode(struct network_config *c, const char *value, struct err *e)
{
	c->mode = value;
	return sublink_mode_check(c->driver, value, e);
}

static int set_icc(struct network_config *c, const char *value, struct err *e)
{
	return option_not(value, &c->no_neighbours, e);
}

static int set_masquerade(struct network_config *c, const char *value, struct err *e)
{
	return option_not(value, &c->no_masquerade, e);
}

static int set_default_route(struct network_config *c, const char *value, struct err *e)
{
	return option_bool(value, &c->no_default_route, e);
}

/* Networks of ours are always kept apart: there is nothing to switch off. */
static int set_isolate(struct network_config *c, const char *value, struct err *e)
{
	bool on;

	if (streq(value, "strict"))
		return 0;
	if (option_bool(value, &on, e) < 0)
		return -EINVAL;
	return on ? 0 : err_set(e, ERR_UNSUPPORTED, "unsupported: networks are always isolated from each other; connect the container to both");
}

static int set_publish_ip(struct network_config *c, const char *value, struct err *e)
{
	struct addr x;

	if (addr_parse(value, &x) < 0 || x.prefix != addr_bits(&x))
		return err_set(e, ERR_INVALID, "'%s' is no address", value);
	c->publish_ip = addr_is_any(&x) ? NULL : value;
	return 0;
}

static int set_prefix(struct network_config *c, const char *value, struct err *e)
{
	enum { LONGEST = LINK_NAME_SIZE - 4 }; /* room for a number */

	if (!*value || strlen(value) > LONGEST || value[strcspn(value, "/: \t\n")])
		return err_set(e, ERR_INVALID, "'%s' is no beginning of a link's name", value);
	c->interface_prefix = value;
	return 0;
}

/* docker's way of saying what is always so here. */
static int only_nat(struct network_config *c, const char *value, struct err *e)
{
	return streq(value, "nat") ? 0 : err_set(e, ERR_UNSUPPORTED, "unsupported: gateway mode '%s': only nat is built", value);
}

static int only_false(struct network_config *c, const char *value, struct err *e)
{
	bool on;
	int r = option_bool(value, &on, e);

	return r == 0 && on ? err_set(e, ERR_UNSUPPORTED, "unsupported: only false is") : r;
}

/* clang-format off */
static const struct {
	const char *key;
	unsigned drivers;
	option_fn set;
} network_options[] = {
	{ "mtu",                                                EVERY,    set_mtu },
	{ "com.docker.network.driver.mtu",                      EVERY,    set_mtu },
	{ "parent",                                             PARENTED, set_parent },
	{ "mode",                                               PARENTED, set_mode },
	{ "macvlan_mode",                                       MACVLAN,  set_mode },
	{ "ipvlan_mode",                                        IPVLAN,   set_mode },
	{ "isolate",                                            BRIDGE,   set_isolate },
	{ "no_default_route",                                   EVERY,    set_default_route },
	{ "com.docker.network.bridge.name",                     BRIDGE,   set_bridge },
	{ "com.docker.network.bridge.enable_icc",               BRIDGE,   set_icc },
	{ "com.docker.network.bridge.enable_ip_masquerade",     BRIDGE,   set_masquerade },
	{ "com.docker.network.bridge.host_binding_ipv4",        BRIDGE,   set_publish_ip },
	{ "com.docker.network.bridge.gateway_mode_ipv4",        BRIDGE,   only_nat },
	{ "com.docker.network.bridge.gateway_mode_ipv6",        BRIDGE,   only_nat },
	{ "com.docker.network.bridge.default_bridge",           BRIDGE,   only_false },
	{ "com.docker.network.bridge.inhibit_ipv4",             BRIDGE,   only_false },
	{ "com.docker.network.container_iface_prefix",          EVERY,    set_prefix },
	{ "com.docker.network.container_interface_prefix",      EVERY,    set_prefix },
};
/* clang-format on */

static unsigned driver_bit(const char *driver)
{
	return streq(driver, "macvlan") ? MACVLAN : streq(driver, "ipvlan") ? IPVLAN : BRIDGE;
}

int network_option(struct network_config *c, const char *key, const char *value, struct err *e)
{
	const char *driver = c->driver ? c->driver : "bridge";

	for (size_t i = 0; i < ARRAY_LEN(network_options); i++) {
		if (!streq(network_options[i].key, key))
			continue;
		if (!(network_options[i].drivers & driver_bit(driver)))
			return err_set(e, ERR_INVALID, "option '%s' means nothing to a %s network", key, driver);
		return network_options[i].set(c, value, e) < 0 ? err_wrap(e, "option '%s'", key) : 0;
	}
	return err_set(e, ERR_UNSUPPORTED, "unsupported: network option '%s'", key);
}
