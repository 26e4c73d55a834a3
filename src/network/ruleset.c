/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table first, then its elements, then the requests that make both. `nft list table inet tare` shows what stands here in nft's own words.
 *
 *   prerouting -300  guard      what route_localnet on our bridges must not let in: loopback addresses from containers
 *   prerouting -100  prerouting new connections to an address of this host: a published port?
 *   output     -100  output     the same for connections this host makes itself (127.0.0.1:8080)
 *   forward       0  forward    into a bridge: answers, neighbours on the same bridge, published ports; nothing else
 *   postrouting 100  postrouting source addresses that nobody outside (or on the bridge) could answer
 */
#include "network/ruleset.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "base/scope.h"
#include "base/str.h"

enum { RULESET_VERSION = 3 };    /* of the rules below: count up with every change of them */

const char ruleset_table[] = "tare";
static const char comment_prefix[] = "tare rules ";

/* ---- the table ----------------------------------------------------------------------------------------------------------------------- */

enum { KEY_ANY = 8, KEY_IP4 = 12, KEY_IP6 = 24, DATA_IP4 = 8, DATA_IP6 = 20 };

/* clang-format off */
const struct nft_set ruleset_sets[RULESET_SETS] = {
	{ "bridges",    NFT_TYPE_IFNAME, IFNAMSIZ },
	{ "internal",   NFT_TYPE_IFNAME, IFNAMSIZ },
	{ "neighbours", NFT_CONCAT2(NFT_TYPE_IFNAME, NFT_TYPE_IFNAME), 2 * IFNAMSIZ },
	{ "subnets4",   NFT_TYPE_IP,  4,  .interval = true },
	{ "subnets6",   NFT_TYPE_IP6, 16, .interval = true },
	{ "unmasked4",  NFT_TYPE_IP,  4,  .interval = true },
	{ "unmasked6",  NFT_TYPE_IP6, 16, .interval = true },
	{ "ports4",     NFT_CONCAT3(NFT_TYPE_IP, NFT_TYPE_PROTO, NFT_TYPE_PORT),  KEY_IP4, NFT_CONCAT2(NFT_TYPE_IP, NFT_TYPE_PORT),  DATA_IP4 },
	{ "ports4_any", NFT_CONCAT2(NFT_TYPE_PROTO, NFT_TYPE_PORT),               KEY_ANY, NFT_CONCAT2(NFT_TYPE_IP, NFT_TYPE_PORT),  DATA_IP4 },
	{ "ports6",     NFT_CONCAT3(NFT_TYPE_IP6, NFT_TYPE_PROTO, NFT_TYPE_PORT), KEY_IP6, NFT_CONCAT2(NFT_TYPE_IP6, NFT_TYPE_PORT), DATA_IP6 },
	{ "ports6_any", NFT_CONCAT2(NFT_TYPE_PROTO, NFT_TYPE_PORT),               KEY_ANY, NFT_CONCAT2(NFT_TYPE_IP6, NFT_TYPE_PORT), DATA_IP6 },
};

static const struct nft_chain chains[] = {
	{ "guard",       "filter", NF_INET_PRE_ROUTING,  -300 },
	{ "publish" },
	{ "inbound" },
	{ "prerouting",  "nat",    NF_INET_PRE_ROUTING,  -100 },
	{ "output",      "nat",    NF_INET_LOCAL_OUT,    -100 },
	{ "forward",     "filter", NF_INET_FORWARD,      0 },
	{ "postrouting", "nat",    NF_INET_POST_ROUTING, 100 },
};

