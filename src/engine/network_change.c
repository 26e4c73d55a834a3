/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting containers into networks and taking them out, and putting back what others took away.
 *
 * What a container is in is kept in networks.json (for its starts to come) and, while it runs, in state.json (for whoever cleans up). Both change under
 * the container's lock. state.json names an address before anything of it is on the host and as long as anything is.
 */
#include "engine/network_commands.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/step.h"
#include "base/vec.h"
#include "engine/networks.h"
#include "os/file.h"
#include "os/ns.h"
#include "os/proc.h"

struct change {
	struct holding h;            /* locked */
	struct arena *a;
	struct network *n;
	const struct network_config *config;
	struct container_networks asked, was_asked;
	bool running;
	int netns;                   /* of a running container */
	struct container_state state, was;
	struct container_address address; /* the one that comes or goes */
};
#define CHANGE_NONE ((struct change){ .h = HOLDING_NONE, .netns = -EBADF })

static void change_done(struct change *c)
{
	fd_done(&c->netns);
	store_done(&c->h);
}
#define scoped_change SCOPED(change_done)

/* ---- beginning ------------------------------------------------------------------------------------------------------------------------------ */

/* The process whose namespace that is has not ended meanwhile, so it is that of the container. */
static int netns_open(struct change *c, struct err *e)
{
	struct monitor_state s = { 0 };
	scoped_fd int pidfd = -EBADF;
	int r = monitor_state_load(c->h.live_path, c->a, &s, e);

	if (r < 0)
		return r;
	pidfd = proc_open_checked((pid_t)s.pid, s.pid_start);
	if (pidfd >= 0)
		c->netns = ns_open(AT_FDCWD, (pid_t)s.pid, NS_NET);
	if (c->netns < 0 || proc_wait_end(pidfd, 0) == 0)
		return err_set(e, ERR_CONFLICT, "container '%s' is ending", c->h.c.name);
	return 0;
}

static int change_begin(struct engine *en, const char *network, const char *container, struct arena *a, struct change *c, struct err *e)
{
	const char *id;
	int r = engine_network(en, &c->n, e);

	c->a = a;
	if (r == 0)
		r = network_find(c->n, network, a, &c->config, e);
	if (r == 0)
		r = container_find(en, container, a, &id, e);
	if (r == 0)
		r = store_lock(en, id, true, a, &c->h, e);
	if (r == 0)
		r = networks_asked(&c->h, a, &c->was_asked, e);
	if (r < 0)
		return r;
	c->running = store_monitor_is_alive(&c->h, a);
	if (!c->running)
		return 0;
	r = store_read_state(&c->h, a, &c->was, e);
	return r == 0 ? netns_open(c, e) : r;
}

/* By name or by id, which the config knows. */
static bool means(struct change *c, const struct container_network *want)
{
	const struct network_config *config;
	struct err ignored;          /* a network that is gone is another */

	return network_find(c->n, want->name, c->a, &config, &ignored) == 0 && streq(config->name, c->config->name);
}

static size_t asked_index(struct change *c)
{
	size_t i = 0;

	while (i < c->was_asked.n_list && !means(c, &c->was_asked.list[i]))
		i++;
	return i;
}

/* A container in its own namespace of networks of ours: nobody else's and not without any. */
static int check_kind(struct change *c, struct err *e)
{
	const struct network_config *first;
	int r;

	if (c->was_asked.n_list == 0 && (network_mode_container(c->h.c.request.network) || network_mode_path(c->h.c.request.network)))
		return err_set(e, ERR_CONFLICT, "container '%s' shares the network of '%s': its networks are that one's", c->h.c.name, c->h.c.request.network);
	if (!network_wants_attach(c->config))
		return err_set(e, ERR_INVALID, "network '%s' is chosen when a container is made: nothing can be connected to it or disconnected", c->config->name);
	if (c->was_asked.n_list == 0)
		return 0;
	r = network_find(c->n, c->was_asked.list[0].name, c->a, &first, e);
	if (r == 0 && !network_wants_attach(first))
		return err_set(e, ERR_CONFLICT, "container '%s' was made with --network %s, which cannot be combined with others", c->h.c.name, first->name);
	return r == -ENOENT ? 0 : r;
}

