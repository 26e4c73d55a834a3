/* SPDX-License-Identifier: Apache-2.0 */
/* `tare network create|rm|prune|exists|connect|disconnect|update|reload`: networks, and who is in them. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/vec.h"
#include "cli/prune.h"
#include "engine/network_commands.h"
#include "network/addr.h"

/* ---- create ---- */

struct create_options {
	const char *driver, *ipam_driver, *interface, *scope;
	bool internal, attachable, disable_dns, ignore, ipv6;
	struct opt_flag ipv4;
	struct strs subnets, gateways, ranges, dns;
	struct pairs aux, labels, options;
};

#define CLUSTER "networks of a cluster are swarm's, which there is none of here"

static const struct opt create_opts[] = {
	OPT(struct create_options, driver, "driver", 'd', STR, "DRIVER", "bridge (default), macvlan or ipvlan"),
	OPT(struct create_options, subnets, "subnet", 0, STRS, "NET/BITS", "Subnet; one of each family"),
	OPT(struct create_options, gateways, "gateway", 0, STRS, "ADDRESS", "Gateway of the subnet of its family (default: its first address)"),
	OPT(struct create_options, ranges, "ip-range", 0, STRS, "RANGE", "Part of the subnet to choose addresses from: NET/BITS or FIRST-LAST"),
	OPT(struct create_options, aux, "aux-address", 0, PAIRS, "NAME=ADDRESS", "Address that no container is given"),
	OPT(struct create_options, ipv6, "ipv6", 0, FLAG, NULL, "Also IPv6 (without an IPv6 subnet a private one is chosen)"),
	OPT(struct create_options, ipv4, "ipv4", 0, OPT_FLAG, NULL, "IPv4 (always)"),
	OPT(struct create_options, internal, "internal", 0, FLAG, NULL, "No way out, no published ports"),
	OPT(struct create_options, options, "opt", 'o', PAIRS, "KEY=VALUE", "mtu, parent, mode, com.docker.network.bridge.name, enable_icc, …"),
	OPT(struct create_options, labels, "label", 0, PAIRS, "KEY=VALUE", "Label"),
	OPT(struct create_options, disable_dns, "disable-dns", 0, FLAG, NULL, "Containers do not find each other by name"),
	OPT(struct create_options, dns, "dns", 0, STRS, "ADDRESS", "Name server for the outside (default: the host's)"),
	OPT(struct create_options, interface, "interface-name", 0, STR, "NAME", "The bridge's link on the host, or the parent of macvlan and ipvlan"),
	OPT(struct create_options, ipam_driver, "ipam-driver", 0, STR, "DRIVER", "default or host-local, which are the same"),
	OPT(struct create_options, attachable, "attachable", 0, FLAG, NULL, "Containers may be connected (they always may)"),
	OPT(struct create_options, scope, "scope", 0, STR, "SCOPE", "local, the only one"),
	OPT(struct create_options, ignore, "ignore", 0, FLAG, NULL, "One that is there is no error"),
	OPT_UNSUPPORTED("ipam-opt", 0, "KEY=VALUE"),
	OPT_UNSUPPORTED("route", 0, "DESTINATION,GATEWAY"),
	OPT_REFUSED("config-from", 0, "NETWORK", CLUSTER),
	OPT_REFUSED("config-only", 0, NULL, CLUSTER),
	OPT_REFUSED("ingress", 0, NULL, CLUSTER),
	OPT_END,
};

/* The member of a pair (IPv4, IPv6) that @text belongs to by its family. */
static int put_by_family(const char *what, const char *text, const char **four, const char **six, struct err *e)
{
	const char **to = strchr(text, ':') ? six : four;

	if (*to && **to)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: a second %s of the same family ('%s' and '%s')", what, *to, text);
	*to = text;
	return 0;
}

static int put_all(const char *what, const struct strs *texts, struct arena *a, const char **four, const char **six, struct err *e)
{
	int r = 0;

	/* Several may stand in one word, separated by commas, as docker and podman take them. */
	for (size_t i = 0; r == 0 && i < texts->n; i++) {
		struct str rest = str_of(texts->v[i]);

		while (r == 0 && rest.p) {
			struct str one = str_cut(rest, ',', &rest);

			r = put_by_family(what, arena_strndup(a, one.p, one.n), four, six, e);
		}
	}
	return r;
}

