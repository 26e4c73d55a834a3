/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_network: the grammar of --network and of the flags around it, docker's and podman's.
 */
#include "engine/request.h"

#include <net/if.h>
#include <string.h>

#include "base/limits.h"
#include "base/parse.h"
#include "engine/network_commands.h"
#include "engine/request_list.h"
#include "network/addr.h"

/* ---- values ----------------------------------------------------------------------------------------------------------------------------- */

static int address_check(const char *value, uint8_t family, struct err *e)
{
	struct addr x;

	if (addr_parse(value, &x) < 0 || x.prefix != addr_bits(&x) || x.family != family)
		return err_set(e, ERR_INVALID, "'%s' is no %s address", value, family == AF_INET ? "IPv4" : "IPv6");
	return 0;
}

static int mac_check(const char *value, struct err *e)
{
	uint8_t mac[MAC_SIZE];

	return mac_parse(value, mac) < 0 ? err_set(e, ERR_INVALID, "'%s' is no MAC address (like 92:d0:c6:0a:29:33)", value) : 0;
}

/* Names go into a name server and into files of one word per name. */
static int alias_check(const char *value, struct err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	if (!*value || value[0] == '.' || value[strspn(value, letters)] || strlen(value) > LIMIT_HOST_NAME)
		return err_set(e, ERR_INVALID, "'%s' is no name of a host", value);
	return 0;
}

/* ---- keys of one network ---------------------------------------------------------------------------------------------------------------- */

typedef int (*network_key_fn)(struct container_network *n, const char *value, struct arena *a, struct err *e);

static int key_name(struct container_network *n, const char *value, struct arena *a, struct err *e)
{
	n->name = value;
	return *value ? 0 : err_set(e, ERR_INVALID, "the name is empty");
}

static int key_alias(struct container_network *n, const char *value, struct arena *a, struct err *e)
{
	strs_push(a, &n->aliases, value);
	return alias_check(value, e);
}

static int key_ip(struct container_network *n, const char *value, struct arena *a, struct err *e)
{
	if (strchr(value, ':')) {
		n->ip6 = value;
		return address_check(value, AF_INET6, e);
	}
	n->ip = value;
	return address_check(value, AF_INET, e);
}

static int key_ip6(struct container_network *n, const char *value, struct arena *a, struct err *e)
{
	n->ip6 = value;
	return address_check(value, AF_INET6, e);
}

static int key_mac(struct container_network *n, const char *value, struct arena *a, struct err *e)
{
	n->mac = value;
	return mac_check(value, e);
}

static int key_interface(struct container_network *n, const char *value, struct arena *a, struct err *e)
{
	n->interface = value;
	if (!*value || strlen(value) >= IFNAMSIZ || value[strcspn(value, "/: \t\n")])
		return err_set(e, ERR_INVALID, "'%s' is no name for an interface", value);
	return 0;
}

static int key_priority(struct container_network *n, const char *value, struct arena *a, struct err *e)
{
	return parse_i32(value, &n->priority) < 0 ? err_set(e, ERR_INVALID, "'%s' is no number", value) : 0;
}

/* docker's options of an endpoint. */
static int key_driver_opt(struct container_network *n, const char *value, struct arena *a, struct err *e)
{
	const char *name = str_after(value, "com.docker.network.endpoint.ifname=");

	if (name)
		return key_interface(n, name, a, e);
	return err_set(e, ERR_UNSUPPORTED, "unsupported: driver option '%s'", value);
}

static int key_refused(struct container_network *n, const char *value, struct arena *a, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "unsupported");
}

/* clang-format off */
static const struct {
	const char *key;
	network_key_fn set;
} network_keys[] = {
	{ "name",                key_name },
	{ "alias",               key_alias },
	{ "ip",                  key_ip },
	{ "ip6",                 key_ip6 },
	{ "mac",                 key_mac },
	{ "mac-address",         key_mac },
	{ "interface_name",      key_interface },
	{ "gw-priority",         key_priority },
	{ "driver-opt",          key_driver_opt },
	{ "link-local-ip",       key_refused },
	{ "host_interface_name", key_refused },
};
/* clang-format on */