/* The words the rules are written in. R is the first register. */
#define R NFT_R
#define IN_IF(r)          { .op = NFT_META, .reg = (r), .key = NFT_META_IIFNAME }
#define OUT_IF(r)         { .op = NFT_META, .reg = (r), .key = NFT_META_OIFNAME }
#define PROTOCOL(r)       { .op = NFT_META, .reg = (r), .key = NFT_META_L4PROTO }
#define PORT(r)           { .op = NFT_PAYLOAD, .reg = (r), .key = NFT_PAYLOAD_TRANSPORT_HEADER, .offset = 2, .size = 2 }
#define IP4(r, off, n)    { .op = NFT_PAYLOAD, .reg = (r), .key = NFT_PAYLOAD_NETWORK_HEADER, .offset = (off), .size = (n) }
#define SOURCE4(r)        IP4(r, 12, 4)
#define TARGET4(r)        IP4(r, 16, 4)
#define SOURCE6(r)        IP4(r, 8, 16)
#define TARGET6(r)        IP4(r, 24, 16)
#define BYTE_IS(r, v)     { .op = NFT_EQ, .reg = (r), .size = 1, .value = (v) }
#define IS_FAMILY(v)      { .op = NFT_META, .reg = R, .key = NFT_META_NFPROTO }, BYTE_IS(R, v)
#define IS_4              IS_FAMILY(NFPROTO_IPV4)
#define IS_6              IS_FAMILY(NFPROTO_IPV6)
#define LOOPBACK_SOURCE   IP4(R, 12, 1), BYTE_IS(R, 127)
#define LOOPBACK_TARGET   IP4(R, 16, 1), BYTE_IS(R, 127)
#define IN(name)          { .op = NFT_IN, .reg = R, .set = (name) }
#define NOT_IN(name)      { .op = NFT_NOT_IN, .reg = R, .set = (name) }
#define MAP(name)         { .op = NFT_MAP, .reg = R, .set = (name) }
#define CT_HAS(k, bits)   { .op = NFT_CT, .reg = R, .key = (k) }, { .op = NFT_MASK, .reg = R, .value = (bits) }, \
			  { .op = NFT_NE, .reg = R, .size = 4, .value = 0 }
#define WAS_PUBLISHED     CT_HAS(NFT_CT_STATUS, IPS_DST_NAT)
#define ANSWERS           CT_HAS(NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED))
#define TO_THIS_HOST      { .op = NFT_FIB_TYPE, .reg = R }, { .op = NFT_EQ, .reg = R, .size = 4, .value = RTN_LOCAL }
#define DNAT4             { .op = NFT_DNAT, .reg = R, .reg2 = R + 1, .value = NFPROTO_IPV4 }
#define DNAT6             { .op = NFT_DNAT, .reg = R, .reg2 = R + 4, .value = NFPROTO_IPV6 }
#define MASQUERADE        { .op = NFT_MASQUERADE }
#define JUMP(chain)       { .op = NFT_VERDICT, .value = (uint32_t)NFT_JUMP, .set = (chain) }
#define ACCEPT            { .op = NFT_VERDICT, .value = NF_ACCEPT }
#define DROP              { .op = NFT_VERDICT, .value = NF_DROP }

static const struct nft_rule rules[] = {
	{ "guard", "nobody beyond a bridge is our loopback (CVE-2020-8558)", { IN_IF(R), IN("bridges"), IS_4, LOOPBACK_TARGET, DROP } },
	{ "guard", "nor comes from it",              { IN_IF(R), IN("bridges"), IS_4, LOOPBACK_SOURCE, DROP } },

	{ "publish", "ports of one host address",    { IS_4, TARGET4(R), PROTOCOL(R + 1), PORT(R + 2), MAP("ports4"), DNAT4 } },
	{ "publish", "ports of every host address",  { IS_4, PROTOCOL(R), PORT(R + 1), MAP("ports4_any"), DNAT4 } },
	{ "publish", NULL,                           { IS_6, TARGET6(R), PROTOCOL(R + 4), PORT(R + 5), MAP("ports6"), DNAT6 } },
	{ "publish", NULL,                           { IS_6, PROTOCOL(R), PORT(R + 1), MAP("ports6_any"), DNAT6 } },

	{ "prerouting", "what comes from outside is never led from 127.0.0.1: the routing drops it", { IS_4, LOOPBACK_TARGET, ACCEPT } },
	{ "prerouting", NULL,                        { TO_THIS_HOST, JUMP("publish") } },
	{ "output", NULL,                            { TO_THIS_HOST, JUMP("publish") } },

	{ "forward", "internal networks have no way out, not even to the published ports of others",
		{ IN_IF(R), IN("internal"), OUT_IF(R + 4), NOT_IN("neighbours"), DROP } },
	{ "forward", NULL,                           { OUT_IF(R), IN("bridges"), JUMP("inbound") } },
	{ "inbound", NULL,                           { ANSWERS, ACCEPT } },
	{ "inbound", "the same bridge",              { IN_IF(R), OUT_IF(R + 4), IN("neighbours"), ACCEPT } },
	{ "inbound", "published ports",              { WAS_PUBLISHED, ACCEPT } },
	{ "inbound", "other networks and the outside", { DROP } },

	{ "postrouting", "this host's 127.0.0.1 to a published port", { OUT_IF(R), IN("bridges"), IS_4, LOOPBACK_SOURCE, MASQUERADE } },
	{ "postrouting", "a container to a published port of its own network",
		{ OUT_IF(R), IN("bridges"), IS_4, SOURCE4(R), IN("subnets4"), WAS_PUBLISHED, MASQUERADE } },
	{ "postrouting", "containers to the outside", { OUT_IF(R), NOT_IN("bridges"), IS_4, SOURCE4(R), NOT_IN("unmasked4"), IN("subnets4"), MASQUERADE } },
	{ "postrouting", NULL,                       { OUT_IF(R), IN("bridges"), IS_6, SOURCE6(R), IN("subnets6"), WAS_PUBLISHED, MASQUERADE } },
	{ "postrouting", NULL,                       { OUT_IF(R), NOT_IN("bridges"), IS_6, SOURCE6(R), NOT_IN("unmasked6"), IN("subnets6"), MASQUERADE } },
};
/* clang-format on */