static int check_words(const struct create_options *o, struct err *e)
{
	if (o->ipv4.set && !o->ipv4.v)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: --ipv4=false: a network without IPv4 is not built yet");
	if (o->ipam_driver && !streq(o->ipam_driver, "default") && !streq(o->ipam_driver, "host-local"))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: --ipam-driver %s: addresses come from the subnet", o->ipam_driver);
	if (o->scope && !streq(o->scope, "local"))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: --scope %s: " CLUSTER, o->scope);
	for (size_t i = 0; i < o->dns.n; i++) {
		struct addr x;

		if (addr_parse(o->dns.v[i], &x) < 0 || x.prefix != addr_bits(&x))
			return err_set(e, ERR_INVALID, "invalid nameserver '%s': an IP address is needed", o->dns.v[i]);
	}
	return 0;
}

static int want_of(const struct create_options *o, struct arena *a, struct network_config *c, struct err *e)
{
	int r = check_words(o, e);

	c->driver = o->driver ? o->driver : "bridge";
	c->internal = o->internal;
	c->no_dns = o->disable_dns;
	c->dns = o->dns;
	c->labels = o->labels;
	c->options = o->options;
	c->aux = o->aux;
	if (o->ipv6)
		c->subnet6 = "";
	if (o->interface)
		*(streq(c->driver, "bridge") ? &c->bridge : &c->parent) = o->interface;
	if (r == 0)
		r = put_all("subnet", &o->subnets, a, &c->subnet, &c->subnet6, e);
	if (r == 0)
		r = put_all("gateway", &o->gateways, a, &c->gateway, &c->gateway6, e);
	if (r == 0)
		r = put_all("range", &o->ranges, a, &c->range, &c->range6, e);
	for (size_t i = 0; r == 0 && i < o->options.n; i++)
		r = network_option(c, o->options.v[i].key, o->options.v[i].value, e);
	return r;
}

/* podman's habit: a network without a name is called after the first number that is free. */
static const char *free_name(struct network *n, struct arena *a)
{
	const struct network_config *c;
	struct err ignored;          /* not found is what we look for */
	const char *name;
	unsigned i = 1;

	do
		name = arena_printf(a, "net%u", i++);
	while (network_find(n, name, a, &c, &ignored) == 0);
	return name;
}

static int create_run(struct cli *c, const void *options, struct err *e)
{
	const struct create_options *o = options;
	struct network_config want = { 0 };
	const struct network_config *made;
	struct network *n;
	struct engine *en;
	int r = want_of(o, c->a, &want, e);

	if (r == 0)
		r = cli_engine(c, &en, e);
	if (r == 0)
		r = engine_networks(en, &n, e);
	if (r < 0)
		return r;
	want.name = c->args.n ? c->args.v[0] : free_name(n, c->a);
	r = network_make(en, &want, c->a, &made, e);
	if (r < 0 && e->kind == ERR_EXISTS && o->ignore)
		r = network_find(n, want.name, c->a, &made, e);
	if (r == 0)
		puts(made->id);
	return r;
}

const struct command network_create_command = {
	.names = { "network create" },
	.group = "Networks",
	.summary = "Make a network",
	.args = "[NAME]",
	.max_args = 1,
	.opts = { create_opts },
	.options_size = sizeof(struct create_options),
	.run = create_run,
};

/* ---- rm ---- */

struct rm_options {
	bool force;
};

static const struct opt rm_opts[] = {
	OPT(struct rm_options, force, "force", 'f', FLAG, NULL, "One that is not there is no error"),
	OPT_REFUSED("time", 't', "SECONDS", "no container is stopped or removed: do that first"),
	OPT_END,
};

static int rm_run(struct cli *c, const void *options, struct err *e)
{
	const struct rm_options *o = options;
	struct engine *en;
	int code = 0, r = cli_engine(c, &en, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->args.n; i++) {
		r = network_delete(en, c->args.v[i], e);
		if (r < 0 && !(e->kind == ERR_NOT_FOUND && o->force)) {
			cli_report(e);
			code = 1;
		} else if (r == 0) {
			puts(c->args.v[i]);
		}
	}
	return code;
}