static int network_key(struct container_network *n, const char *word, struct arena *a, struct err *e)
{
	struct str value, key = str_cut(str_of(word), '=', &value);

	if (!value.p)
		return err_set(e, ERR_INVALID, "'%s' is not KEY=VALUE", word);
	for (size_t i = 0; i < ARRAY_LEN(network_keys); i++) {
		if (str_is(key, network_keys[i].key))
			return network_keys[i].set(n, arena_strndup(a, value.p, value.n), a, e) < 0 ? err_wrap(e, "'%s'", word) : 0;
	}
	return err_set(e, ERR_INVALID, "unknown key '" STR_FMT "'", STR_ARG(key));
}

/* ---- the flag --------------------------------------------------------------------------------------------------------------------------- */

/* What stands for a mode or a network of ours under another name. */
static const char *plain_name(const char *name)
{
	return streq(name, "default") || streq(name, "private") ? "bridge" : name;
}

static int add_network(struct container_request *q, const struct container_network *n, struct arena *a, struct err *e)
{
	if (!n->name || !*n->name)
		return err_set(e, ERR_INVALID, "no network is named");
	if (q->n_networks >= LIMIT_NETWORKS)
		return err_set(e, ERR_INVALID, "more than %d networks", LIMIT_NETWORKS);
	*list_push(a, q->networks, q->n_networks) = *n;
	return 0;
}

/* KEY=VALUE words of one network. */
static int keyed_network(struct container_request *q, struct container_network n, struct str words, struct arena *a, struct err *e)
{
	while (words.p) {
		struct str word = str_cut(words, ',', &words);
		int r = word.n ? network_key(&n, arena_strndup(a, word.p, word.n), a, e) : 0;

		if (r < 0)
			return r;
	}
	return add_network(q, &n, a, e);
}

