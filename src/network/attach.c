/* SPDX-License-Identifier: Apache-2.0 */
#include "network/attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
#include "network/carry.h"
#include "network/driver.h"
#include "network/home.h"
#include "network/ipam.h"
#include "network/link.h"
#include "network/record.h"
#include "network/sublink.h"
#include "os/proc.h"

/* ---- the shared steps: reserving -------------------------------------------------------------------------------------------------------- */

/* The auxiliary addresses of one family. */
static void kept_addresses(const struct network_config *c, uint8_t family, struct arena *a, struct ipam_pool *p)
{
	struct addr *v = arena_array(a, struct addr, c->aux.n);

	for (size_t i = 0; i < c->aux.n; i++) {
		if (addr_parse(c->aux.v[i].value, &v[p->n_kept]) == 0 && v[p->n_kept].family == family)
			p->n_kept++;
	}
	p->kept = v;
}

/* One family; *ret is left alone if the network does not speak it. */
static int reserve_family(struct attach *at, bool six, const char *asked, struct addr *ret, struct err *e)
{
	const char *range = six ? at->config->range6 : at->config->range;
	struct ipam_pool pool = { .subnet = six ? at->range.subnet6 : at->range.subnet, .gateway = six ? at->range.gateway6 : at->range.gateway };
	struct addr wanted = { 0 };
	int r = 0;

	if (asked && addr_parse(asked, &wanted) < 0)
		return err_set(e, ERR_INVALID, "invalid address '%s'", asked);
	if (!pool.subnet.family)
		return asked ? err_set(e, ERR_INVALID, "address %s: the network speaks no %s", asked, six ? "IPv6" : "IPv4") : 0;
	if (wanted.family && wanted.family != pool.subnet.family)
		return err_set(e, ERR_INVALID, "address %s is no %s address", asked, six ? "IPv6" : "IPv4");
	kept_addresses(at->config, pool.subnet.family, at->a, &pool);
	if (range)
		r = ipam_pool_range(&pool, &pool.subnet, range, e);
	return r < 0 ? r : ipam_reserve(at->n->ipam_fd, at->config->name, &pool, &wanted, at->container, ret, e);
}

static int reserve_mac(struct attach *at, const struct addr *x, struct err *e)
{
	enum { MULTICAST = 1 };
	char text[MAC_TEXT_SIZE];
	uint8_t mac[MAC_SIZE];

	if (at->request->mac && (mac_parse(at->request->mac, mac) < 0 || (mac[0] & MULTICAST)))
		return err_set(e, ERR_INVALID, "invalid MAC address '%s': six pairs of hex digits, and no group address", at->request->mac);
	if (!at->request->mac)
		addr_mac(x, mac);
	mac_print(mac, text);
	at->reserved->mac = arena_strdup(at->a, text);
	return 0;
}

static int reserve_interface(struct attach *at, struct err *e)
{
	const char *asked = at->request->interface, *prefix = at->config->interface_prefix;

	if (asked && (!*asked || strlen(asked) >= LINK_NAME_SIZE || asked[strcspn(asked, "/: \t\n")] || streq(asked, "lo") || asked[0] == '.'))
		return err_set(e, ERR_INVALID, "'%s' is no name for an interface", asked);
	/* eth0 is what an address without this member means. */
	if (asked || prefix || at->request->index > 0)
		at->reserved->interface = asked ? asked : arena_printf(at->a, "%s%u", prefix ? prefix : "eth", at->request->index);
	return 0;
}

/* What it answers to, each word once. */
static void reserve_names(struct attach *at)
{
	const struct network_request *q = at->request;
	struct strs *names = &at->reserved->names;

	at->reserved->aliases = q->aliases;
	if (!network_has_dns(at->config))
		return;
	if (q->name)
		strs_push(at->a, names, q->name);
	for (size_t i = 0; i < q->aliases.n; i++) {
		if (!strs_has(names, q->aliases.v[i]))
			strs_push(at->a, names, q->aliases.v[i]);
	}
	if (q->hostname && !strs_has(names, q->hostname))
		strs_push(at->a, names, q->hostname);
	strs_push(at->a, names, arena_strndup(at->a, q->container, 12));
}

static const char *text_of(const struct addr *x, struct arena *a)
{
	char text[ADDR_TEXT_SIZE];

	addr_print(x, text);
	return arena_strdup(a, text);
}