const struct command network_rm_command = {
	.names = { "network rm", "network remove" },
	.group = "Networks",
	.summary = "Remove networks that no running container is in",
	.args = "NETWORK [NETWORK...]",
	.min_args = 1,
	.max_args = -1,
	.opts = { rm_opts },
	.options_size = sizeof(struct rm_options),
	.run = rm_run,
};

/* ---- prune ---- */

struct prune_options {
	bool force;
	struct strs filters;
};

static const struct opt prune_opts[] = {
	OPT(struct prune_options, force, "force", 'f', FLAG, NULL, "Do not ask"),
	OPT(struct prune_options, filters, "filter", 0, FILTERS, "FILTER", "Only those: until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE]"),
	OPT_END,
};

static int prune_run(struct cli *c, const void *options, struct err *e)
{
	const struct prune_options *o = options;
	struct prune_list list = { "Deleted Networks:", 0 };
	struct prune_filter f;
	struct engine *en;
	int r = prune_filter_parse(&o->filters, c->a, &f, e);

	if (r < 0)
		return r;
	if (!o->force && !prune_agreed("  - all networks that no container has"))
		return 0;
	r = cli_engine(c, &en, e);
	if (r == 0)
		r = network_prune(en, &f, prune_print, &list, e);
	prune_list_end(&list);
	return r;
}

const struct command network_prune_command = {
	.names = { "network prune" },
	.group = "Networks",
	.summary = "Remove every network that no container has",
	.opts = { prune_opts },
	.options_size = sizeof(struct prune_options),
	.run = prune_run,
};

/* ---- exists ---- */

static int exists_run(struct cli *c, const void *options, struct err *e)
{
	const struct network_config *config;
	struct network *n;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = engine_networks(en, &n, e);
	if (r == 0)
		r = network_find(n, c->args.v[0], c->a, &config, e);
	return r == -ENOENT ? 1 : r;
}

const struct command network_exists_command = {
	.names = { "network exists" },
	.group = "Networks",
	.summary = "Exit with 0 if there is such a network, with 1 if not",
	.args = "NETWORK",
	.min_args = 1,
	.max_args = 1,
	.run = exists_run,
};

/* ---- connect, disconnect ---- */

struct connect_options {
	struct strs aliases;
	struct container_network want;
	struct strs driver_options;
};

static const struct opt connect_opts[] = {
	OPT(struct connect_options, aliases, "alias", 0, STRS, "NAME", "Further name in this network"),
	OPT(struct connect_options, want.ip, "ip", 0, STR, "ADDRESS", "IPv4 address"),
	OPT(struct connect_options, want.ip6, "ip6", 0, STR, "ADDRESS", "IPv6 address"),
	OPT(struct connect_options, want.mac, "mac-address", 0, STR, "MAC", "MAC address"),
	OPT(struct connect_options, want.priority, "gw-priority", 0, INT, "N", "At its next start the network with the highest has the default route"),
	OPT(struct connect_options, driver_options, "driver-opt", 0, STRS, "KEY=VALUE", "com.docker.network.endpoint.ifname=NAME: its link inside"),
	OPT_REFUSED("link", 0, "CONTAINER", "containers of one network find each other by name"),
	OPT_REFUSED("link-local-ip", 0, "ADDRESS", "addresses come from the subnet of the network"),
	OPT_END,
};

static int connect_run(struct cli *c, const void *options, struct err *e)
{
	const struct connect_options *o = options;
	struct container_network want = o->want;
	struct engine *en;
	int r = network_want_finish(&want, &o->aliases, &o->driver_options, c->a, e);

	if (r == 0)
		r = cli_engine(c, &en, e);
	return r == 0 ? network_connect(en, c->args.v[0], c->args.v[1], &want, e) : r;
}

const struct command network_connect_command = {
	.names = { "network connect" },
	.group = "Networks",
	.summary = "Put a container into a network, now and at every start",
	.args = "NETWORK CONTAINER",
	.min_args = 2,
	.max_args = 2,
	.opts = { connect_opts },
	.options_size = sizeof(struct connect_options),
	.run = connect_run,
};

static const struct opt disconnect_opts[] = {
	OPT(struct rm_options, force, "force", 'f', FLAG, NULL, "One that is not in it is no error"),
	OPT_END,
};