static int plain_networks(struct container_request *q, struct str names, struct arena *a, struct err *e)
{
	while (names.p) {
		struct str name = str_cut(names, ',', &names);
		struct container_network n = { .name = plain_name(arena_strndup(a, name.p, name.n)) };
		int r = add_network(q, &n, a, e);

		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_mode(const char *value)
{
	return str_after(value, "container:") || str_after(value, "ns:");
}

static bool is_unbuilt(const char *value)
{
	size_t n = strcspn(value, ":");

	return value[n] && ((n == 5 && strncmp(value, "pasta", n) == 0) || (n == 11 && strncmp(value, "slirp4netns", n) == 0));
}

static int take_network(struct container_request *q, const char *value, struct arena *a, struct err *e)
{
	const char *equals = strchr(value, '='), *colon = strchr(value, ':');
	struct container_network n = { 0 };

	if (is_unbuilt(value))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: options of a program that connects all containers of a user; use pasta, bridge, host or none");
	if (is_mode(value)) {
		if (!colon[1])
			return err_set(e, ERR_INVALID, "nothing stands behind the colon");
		q->network = value;
		return 0;
	}
	if (equals && (!colon || equals < colon))
		return keyed_network(q, n, str_of(value), a, e);
	if (!colon)
		return plain_networks(q, str_of(value), a, e);
	n.name = plain_name(arena_strndup(a, value, (size_t)(colon - value)));
	return keyed_network(q, n, str_of(colon + 1), a, e);
}

int request_network(struct container_request *q, const char *value, struct arena *a, struct err *e)
{
	return take_network(q, value, a, e) < 0 ? err_wrap(e, "network '%s'", value) : 0;
}

int network_want_finish(struct container_network *want, const struct strs *aliases, const struct strs *driver_options, struct arena *a, struct err *e)
{
	int r = want->ip ? address_check(want->ip, AF_INET, e) : 0;

	if (r == 0 && want->ip6)
		r = address_check(want->ip6, AF_INET6, e);
	if (r == 0 && want->mac)
		r = mac_check(want->mac, e);
	for (size_t i = 0; r == 0 && i < aliases->n; i++)
		r = key_alias(want, aliases->v[i], a, e);
	for (size_t i = 0; r == 0 && i < driver_options->n; i++)
		r = key_driver_opt(want, driver_options->v[i], a, e);
	return r;
}

int request_mac(struct container_request *q, const char *value, struct err *e)
{
	q->mac = value;
	return mac_check(value, e);
}

int request_alias(struct container_request *q, const char *value, struct arena *a, struct err *e)
{
	struct str rest = str_of(value);

	while (rest.p) {
		struct str word = str_cut(rest, ',', &rest);
		const char *alias = arena_strndup(a, word.p, word.n);

		if (alias_check(alias, e) < 0)
			return err_wrap(e, "network-alias");
		strs_push(a, &q->aliases, alias);
	}
	return 0;
}

int request_expose(struct container_request *q, const char *value, struct arena *a, struct err *e)
{
	struct str protocol, port = str_cut(str_of(value), '/', &protocol);
	const char *word = protocol.p ? arena_strndup(a, protocol.p, protocol.n) : "tcp";
	uint16_t first, last;

	if (parse_port_range(arena_strndup(a, port.p, port.n), &first, &last) < 0 || (!streq(word, "tcp") && !streq(word, "udp") && !streq(word, "sctp")))
		return err_set(e, ERR_INVALID, "invalid --expose '%s': it is PORT[-LAST][/tcp|udp|sctp]", value);
	if (last - first >= LIMIT_NETWORK_PORTS)
		return err_set(e, ERR_INVALID, "expose '%s': more than %d ports", value, LIMIT_NETWORK_PORTS);
	for (uint32_t i = first; i <= last; i++)
		strs_push(a, &q->exposed, arena_printf(a, "%u/%s", i, word));
	return 0;
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------------------- */

static const char *mode_of(const struct container_request *q)
{
	return q->network && is_mode(q->network) ? q->network : NULL;
}

static bool says_more_than_a_name(const struct container_network *n)
{
	return n->ip || n->ip6 || n->mac || n->interface || n->aliases.n || n->priority;
}

/* As docker: what is said of the container holds for its first network. */
static int first_network(const struct container_request *q, struct container_network *n, struct err *e)
{
	if ((q->ip && n->ip) || (q->ip6 && n->ip6) || (q->mac && n->mac))
		return err_set(e, ERR_INVALID, "network '%s': its address is given twice, in --network and by a flag of its own", n->name);
	n->ip = q->ip ? q->ip : n->ip;
	n->ip6 = q->ip6 ? q->ip6 : n->ip6;
	n->mac = q->mac ? q->mac : n->mac;
	return 0;
}

int request_network_finish(struct container_request *q, struct arena *a, struct err *e)
{
	int r;

	if (mode_of(q) && q->n_networks)
		return err_set(e, ERR_INVALID, "network '%s' cannot be combined with others", q->network);
	if ((q->ip && (r = address_check(q->ip, AF_INET, e)) < 0) || (q->ip6 && (r = address_check(q->ip6, AF_INET6, e)) < 0))
		return r;
	if (!q->n_networks)
		return 0;
	q->network = q->networks[0].name;
	if (q->n_networks == 1 && !says_more_than_a_name(&q->networks[0])) {
		q->n_networks = 0;
		return 0;
	}
	r = first_network(q, &q->networks[0], e);
	for (size_t i = 0; r == 0 && i < q->n_networks; i++) {
		for (size_t k = 0; k < q->aliases.n; k++)
			strs_push(a, &q->networks[i].aliases, q->aliases.v[k]);
		if (q->n_networks > 1 && (streq(q->networks[i].name, "host") || streq(q->networks[i].name, "none")))
			r = err_set(e, ERR_INVALID, "network '%s' cannot be combined with others", q->networks[i].name);
	}
	return r;
}

int request_network_check(const struct container_request *q, struct err *e)
{
	const char *mode = mode_of(q);
	const struct {
		bool said;
		const char *what;
	} not_shared[] = {
		{ q->n_ports || q->publish_all, "published ports" },
		{ q->ip || q->ip6, "addresses" },
		{ q->mac, "a MAC address" },
		{ q->aliases.n, "network aliases" },
		{ q->hostname, "a host name" },
		{ q->dns.n || q->dns_search.n || q->dns_options.n, "DNS settings" },
		{ q->n_hosts, "hosts" },
	};
	bool container = mode && str_after(mode, "container:");

	if ((q->n_ports || q->publish_all) && streq(q->network, "none"))
		return err_set(e, ERR_CONFLICT, "published ports need a network");
	for (size_t i = 0; mode && i < ARRAY_LEN(not_shared); i++) {
		if (not_shared[i].said && (container || i < 4))
			return err_set(e, ERR_CONFLICT, "conflicting options: %s with --network %s, which belong to the owner of that network",
				       not_shared[i].what, container ? "container:" : "ns:");
	}
	return 0;
}