int attach_reserve_address(void *ctx, struct err *e)
{
	struct attach *at = ctx;
	struct container_address *got = at->reserved;
	struct addr x = { 0 }, x6 = { 0 };
	int r = network_range_read(at->config, &at->range, e);

	if (r == 0)
		r = reserve_interface(at, e);
	if (r == 0)
		r = reserve_family(at, false, at->request->ip, &x, e);
	if (r < 0)
		return r;
	got->ip = text_of(&x, at->a);
	got->prefix = x.prefix;
	got->gateway = at->config->gateway;
	r = reserve_family(at, true, at->request->ip6, &x6, e);
	if (r == 0 && x6.family) {
		got->ip6 = text_of(&x6, at->a);
		got->prefix6 = x6.prefix;
		got->gateway6 = at->config->gateway6;
	}
	if (r == 0)
		r = reserve_mac(at, &x, e);
	if (r < 0) {
		attach_release_address(at);
		return r;
	}
	got->driver = streq(at->config->driver, "bridge") ? NULL : at->config->driver;
	got->default_route = at->request->default_route;
	reserve_names(at);
	return 0;
}

static int free_both(struct attach *at, const struct container_address *address, struct err *e)
{
	int r = address->ip ? ipam_release(at->n->ipam_fd, address->network, address->ip, at->container, e) : 0;

	return r == 0 && address->ip6 ? ipam_release(at->n->ipam_fd, address->network, address->ip6, at->container, e) : r;
}

void attach_release_address(void *ctx)
{
	struct attach *at = ctx;
	struct err ignored; /* what cannot be freed now is healed later */

	free_both(at, at->reserved, &ignored);
}

int attach_free_address(void *ctx, struct err *e)
{
	struct attach *at = ctx;

	return free_both(at, at->at, e);
}

/* ---- the shared steps: inside, names ---------------------------------------------------------------------------------------------------- */

const char *attach_interface(const struct container_address *at)
{
	return at->interface ? at->interface : "eth0";
}

static int read_address(const char *text, uint32_t prefix, struct addr *ret, struct err *e)
{
	if (!text)
		return 0;
	if (addr_parse(text, ret) < 0)
		return err_set(e, ERR_CORRUPT, "invalid address '%s'", text);
	ret->prefix = (uint8_t)prefix;
	return 0;
}

static int read_inside(const struct container_address *at, bool routed, struct link_inside *ret, struct err *e)
{
	int r;

	*ret = (struct link_inside){ .name = attach_interface(at) };
	r = read_address(at->ip, at->prefix, &ret->address, e);
	if (r == 0)
		r = read_address(at->ip6, at->prefix6, &ret->address6, e);
	if (r == 0 && at->default_route)
		r = read_address(at->gateway, at->prefix, &ret->gateway, e);
	if (r == 0 && at->default_route)
		r = read_address(at->gateway6, at->prefix6, &ret->gateway6, e);
	if (routed && ret->gateway.family)
		ret->gateway = (struct addr){ .family = AF_INET };
	if (routed && ret->gateway6.family)
		ret->gateway6 = (struct addr){ .family = AF_INET6 };
	return r;
}

int attach_configure(void *ctx, struct err *e)
{
	struct attach *at = ctx;
	struct link_inside in;
	int r = read_inside(at->at, sublink_is_routed(at->config->driver, at->config->mode), &in, e);

	return r < 0 ? r : link_configure_inside(at->netns_fd, &in, e);
}

int attach_record(void *ctx, struct err *e)
{
	struct attach *at = ctx;

	return record_write(at->n, at->config, at->container, at->at, at->resolver, e);
}

int attach_forget(void *ctx, struct err *e)
{
	struct attach *at = ctx;

	return attachments_drop(at->n->run_fd, at->container, at->at->network, e);
}

void attach_undo_record(void *ctx)
{
	struct err ignored; /* healed later */

	attach_forget(ctx, &ignored);
}

/* ---- running the tables ----------------------------------------------------------------------------------------------------------------- */

int network_reserve(struct network *n, const struct network_config *c, const struct network_request *q, struct arena *a,
		struct container_address *ret, struct err *e)
{
	struct container_address reserved = { .network = arena_strdup(a, c->name), .network_id = arena_strdup(a, c->id) };
	struct attach at = { .n = n, .config = c, .container = q->container, .a = a, .request = q, .reserved = &reserved, .netns_fd = -EBADF };
	const struct network_driver *driver;
	int r = driver_find(c->driver, &driver, e);

	if (r == 0)
		r = steps_run(driver->reserve.v, driver->reserve.n, &at, e);
	if (r < 0)
		return err_wrap(e, "network '%s'", c->name);
	*ret = reserved;
	return 0;
}