/* ---- documents ------------------------------------------------------------------------------------------------------------------------------ */

static int write_state(struct change *c, const struct container_state *s, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	int r = json_encode(&container_state_schema, s, JSON_INDENT_NONE, &b);

	if (r == 0)
		r = file_replace(c->h.live, FILE_STATE, b.p, b.n, 0600, 0);
	return r < 0 ? err_sys(e, r, "write '%s/" FILE_STATE "'", c->h.live_path) : 0;
}

static bool is_running(const void *ctx)
{
	const struct change *c = ctx;

	return c->running;
}

static int state_write(void *ctx, struct err *e)
{
	struct change *c = ctx;

	return write_state(c, &c->state, e);
}

static void state_write_back(void *ctx)
{
	struct change *c = ctx;
	struct err ignored = { 0 };  /* then cleanup frees what is free already */

	write_state(c, &c->was, &ignored);
}

static int asked_write(void *ctx, struct err *e)
{
	struct change *c = ctx;

	return networks_ask(&c->h, &c->asked, e);
}

static void asked_write_back(void *ctx)
{
	struct change *c = ctx;
	struct err ignored = { 0 };  /* then its next start is in the network, as was asked */

	networks_ask(&c->h, &c->was_asked, &ignored);
}

/* ---- hosts ---------------------------------------------------------------------------------------------------------------------------------- */

/* Lines of /etc/hosts for that address go, and with @come new ones come. The file is the container's own to change, and mounted: it is written in place. */
static int hosts_write(struct change *c, bool come, struct err *e)
{
	const char *ips[] = { c->address.ip, c->address.ip6 }, *host = c->h.c.hostname, *domain = c->h.c.request.domainname;
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct str rest;
	char *text;
	int r = file_read(c->h.live, "hosts", LIMIT_DOCUMENT, c->a, &text, NULL);

	if (r < 0)
		return r == -ENOENT ? 0 : err_sys(e, r, "read '%s/hosts'", c->h.live_path);
	for (rest = str_of(text); rest.p && rest.n;) {
		struct str line = str_cut(rest, '\n', &rest), ip = { line.p, 0 };

		while (ip.n < line.n && !strchr(" \t", line.p[ip.n]))
			ip.n++;
		if (!(ips[0] && str_is(ip, ips[0])) && !(ips[1] && str_is(ip, ips[1])))
			buf_printf(&b, STR_FMT "\n", STR_ARG(line));
	}
	for (size_t i = 0; come && i < ARRAY_LEN(ips); i++) {
		if (ips[i] && domain && *domain)
			buf_printf(&b, "%s\t%s.%s %s\n", ips[i], host, domain, host);
		else if (ips[i])
			buf_printf(&b, "%s\t%s\n", ips[i], host);
	}
	r = buf_is_full(&b) ? -E2BIG : file_create(c->h.live, "hosts", b.p, b.n, 0644);
	return r < 0 ? err_sys(e, r, "write '%s/hosts'", c->h.live_path) : 0;
}

static int hosts_come(void *ctx, struct err *e)
{
	return hosts_write(ctx, true, e);
}

static void hosts_come_back(void *ctx)
{
	struct err ignored = { 0 };  /* a line that leads nowhere */

	hosts_write(ctx, false, &ignored);
}

static int hosts_go(void *ctx, struct err *e)
{
	return hosts_write(ctx, false, e);
}

/* ---- connect -------------------------------------------------------------------------------------------------------------------------------- */

static bool has_interface(const struct container_state *s, const char *name)
{
	for (size_t i = 0; i < s->n_addresses; i++) {
		const char *have = s->addresses[i].interface;

		if (streq(have ? have : "eth0", name))
			return true;
	}
	return false;
}

