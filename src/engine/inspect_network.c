/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/inspect_network.h"

#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "engine/networks.h"

/* clang-format off */
static const struct field ipam_fields[] = {
	FIELD(struct doc_endpoint_ipam, ip,  "IPv4Address", STR, FIELD_OMIT_EMPTY),
	FIELD(struct doc_endpoint_ipam, ip6, "IPv6Address", STR, FIELD_OMIT_EMPTY),
};
static const struct schema ipam_schema = SCHEMA("IPAMConfig", struct doc_endpoint_ipam, ipam_fields);

static const struct field network_fields[] = {
	FIELD_PTR(struct doc_network, ipam, "IPAMConfig", &ipam_schema, FIELD_NULL_EMPTY),
	FIELD(struct doc_network, links,       "Links",               STRS,  FIELD_NULL_EMPTY),
	FIELD(struct doc_network, aliases,     "Aliases",             STRS,  FIELD_NULL_EMPTY),
	FIELD(struct doc_network, mac,         "MacAddress",          STR,   0),
	FIELD(struct doc_network, driver_options, "DriverOpts",       PAIRS, 0),
	FIELD(struct doc_network, priority,    "GwPriority",          I32,   0),
	FIELD(struct doc_network, network_id,  "NetworkID",           STR,   0),
	FIELD(struct doc_network, endpoint_id, "EndpointID",          STR,   0),
	FIELD(struct doc_network, gateway,     "Gateway",             STR,   0),
	FIELD(struct doc_network, ip,          "IPAddress",           STR,   0),
	FIELD(struct doc_network, prefix,      "IPPrefixLen",         U32,   0),
	FIELD(struct doc_network, gateway6,    "IPv6Gateway",         STR,   0),
	FIELD(struct doc_network, ip6,         "GlobalIPv6Address",   STR,   0),
	FIELD(struct doc_network, prefix6,     "GlobalIPv6PrefixLen", U32,   0),
	FIELD(struct doc_network, names,       "DNSNames",            STRS,  FIELD_NULL_EMPTY),
};
static const struct schema network_schema = SCHEMA("network", struct doc_network, network_fields);

static const struct field networks_fields[] = {
	FIELD(struct doc_networks, bridge,      "Bridge",              STR, 0),
	FIELD(struct doc_networks, sandbox_id,  "SandboxID",           STR, 0),
	FIELD(struct doc_networks, sandbox_key, "SandboxKey",          STR, 0),
	FIELD(struct doc_networks, ports,       "Ports",               RAW, 0),
	FIELD(struct doc_networks, endpoint_id, "EndpointID",          STR, 0),
	FIELD(struct doc_networks, gateway,     "Gateway",             STR, 0),
	FIELD(struct doc_networks, ip6,         "GlobalIPv6Address",   STR, 0),
	FIELD(struct doc_networks, prefix6,     "GlobalIPv6PrefixLen", U32, 0),
	FIELD(struct doc_networks, ip,          "IPAddress",           STR, 0),
	FIELD(struct doc_networks, prefix,      "IPPrefixLen",         U32, 0),
	FIELD(struct doc_networks, gateway6,    "IPv6Gateway",         STR, 0),
	FIELD(struct doc_networks, mac,         "MacAddress",          STR, 0),
	FIELD_DICT(struct doc_networks, networks, "Networks", &network_schema, 0),
};
const struct schema inspect_networks_schema = SCHEMA("NetworkSettings", struct doc_networks, networks_fields);
/* clang-format on */

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* ---- ports ---------------------------------------------------------------------------------------------------------------------------------- */

static void add_binding(const struct container_port *p, const char *any_ip, const char *sep, struct buf *b)
{
	buf_printf(b, "%s{\"HostIp\":\"%s\",\"HostPort\":\"", sep, p->host_ip ? p->host_ip : any_ip);
	if (p->host_port)
		buf_printf(b, "%u", p->host_port);
	if (p->host_port_last)
		buf_printf(b, "-%u", p->host_port_last);
	buf_add_str(b, "\"}");
}

struct str inspect_ports(const struct container_port *ports, size_t n, const struct strs *exposed, const char *any_ip, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct strs done = { 0 };

	buf_add_char(&b, '{');
	for (size_t i = 0; i < n; i++) {
		const char *key = arena_printf(a, "%u/%s", ports[i].port, ports[i].protocol), *sep = "";

		if (strs_has(&done, key))
			continue;
		buf_printf(&b, "%s\"%s\":[", done.n ? "," : "", key);
		for (size_t k = i; k < n; k++) {
			if (ports[k].port != ports[i].port || !streq(ports[k].protocol, ports[i].protocol))
				continue;
			add_binding(&ports[k], any_ip, sep, &b);
			sep = ",";
		}
		buf_add_char(&b, ']');
		strs_push(a, &done, key);
	}
	for (size_t i = 0; exposed && i < exposed->n; i++) {
		if (strs_has(&done, exposed->v[i]))
			continue;
		buf_add_str(&b, done.n ? "," : "");
		json_encode_string(str_of(exposed->v[i]), &b);
		buf_add_str(&b, ":null");
		strs_push(a, &done, exposed->v[i]);
	}
	buf_add_char(&b, '}');
	return (struct str){ arena_strdup(a, buf_text(&b)), b.n };
}