static int attach_there(void *ctx, struct err *e)
{
	struct attach *at = ctx;
	const struct network_driver *driver;
	int r = driver_find(at->config->driver, &driver, e);

	if (r == 0)
		r = network_range_read(at->config, &at->range, e);
	if (r == 0)
		r = steps_run(driver->attach.v, driver->attach.n, at, e);
	if (r == 0 && at->away && at->at->n_ports)
		r = carry_return_path(at->at, true, e);
	return r;
}

/* Of an ordinary user: where his bridges are, and from the host to there. What a failure leaves goes with detach. */
static int attach_away(struct attach *at, struct err *e)
{
	int r;

	if (!at->config->bridge)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: driver '%s' for an ordinary user: the host's links are not his", at->config->driver);
	r = home_enter(at->n, at->container, at->config->name, e);
	if (r == 0)
		r = home_run(at->n, attach_there, at, e);
	if (r == 0 && at->at->n_ports)
		r = carry_begin(at->n, at->container, at->at, e);
	return r;
}

int network_attach(struct network *n, const struct network_config *c, const char *container, const struct container_address *address,
		const struct network_resolver *resolver, int netns_fd, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct attach at = { .n = n, .config = c, .container = container, .a = &a, .at = address, .resolver = resolver, .netns_fd = netns_fd,
		.away = home_is_elsewhere() };
	int r = at.away ? attach_away(&at, e) : attach_there(&at, e);

	return r < 0 ? err_wrap(e, "network '%s'", c->name) : 0;
}

/* All of the steps, whatever fails. */
static int detach_there(void *ctx, struct err *e)
{
	struct attach *at = ctx;
	const struct network_driver *driver;
	int first = 0, r = driver_find(at->at->driver ? at->at->driver : "bridge", &driver, e);

	if (r < 0)
		return r;
	if (at->away && at->at->n_ports)
		first = carry_return_path(at->at, false, e);
	for (size_t i = 0; i < driver->detach.n; i++) {
		struct err why;

		r = steps_run(&driver->detach.v[i], 1, at, &why);
		/* A second try, since nobody comes after us but heal: the kernel may have been short of buffers. */
		if (r < 0)
			r = driver->detach.v[i].apply(at, &why);
		if (r < 0 && first == 0) {
			first = r;
			*e = why;
		}
	}
	return first;
}

int network_detach(struct network *n, const char *container, const struct container_address *address, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct attach at = { .n = n, .container = container, .a = &a, .at = address, .netns_fd = -EBADF, .away = home_is_elsewhere() };
	int r;

	if (at.away)
		carry_end(n, container, address->network);
	r = home_run(n, detach_there, &at, e);
	if (at.away)
		home_leave(n, container, address->network);
	return r < 0 ? err_wrap(e, "network '%s'", address->network) : 0;
}

/* ---- a living container ----------------------------------------------------------------------------------------------------------------- */

struct living {
	const struct network_config *config;
	const struct container_address *at;
	int netns_fd;
};

static int unplug_there(void *arg, struct err *e)
{
	const struct living *l = arg;

	return link_delete_inside(l->netns_fd, attach_interface(l->at), e);
}

static int route_there(void *arg, struct err *e)
{
	const struct living *l = arg;
	struct container_address leading = *l->at;
	struct link_inside in;
	int r;

	leading.default_route = true;
	r = read_inside(&leading, sublink_is_routed(l->config->driver, l->config->mode), &in, e);
	return r < 0 ? r : link_route_inside(l->netns_fd, &in, e);
}

int network_unplug(const struct container_address *at, int netns_fd, struct err *e)
{
	return home_run(NULL, unplug_there, &(struct living){ NULL, at, netns_fd }, e);
}

int network_route(const struct network_config *c, const struct container_address *at, int netns_fd, struct err *e)
{
	return home_run(NULL, route_there, &(struct living){ c, at, netns_fd }, e);
}

/* ---- what a network needs --------------------------------------------------------------------------------------------------------------- */

bool network_wants_netns(const struct network_config *c)
{
	const struct network_driver *driver;
	struct err e; /* an unknown driver fails when it is used */

	return driver_find(c->driver, &driver, &e) < 0 || driver->wants_netns;
}

bool network_wants_attach(const struct network_config *c)
{
	const struct network_driver *driver;
	struct err e; /* as above */

	return driver_find(c->driver, &driver, &e) < 0 || driver->attach.n > 0;
}

bool network_wants_no_ipv6(const struct network_config *c)
{
	return network_wants_netns(c) && !c->subnet6 && access("/proc/sys/net/ipv6", F_OK) == 0;
}

bool network_leads_outside(const struct network_config *c)
{
	return c->subnet && !c->internal && !c->no_default_route;
}