static bool has_default_route(const struct container_state *s)
{
	for (size_t i = 0; i < s->n_addresses; i++) {
		if (s->addresses[i].default_route)
			return true;
	}
	return false;
}

static int connect_reserve(void *ctx, struct err *e)
{
	struct change *c = ctx;
	const struct container_network *want = &c->asked.list[c->asked.n_list - 1];
	const char *prefix = c->config->interface_prefix ? c->config->interface_prefix : "eth";
	struct network_request q = {
		.container = c->h.id, .name = c->h.c.name, .aliases = want->aliases, .hostname = c->h.c.request.hostname, .ip = want->ip, .ip6 = want->ip6,
		.mac = want->mac, .interface = want->interface, .default_route = network_leads_outside(c->config) && !has_default_route(&c->was),
	};
	struct err why;              /* what it is about is said by the second try */
	int r;

	while (has_interface(&c->was, arena_printf(c->a, "%s%u", prefix, q.index)))
		q.index++;
	r = network_reserve(c->n, c->config, &q, c->a, &c->address, e);
	if (r < 0 && (e->kind == ERR_EXISTS || e->kind == ERR_EXHAUSTED) && network_heal(c->n, store_is_alive, c->h.en, &why) > 0)
		r = network_reserve(c->n, c->config, &q, c->a, &c->address, e);
	if (r < 0)
		return r;
	c->state = c->was;
	c->state.addresses = arena_array(c->a, struct container_address, c->was.n_addresses + 1);
	if (c->was.n_addresses)
		memcpy(c->state.addresses, c->was.addresses, c->was.n_addresses * sizeof *c->was.addresses);
	c->state.addresses[c->state.n_addresses++] = c->address;
	return 0;
}

static void give_back(void *ctx)
{
	struct change *c = ctx;
	struct err ignored = { 0 };  /* `system check` finds what stays */

	network_detach(c->n, c->h.id, &c->address, &ignored);
}

static int connect_attach(void *ctx, struct err *e)
{
	struct change *c = ctx;
	struct network_resolver resolver = { c->h.c.request.dns, c->h.c.request.dns_search };

	return network_attach(c->n, c->config, c->h.id, &c->address, &resolver, c->netns, e);
}

static void connect_detach(void *ctx)
{
	struct change *c = ctx;
	struct err ignored = { 0 };  /* the link goes with its namespace at the latest */

	network_unplug(&c->address, c->netns, &ignored);
}

/* clang-format off */
static const struct step connect_steps[] = {
	{ "connect.reserve", is_running, connect_reserve, give_back },
	{ "connect.state",   is_running, state_write,     state_write_back },
	{ "connect.attach",  is_running, connect_attach,  connect_detach },
	{ "connect.hosts",   is_running, hosts_come,      hosts_come_back },
	{ "connect.keep",    NULL,       asked_write,     asked_write_back },
};
/* clang-format on */

int network_connect(struct engine *en, const char *network, const char *container, const struct container_network *want, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_change struct change c = CHANGE_NONE;
	int r = change_begin(en, network, container, &a, &c, e);

	if (r == 0)
		r = check_kind(&c, e);
	if (r < 0)
		return r;
	if (asked_index(&c) < c.was_asked.n_list)
		return err_set(e, ERR_EXISTS, "container '%s' is in network '%s' already", c.h.c.name, c.config->name);
	if (want->aliases.n && !network_has_dns(c.config))
		return err_set(e, ERR_INVALID, "network '%s' has no name service, so no aliases", c.config->name);
	c.asked.list = arena_array(&a, struct container_network, c.was_asked.n_list + 1);
	if (c.was_asked.n_list)
		memcpy(c.asked.list, c.was_asked.list, c.was_asked.n_list * sizeof *c.asked.list);
	c.asked.n_list = c.was_asked.n_list + 1;
	c.asked.list[c.asked.n_list - 1] = *want;
	c.asked.list[c.asked.n_list - 1].name = c.config->name;
	r = steps_run(connect_steps, ARRAY_LEN(connect_steps), &c, e);
	if (r == 0 && c.running)
		network_event(en, &c.address, "connect", c.h.id);
	return r;
}

