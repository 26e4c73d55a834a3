/* SPDX-License-Identifier: Apache-2.0 */
#include "network/choose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "network/ipam.h"
#include "network/link.h"
#include "os/file.h"
#include "os/proc.h"

/* ---- what is taken ---------------------------------------------------------------------------------------------------------------------- */

/* Private ranges, in the order in which they are tried; each is cut into subnets of the given length. */
static const struct {
	const char *range;
	uint8_t prefix;
} pool[] = {
	{ "172.30.0.0/15", 16 }, { "172.24.0.0/14", 16 }, { "172.18.0.0/15", 16 }, { "172.20.0.0/14", 16 },
	{ "10.210.0.0/15", 20 }, { "192.168.96.0/19", 24 },
};

int choose_pick_subnet(const struct addr *taken, size_t n, struct addr *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(pool); i++) {
		struct addr range, x;

		if (addr_parse(pool[i].range, &range) < 0)
			return -EINVAL;
		for (uint64_t at = 0; at < addr_count(&range); at += (uint64_t)1 << (32 - pool[i].prefix)) {
			size_t k = 0;

			x = addr_nth(&range, at);
			x.prefix = pool[i].prefix;
			while (k < n && !addr_overlaps(&taken[k], &x))
				k++;
			if (k == n) {
				*ret = x;
				return 0;
			}
		}
	}
	return -ENOSPC;
}

struct taken {
	struct VEC(struct addr) list;
	struct arena *a;
};

static int taken_route(void *arg, const struct addr *subnet, uint32_t interface)
{
	struct taken *t = arg;

	*vec_push(t->a, &t->list) = *subnet;
	return 0;
}

static void taken_text(struct taken *t, const char *text)
{
	struct addr x;

	if (text && addr_parse(text, &x) == 0)
		*vec_push(t->a, &t->list) = x;
}

/* Nameservers: a subnet that swallows one cuts the host off its names as soon as the bridge is up. */
static void taken_nameservers(struct taken *t)
{
	char *text;
	struct str rest, line;

	if (file_read(AT_FDCWD, "/etc/resolv.conf", LIMIT_PROC_FILE, t->a, &text, NULL) < 0)
		return;
	for (rest = str_of(text); rest.p;) {
		const char *value;

		line = str_trim(str_cut(rest, '\n', &rest));
		value = str_after(arena_strndup(t->a, line.p, line.n), "nameserver ");
		taken_text(t, value);
	}
}

static int find_taken(const struct network_config *const *list, size_t n_list, struct netlink *nl, const struct network_config *c, struct taken *t,
		struct err *e)
{
	int r = c->parent ? 0 : link_each_route(nl, taken_route, t, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n_list; i++) {
		taken_text(t, list[i]->subnet);
		taken_text(t, list[i]->subnet6);
	}
	if (!c->parent)
		taken_nameservers(t);
	return 0;
}

/* ---- subnets ---------------------------------------------------------------------------------------------------------------------------- */

/* Bounds of a subnet that people may ask for: at least two containers; not all of the address space. */
static const struct {
	const char *name;
	uint8_t family, shortest, longest;
} families[] = { { "IPv4", AF_INET, 8, 30 }, { "IPv6", AF_INET6, 8, 126 } };

static int read_subnet(const char *text, bool six, struct addr *ret, struct err *e)
{
	if (addr_parse_subnet(text, ret) < 0 || ret->family != families[six].family || ret->prefix < families[six].shortest ||
	    ret->prefix > families[six].longest)
		return err_set(e, ERR_INVALID, "subnet '%s': an %s subnet of /%u to /%u is needed", text, families[six].name,
			       families[six].shortest, families[six].longest);
	*ret = addr_first(ret);
	return 0;
}

static int check_free(const struct taken *t, const char *text, const struct addr *x, struct err *e)
{
	for (size_t i = 0; i < t->list.n; i++) {
		if (addr_overlaps(&t->list.v[i], x))
			return err_set(e, ERR_CONFLICT, "subnet '%s' overlaps one that this host already uses", text);
	}
	return 0;
}

/* A subnet nobody else is likely to have (RFC 4193): fd, 40 random bits, subnet 0. */
static void random_subnet(struct addr *ret)
{
	*ret = (struct addr){ .family = AF_INET6, .prefix = 64, .bytes = { 0xfd } };
	proc_random(ret->bytes + 1, 5);
}

static int complete_gateway(struct arena *a, const struct addr *subnet, const char *subnet_text, const char **gateway, struct err *e)
{
	char text[ADDR_TEXT_SIZE];
	struct addr x = addr_nth(subnet, 1), last = addr_last(subnet), first = addr_first(subnet);

	if (*gateway && (addr_parse(*gateway, &x) < 0 || !addr_contains(subnet, &x) || addr_equal(&x, &first) ||
			 (x.family == AF_INET && addr_equal(&x, &last))))
		return err_set(e, ERR_INVALID, "gateway '%s' is no address for a host in subnet '%s'", *gateway, subnet_text);
	addr_print(&x, text);
	*gateway = arena_strdup(a, text);
	return 0;
}