/* ---- elements ------------------------------------------------------------------------------------------------------------------------ */

static struct nft_element name_element(const char *first, const char *second)
{
	struct nft_element x = { .key_size = second ? 2 * IFNAMSIZ : IFNAMSIZ };

	memcpy(x.key, first, strnlen(first, IFNAMSIZ - 1));
	if (second)
		memcpy(x.key + IFNAMSIZ, second, strnlen(second, IFNAMSIZ - 1));
	return x;
}

size_t ruleset_net_elements(const struct ruleset_net *net, const char *set, struct nft_element ret[2])
{
	bool unmasked = str_after(set, "unmasked");
	const struct addr *subnet = str_ends(set, "4") ? &net->subnet : &net->subnet6;

	if (unmasked && !net->no_masquerade)
		return 0;
	if ((unmasked || str_after(set, "subnets")) && subnet->family) {
		/* The end of an interval is the first address after it; no subnet of ours ends with the address space. */
		struct addr first = addr_first(subnet), next = addr_nth(subnet, addr_count(subnet));

		ret[0] = (struct nft_element){ .key_size = (uint32_t)addr_size(subnet) };
		ret[1] = (struct nft_element){ .key_size = (uint32_t)addr_size(subnet), .interval_end = true };
		memcpy(ret[0].key, first.bytes, addr_size(subnet));
		memcpy(ret[1].key, next.bytes, addr_size(subnet));
		return 2;
	}
	if (streq(set, "bridges") || (streq(set, "internal") && net->internal)) {
		ret[0] = name_element(net->bridge, NULL);
		return 1;
	}
	if (streq(set, "neighbours") && !net->no_neighbours) {
		ret[0] = name_element(net->bridge, net->bridge);
		return 1;
	}
	return 0;
}

const char *ruleset_port_set(const struct ruleset_port *p)
{
	bool six = p->to.family == AF_INET6, any = p->host.family == 0;

	return six ? (any ? "ports6_any" : "ports6") : any ? "ports4_any" : "ports4";
}

struct nft_element ruleset_port_element(const struct ruleset_port *p)
{
	struct nft_element x = { 0 };
	uint16_t host_port = htons(p->host_port), port = htons(p->port);
	uint8_t *at = x.key;

	if (p->host.family) {
		memcpy(at, p->host.bytes, addr_size(&p->host));
		at += addr_size(&p->host);
	}
	at[0] = p->protocol;
	memcpy(at + 4, &host_port, sizeof host_port);
	x.key_size = (uint32_t)(at + 8 - x.key);
	memcpy(x.data, p->to.bytes, addr_size(&p->to));
	memcpy(x.data + addr_size(&p->to), &port, sizeof port);
	x.data_size = (uint32_t)addr_size(&p->to) + 4;
	return x;
}

static struct addr read_addr(const uint8_t *p, size_t n)
{
	struct addr x = { .family = n == 4 ? AF_INET : AF_INET6, .prefix = (uint8_t)(8 * n) };

	memcpy(x.bytes, p, n);
	return x;
}