/* ---- disconnect ----------------------------------------------------------------------------------------------------------------------------- */

static bool is_attached(const void *ctx)
{
	const struct change *c = ctx;

	return c->running && c->address.network;
}

static int disconnect_unplug(void *ctx, struct err *e)
{
	struct change *c = ctx;

	return network_unplug(&c->address, c->netns, e);
}

static int disconnect_detach(void *ctx, struct err *e)
{
	struct change *c = ctx;

	return network_detach(c->n, c->h.id, &c->address, e);
}

static bool led_outside(const void *ctx)
{
	const struct change *c = ctx;

	return is_attached(ctx) && c->address.default_route;
}

/* The next network that leads outside takes over, if there is one. */
static int disconnect_reroute(void *ctx, struct err *e)
{
	struct change *c = ctx;

	for (size_t i = 0; i < c->state.n_addresses; i++) {
		struct container_address *next = &c->state.addresses[i];
		const struct network_config *config;
		int r = network_find(c->n, next->network, c->a, &config, e);

		if (r == -ENOENT || (r == 0 && !network_leads_outside(config)))
			continue;
		if (r == 0)
			r = network_route(config, next, c->netns, e);
		next->default_route = r == 0;
		return r;
	}
	return 0;
}

/* What the container still has is written down last: until then whoever finds it half done gives the address back (again). */
/* clang-format off */
static const struct step disconnect_steps[] = {
	{ "disconnect.keep",    NULL,        asked_write,        asked_write_back },
	{ "disconnect.unplug",  is_attached, disconnect_unplug,  NULL },
	{ "disconnect.detach",  is_attached, disconnect_detach,  NULL },
	{ "disconnect.reroute", led_outside, disconnect_reroute, NULL },
	{ "disconnect.hosts",   is_attached, hosts_go,           NULL },
	{ "disconnect.state",   is_attached, state_write,        NULL },
};
/* clang-format on */

/* The state without the address that goes. */
static void state_without(struct change *c)
{
	c->state = c->was;
	c->state.addresses = arena_array(c->a, struct container_address, c->was.n_addresses);
	c->state.n_addresses = 0;
	for (size_t i = 0; i < c->was.n_addresses; i++) {
		if (streq(c->was.addresses[i].network, c->config->name))
			c->address = c->was.addresses[i];
		else
			c->state.addresses[c->state.n_addresses++] = c->was.addresses[i];
	}
}

int network_disconnect(struct engine *en, const char *network, const char *container, bool force, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_change struct change c = CHANGE_NONE;
	int r = change_begin(en, network, container, &a, &c, e);
	size_t at;

	if (r == 0)
		r = check_kind(&c, e);
	if (r < 0)
		return r;
	at = asked_index(&c);
	state_without(&c);
	if (at == c.was_asked.n_list && !c.address.network)
		return force ? 0 : err_set(e, ERR_NOT_FOUND, "container '%s' is not in network '%s'", c.h.c.name, c.config->name);
	c.asked.list = arena_array(&a, struct container_network, c.was_asked.n_list);
	for (size_t i = 0; i < c.was_asked.n_list; i++) {
		if (i != at)
			c.asked.list[c.asked.n_list++] = c.was_asked.list[i];
	}
	r = steps_run(disconnect_steps, ARRAY_LEN(disconnect_steps), &c, e);
	if (r == 0 && is_attached(&c))
		network_event(en, &c.address, "disconnect", c.h.id);
	return r;
}

/* ---- reload --------------------------------------------------------------------------------------------------------------------------------- */

int network_reload(struct engine *en, struct err *e)
{
	struct network *n;
	int r = engine_network(en, &n, e);

	return r < 0 ? r : network_heal(n, store_is_alive, en, e);
}