static int disconnect_run(struct cli *c, const void *options, struct err *e)
{
	const struct rm_options *o = options;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	return r == 0 ? network_disconnect(en, c->args.v[0], c->args.v[1], o->force, e) : r;
}

const struct command network_disconnect_command = {
	.names = { "network disconnect" },
	.group = "Networks",
	.summary = "Take a container out of a network, now and for every start",
	.args = "NETWORK CONTAINER",
	.min_args = 2,
	.max_args = 2,
	.opts = { disconnect_opts },
	.options_size = sizeof(struct rm_options),
	.run = disconnect_run,
};

/* ---- update ---- */

struct update_options {
	struct strs add, drop;
	const char *publish;
};

static const struct opt update_opts[] = {
	OPT(struct update_options, add, "dns-add", 0, STRS, "ADDRESS", "Further name server for the outside"),
	OPT(struct update_options, drop, "dns-drop", 0, STRS, "ADDRESS", "Name server that is no longer asked"),
	OPT(struct update_options, publish, "publish-address", 0, STR, "ADDRESS", "Where ports are published from now on that name no address; any: everywhere"),
	OPT_END,
};

/* Several in one word, separated by commas, as podman takes them. */
static int split_servers(const struct strs *words, struct arena *a, struct strs *ret, struct err *e)
{
	for (size_t i = 0; i < words->n; i++) {
		struct str rest = str_of(words->v[i]);

		while (rest.p) {
			struct str one = str_cut(rest, ',', &rest);
			const char *text = arena_strndup(a, one.p, one.n);
			struct addr x;

			if (addr_parse(text, &x) < 0 || x.prefix != addr_bits(&x))
				return err_set(e, ERR_INVALID, "invalid nameserver '%s': an IP address is needed", text);
			strs_push(a, ret, text);
		}
	}
	return 0;
}

static int update_run(struct cli *c, const void *options, struct err *e)
{
	const struct update_options *o = options;
	struct strs add = { 0 }, drop = { 0 };
	struct network *n;
	struct engine *en;
	int r = split_servers(&o->add, c->a, &add, e);

	if (r == 0)
		r = split_servers(&o->drop, c->a, &drop, e);
	if (r == 0 && add.n + drop.n == 0 && !o->publish)
		r = err_set(e, ERR_INVALID, "nothing to change: --dns-add, --dns-drop or --publish-address is needed");
	if (r == 0)
		r = cli_engine(c, &en, e);
	if (r == 0)
		r = engine_networks(en, &n, e);
	if (r == 0 && add.n + drop.n > 0)
		r = network_update_dns(n, c->args.v[0], &drop, &add, e);
	if (r == 0 && o->publish)
		r = network_update_publish(n, c->args.v[0], streq(o->publish, "any") ? NULL : o->publish, e);
	return r;
}

const struct command network_update_command = {
	.names = { "network update" },
	.group = "Networks",
	.summary = "Change the name servers of a network, also for its containers, or where it publishes ports",
	.args = "NETWORK",
	.min_args = 1,
	.max_args = 1,
	.opts = { update_opts },
	.options_size = sizeof(struct update_options),
	.run = update_run,
};

/* ---- reload ---- */

struct reload_options {
	bool all, latest;
};

static const struct opt reload_opts[] = {
	OPT(struct reload_options, all, "all", 'a', FLAG, NULL, "Every container (which is what happens in any case)"),
	OPT_REFUSED("latest", 'l', NULL, "the rules of all containers are one table: use 'tare network reload --all'"),
	OPT_END,
};

static int reload_run(struct cli *c, const void *options, struct err *e)
{
	struct engine *en;
	int r = cli_engine(c, &en, e);

	for (size_t i = 0; r == 0 && i < c->args.n; i++) {
		const char *id;

		r = container_find(en, c->args.v[i], c->a, &id, e);
		if (r == 0)
			puts(id);
	}
	if (r == 0)
		r = network_reload(en, e);
	return r < 0 ? r : 0;
}

const struct command network_reload_command = {
	.names = { "network reload" },
	.group = "Networks",
	.summary = "Put firewall rules back that somebody took away",
	.args = "[CONTAINER...]",
	.max_args = -1,
	.opts = { reload_opts },
	.options_size = sizeof(struct reload_options),
	.run = reload_run,
};