bool ruleset_port_read(const struct nft_element *x, struct ruleset_port *ret)
{
	size_t host = x->key_size - KEY_ANY, to = x->data_size - 4;
	struct ruleset_port p = { 0 };
	uint16_t host_port, port;

	if (x->key_size < KEY_ANY || (x->data_size != DATA_IP4 && x->data_size != DATA_IP6) || (host && host != to))
		return false;
	p.protocol = x->key[host];
	p.to = read_addr(x->data, to);
	memcpy(&host_port, x->key + host + 4, sizeof host_port);
	memcpy(&port, x->data + to, sizeof port);
	p.host_port = ntohs(host_port);
	p.port = ntohs(port);
	if (host)
		p.host = read_addr(x->key, host);
	*ret = p;
	return true;
}

bool ruleset_port_same_place(const struct ruleset_port *a, const struct ruleset_port *b)
{
	struct nft_element x = ruleset_port_element(a), y = ruleset_port_element(b);

	return ruleset_port_set(a) == ruleset_port_set(b) && memcmp(x.key, y.key, sizeof x.key) == 0;
}

bool ruleset_port_equal(const struct ruleset_port *a, const struct ruleset_port *b)
{
	struct nft_element x = ruleset_port_element(a), y = ruleset_port_element(b);

	return ruleset_port_set(a) == ruleset_port_set(b) && memcmp(&x, &y, sizeof x) == 0;
}

/* ---- batches ------------------------------------------------------------------------------------------------------------------------- */

/* One request per set, however many networks there are. */
static void add_nets(struct netlink_batch *b, const struct ruleset_net *nets, size_t n)
{
	scoped_free struct nft_element *x = alloc_or_die(n * 2 * sizeof *x);

	for (size_t i = 0; i < RULESET_SETS; i++) {
		size_t n_x = 0;

		for (size_t k = 0; k < n; k++)
			n_x += ruleset_net_elements(&nets[k], ruleset_sets[i].name, x + n_x);
		if (n_x > 0)
			nft_add_elements(b, ruleset_table, ruleset_sets[i].name, x, n_x);
	}
}

void ruleset_add_ports(struct netlink_batch *b, const struct ruleset_port *ports, size_t n, bool add)
{
	scoped_free struct nft_element *x = alloc_or_die(n * sizeof *x);

	for (size_t i = 0; i < RULESET_SETS; i++) {
		size_t n_x = 0;

		for (size_t p = 0; p < n; p++) {
			if (streq(ruleset_port_set(&ports[p]), ruleset_sets[i].name))
				x[n_x++] = ruleset_port_element(&ports[p]);
		}
		if (n_x > 0 && add)
			nft_add_elements(b, ruleset_table, ruleset_sets[i].name, x, n_x);
		else if (n_x > 0)
			nft_delete_elements(b, ruleset_table, ruleset_sets[i].name, x, n_x);
	}
}

void ruleset_add_content(struct netlink_batch *b, const struct ruleset_content *content)
{
	add_nets(b, content->nets, content->n_nets);
	ruleset_add_ports(b, content->ports, content->n_ports, true);
}

void ruleset_add_all(struct netlink_batch *b, bool replace, const struct ruleset_kept *kept, const struct ruleset_content *content)
{
	char comment[64];

	snprintf(comment, sizeof comment, "%s%d", comment_prefix, RULESET_VERSION);
	nft_begin(b);
	if (replace)
		nft_delete_table(b, ruleset_table);
	nft_add_table(b, ruleset_table, comment);
	for (size_t i = 0; i < RULESET_SETS; i++)
		nft_add_set(b, ruleset_table, &ruleset_sets[i], (uint32_t)i + 1);
	for (size_t i = 0; i < ARRAY_LEN(chains); i++)
		nft_add_chain(b, ruleset_table, &chains[i]);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		nft_add_rule(b, ruleset_table, &rules[i]);
	for (size_t i = 0; i < RULESET_SETS; i++) {
		if (kept->sets[i].n > 0)
			nft_add_elements(b, ruleset_table, ruleset_sets[i].name, kept->sets[i].v, kept->sets[i].n);
	}
	ruleset_add_content(b, content);
	nft_end(b);
}

bool ruleset_is_current(uint32_t version)
{
	return version >= RULESET_VERSION;
}

uint32_t ruleset_version(const char *comment)
{
	const char *number = str_after(comment, comment_prefix);
	uint32_t version;

	return number && parse_u32(number, &version) == 0 ? version : 0;
}

struct nft_element ruleset_bridge_element(const char *bridge)
{
	return name_element(bridge, NULL);
}