/* One family: what was asked for, or the next of the pool. */
static int complete_subnet(struct arena *a, const struct taken *t, bool six, const char **subnet, const char **gateway, const char *range, struct err *e)
{
	char text[ADDR_TEXT_SIZE];
	struct ipam_pool ignored;
	struct addr x;
	int r = 0;

	if (*subnet && **subnet) {
		r = read_subnet(*subnet, six, &x, e);
		if (r == 0)
			r = check_free(t, *subnet, &x, e);
	} else if (six) {
		random_subnet(&x);
	} else if (choose_pick_subnet(t->list.v, t->list.n, &x) < 0) {
		r = err_set(e, ERR_EXHAUSTED, "every private subnet of the pool is in use on this host");
	}
	if (r < 0)
		return r;
	addr_print_prefix(&x, text);
	*subnet = arena_strdup(a, text);
	r = complete_gateway(a, &x, *subnet, gateway, e);
	return r == 0 && range ? ipam_pool_range(&ignored, &x, range, e) : r;
}

static int check_aux(const struct network_config *c, struct err *e)
{
	for (size_t i = 0; i < c->aux.n; i++) {
		struct addr x, net;
		const char *subnet = strchr(c->aux.v[i].value, ':') ? c->subnet6 : c->subnet;

		if (addr_parse(c->aux.v[i].value, &x) < 0 || !subnet || addr_parse_subnet(subnet, &net) < 0 || !addr_contains(&net, &x))
			return err_set(e, ERR_INVALID, "auxiliary address '%s=%s' is in no subnet of the network", c->aux.v[i].key, c->aux.v[i].value);
	}
	return 0;
}

static int choose_subnets(const struct taken *t, struct arena *a, struct network_config *c, struct err *e)
{
	int r = complete_subnet(a, t, false, &c->subnet, &c->gateway, c->range, e);

	if (r == 0 && c->subnet6)
		r = complete_subnet(a, t, true, &c->subnet6, &c->gateway6, c->range6, e);
	else if (r == 0 && (c->gateway6 || c->range6))
		r = err_set(e, ERR_INVALID, "IPv6 gateway or range without --ipv6 or an IPv6 subnet");
	return r == 0 ? check_aux(c, e) : r;
}

/* ---- links ------------------------------------------------------------------------------------------------------------------------------ */

static int link_is_free(struct netlink *nl, const char *name, struct err *e)
{
	struct link_info info;
	int r = link_find(nl, name, &info, e);

	return r < 0 ? r : r == 0;
}

/* The default network is tare0, or the next free number if another root of this host has that; others are named after their id. */
static int choose_bridge(struct netlink *nl, struct arena *a, struct network_config *c, struct err *e)
{
	bool is_default = streq(c->name, NETWORK_DEFAULT);
	const char *asked = c->bridge;

	if (asked && (strlen(asked) >= LINK_NAME_SIZE || !*asked || asked[strcspn(asked, "/ \t\n:")] || streq(asked, ".") || streq(asked, "..")))
		return err_set(e, ERR_INVALID, "'%s' is no name for a link: 1 to 15 letters, no blanks, '/' or ':'", asked);
	for (unsigned i = 0; i < 1000; i++) {
		int r;

		if (!asked)
			c->bridge = is_default ? arena_printf(a, "tare%u", i) : arena_printf(a, "tare-%.8s", c->id);
		r = link_is_free(nl, c->bridge, e);
		if (r != 0)
			return r < 0 ? r : 0;
		if (asked || !is_default)
			break;
	}
	return err_set(e, ERR_CONFLICT, "link '%s' exists already", c->bridge);
}

static int check_parent(struct netlink *nl, const struct network_config *c, struct err *e)
{
	int r;

	if (!c->parent)
		return err_set(e, ERR_INVALID, "a %s network hangs on a link of the host: name it with -o parent=LINK", c->driver);
	r = link_is_free(nl, c->parent, e);
	return r > 0 ? err_set(e, ERR_NOT_FOUND, "parent: this host has no link '%s'", c->parent) : r;
}

static void choose_id(struct arena *a, struct network_config *c)
{
	char created[TEXT_TIME_SIZE], id[65];
	uint8_t random[32];
	struct timespec now;

	proc_random(random, sizeof random);
	text_hex(random, sizeof random, id);
	clock_gettime(CLOCK_REALTIME, &now);
	text_time(now, created);
	c->id = arena_strdup(a, id);
	c->created = arena_strdup(a, created);
}

int choose_complete(const struct network_config *const *list, size_t n_list, struct arena *a, struct network_config *c, struct err *e)
{
	scoped_netlink struct netlink nl = NETLINK_NONE;
	struct taken t = { .a = a };
	bool is_bridge;
	int r;

	if (!c->driver)
		c->driver = "bridge";
	is_bridge = streq(c->driver, "bridge");
	if (!is_bridge && !streq(c->driver, "macvlan") && !streq(c->driver, "ipvlan"))
		return err_set(e, ERR_INVALID, "a network of driver '%s' exists already and there is only one", c->driver);
	choose_id(a, c);
	r = link_open(&nl, e);
	if (r == 0)
		r = is_bridge ? choose_bridge(&nl, a, c, e) : check_parent(&nl, c, e);
	if (r == 0)
		r = find_taken(list, n_list, &nl, c, &t, e);
	return r < 0 ? r : choose_subnets(&t, a, c, e);
}