/* ---- networks ------------------------------------------------------------------------------------------------------------------------------- */

/* What was asked of that network. */
static const struct container_network *asked_of(const struct container_networks *asked, const char *network)
{
	for (size_t i = 0; i < asked->n_list; i++) {
		if (streq(asked->list[i].name, network))
			return &asked->list[i];
	}
	return NULL;
}

static void fill_asked(const struct container_network *want, struct arena *a, struct doc_network *d)
{
	if (!want)
		return;
	d->priority = want->priority;
	d->aliases = want->aliases;
	if (want->ip || want->ip6) {
		struct doc_endpoint_ipam *ipam = arena_new(a, struct doc_endpoint_ipam);

		*ipam = (struct doc_endpoint_ipam){ want->ip, want->ip6 };
		d->ipam = ipam;
	}
	if (want->interface)
		pairs_set(a, &d->driver_options, "com.docker.network.endpoint.ifname", want->interface);
}

static void fill_id(struct network *n, const char *container, bool live, struct arena *a, struct doc_network *d)
{
	const struct network_config *c;
	struct err ignored;          /* a network that is gone has no id */

	if (n && network_find(n, d->key, a, &c, &ignored) == 0) {
		d->key = c->name;
		d->network_id = c->id;
		d->endpoint_id = live ? network_endpoint_id(container, c->id, a) : "";
	}
}

static struct doc_network empty_network(const char *name)
{
	return (struct doc_network){ .key = name, .mac = "", .network_id = "", .endpoint_id = "", .gateway = "", .ip = "", .gateway6 = "", .ip6 = "" };
}

/* One that runs: what it has. */
static void add_address(struct doc_networks *n, const struct container_address *x, struct arena *a)
{
	struct doc_network *d = &n->networks[n->n_networks++];

	*d = empty_network(x->network);
	d->mac = or_empty(x->mac);
	d->gateway = or_empty(x->gateway);
	d->ip = or_empty(x->ip);
	d->prefix = x->prefix;
	d->gateway6 = or_empty(x->gateway6);
	d->ip6 = or_empty(x->ip6);
	d->prefix6 = x->prefix6;
	d->names = x->names;
}

/* The first network's members stand at the top too, where scripts of the days before networks look for them. */
static void fill_top(struct doc_networks *n)
{
	const struct doc_network *d = n->networks;

	if (n->n_networks == 0)
		return;
	n->endpoint_id = d->endpoint_id;
	n->gateway = d->gateway;
	n->ip = d->ip;
	n->prefix = d->prefix;
	n->gateway6 = d->gateway6;
	n->ip6 = d->ip6;
	n->prefix6 = d->prefix6;
	n->mac = d->mac;
}

static struct str published(const struct container_info *i, struct arena *a)
{
	const struct container_state *s = i->state;

	for (size_t k = 0; s && k < s->n_addresses; k++) {
		if (s->addresses[k].n_ports)
			return inspect_ports(s->addresses[k].ports, s->addresses[k].n_ports, &i->c->exposed, "0.0.0.0", a);
	}
	return inspect_ports(NULL, 0, s && s->n_addresses ? &i->c->exposed : NULL, "", a);
}

struct doc_networks inspect_networks(struct engine *en, const struct container_info *i, struct arena *a)
{
	struct doc_networks n = { .bridge = "", .sandbox_id = "", .sandbox_key = "", .ports = published(i, a), .endpoint_id = "", .gateway = "", .ip6 = "",
		.ip = "", .gateway6 = "", .mac = "" };
	struct container_networks asked = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	struct network *network = NULL;
	struct err ignored;          /* what cannot be found out is left empty */
	size_t n_live = i->state ? i->state->n_addresses : 0;

	if (engine_network(en, &network, &ignored) < 0)
		network = NULL;
	if (store_open(en, i->c->id, a, &h, &ignored) == 0 && networks_asked(&h, a, &asked, &ignored) < 0)
		asked.n_list = 0;
	n.networks = arena_array(a, struct doc_network, n_live + asked.n_list);
	for (size_t k = 0; k < n_live; k++)
		add_address(&n, &i->state->addresses[k], a);
	for (size_t k = 0; !i->state && k < asked.n_list; k++)
		n.networks[n.n_networks++] = empty_network(asked.list[k].name);
	if (i->pid)
		n.sandbox_key = arena_printf(a, "/proc/%d/ns/net", i->pid);
	for (size_t k = 0; k < n.n_networks; k++) {
		fill_asked(asked_of(&asked, n.networks[k].key), a, &n.networks[k]);
		fill_id(network, i->c->id, n_live > 0, a, &n.networks[k]);
	}
	/* In the host's network, or in none: a running container is in that too. */
	if (i->state && n_live == 0 && asked.n_list == 1) {
		n.networks[0] = empty_network(asked.list[0].name);
		n.n_networks = 1;
		fill_id(network, i->c->id, true, a, &n.networks[0]);
	}
	fill_top(&n);
	return n;
}
