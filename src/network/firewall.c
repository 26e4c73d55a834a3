/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table first, then its elements, then the conversations. `nft list table inet tare` shows what stands here in nft's own words.
 *
 *   prerouting -300  guard      what route_localnet on our bridges must not let in: loopback addresses from containers
 *   prerouting -100  prerouting new connections to an address of this host: a published port?
 *   output     -100  output     the same for connections this host makes itself (127.0.0.1:8080)
 *   forward       0  forward    into a bridge: answers, neighbours on the same bridge, published ports; nothing else
 *   postrouting 100  postrouting source addresses that nobody outside (or on the bridge) could answer
 */
#include "network/firewall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/vec.h"

enum { FIREWALL_VERSION = 2 };   /* of the rules below: count up with every change of them */

static const char table_name[] = "tare";
static const char comment_prefix[] = "tare rules ";

/* ---- the table ----------------------------------------------------------------------------------------------------------------------- */

enum { KEY_ANY = 8, KEY_IP4 = 12, KEY_IP6 = 24, DATA_IP4 = 8, DATA_IP6 = 20 };

/* clang-format off */
static const struct nft_set sets[] = {
	{ "bridges",    NFT_TYPE_IFNAME, IFNAMSIZ },
	{ "internal",   NFT_TYPE_IFNAME, IFNAMSIZ },
	{ "neighbours", NFT_CONCAT2(NFT_TYPE_IFNAME, NFT_TYPE_IFNAME), 2 * IFNAMSIZ },
	{ "subnets4",   NFT_TYPE_IP,  4,  .interval = true },
	{ "subnets6",   NFT_TYPE_IP6, 16, .interval = true },
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

	{ "forward", NULL,                           { OUT_IF(R), IN("bridges"), JUMP("inbound") } },
	{ "forward", "internal networks have no way out", { IN_IF(R), IN("internal"), DROP } },
	{ "inbound", NULL,                           { ANSWERS, ACCEPT } },
	{ "inbound", "the same bridge",              { IN_IF(R), OUT_IF(R + 4), IN("neighbours"), ACCEPT } },
	{ "inbound", "published ports",              { WAS_PUBLISHED, ACCEPT } },
	{ "inbound", "other networks and the outside", { DROP } },

	{ "postrouting", "this host's 127.0.0.1 to a published port", { OUT_IF(R), IN("bridges"), IS_4, LOOPBACK_SOURCE, MASQUERADE } },
	{ "postrouting", "a container to a published port of its own network",
		{ OUT_IF(R), IN("bridges"), IS_4, SOURCE4(R), IN("subnets4"), WAS_PUBLISHED, MASQUERADE } },
	{ "postrouting", "containers to the outside", { OUT_IF(R), NOT_IN("bridges"), IS_4, SOURCE4(R), IN("subnets4"), MASQUERADE } },
	{ "postrouting", NULL,                       { OUT_IF(R), IN("bridges"), IS_6, SOURCE6(R), IN("subnets6"), WAS_PUBLISHED, MASQUERADE } },
	{ "postrouting", NULL,                       { OUT_IF(R), NOT_IN("bridges"), IS_6, SOURCE6(R), IN("subnets6"), MASQUERADE } },
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

/* The elements of one network in one set; at most two (an interval has a beginning and an end). */
static size_t net_elements(const struct firewall_net *net, const char *set, struct nft_element ret[2])
{
	const struct addr *subnet = streq(set, "subnets4") ? &net->subnet : streq(set, "subnets6") ? &net->subnet6 : NULL;

	if (subnet && subnet->family) {
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
	if (streq(set, "neighbours")) {
		ret[0] = name_element(net->bridge, net->bridge);
		return 1;
	}
	return 0;
}

static const char *port_set(const struct firewall_port *p)
{
	bool six = p->to.family == AF_INET6, any = p->host.family == 0;

	return six ? (any ? "ports6_any" : "ports6") : any ? "ports4_any" : "ports4";
}

static struct nft_element port_element(const struct firewall_port *p)
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

/* The inverse of port_element. */
static struct firewall_port element_port(const struct nft_element *x)
{
	size_t host = x->key_size - KEY_ANY, to = x->data_size - 4;
	struct firewall_port p = { .protocol = x->key[host], .to = read_addr(x->data, to) };
	uint16_t host_port, port;

	memcpy(&host_port, x->key + host + 4, sizeof host_port);
	memcpy(&port, x->data + to, sizeof port);
	p.host_port = ntohs(host_port);
	p.port = ntohs(port);
	if (host)
		p.host = read_addr(x->key, host);
	return p;
}

bool firewall_port_same_place(const struct firewall_port *a, const struct firewall_port *b)
{
	struct nft_element x = port_element(a), y = port_element(b);

	return port_set(a) == port_set(b) && memcmp(x.key, y.key, sizeof x.key) == 0;
}

bool firewall_port_equal(const struct firewall_port *a, const struct firewall_port *b)
{
	struct nft_element x = port_element(a), y = port_element(b);

	return port_set(a) == port_set(b) && memcmp(&x, &y, sizeof x) == 0;
}

/* ---- batches ------------------------------------------------------------------------------------------------------------------------- */

/* One request per set, however many networks there are. */
static void add_nets(struct netlink_batch *b, const struct firewall_net *nets, size_t n)
{
	scoped_free struct nft_element *x = alloc_or_die(n * 2 * sizeof *x);

	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		size_t n_x = 0;

		for (size_t k = 0; k < n; k++)
			n_x += net_elements(&nets[k], sets[i].name, x + n_x);
		if (n_x > 0)
			nft_add_elements(b, table_name, sets[i].name, x, n_x);
	}
}

/* Adds or deletes the ports, one request per set. */
static void add_ports(struct netlink_batch *b, const struct firewall_port *ports, size_t n, bool add)
{
	scoped_free struct nft_element *x = alloc_or_die(n * sizeof *x);

	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		size_t n_x = 0;

		for (size_t p = 0; p < n; p++) {
			if (streq(port_set(&ports[p]), sets[i].name))
				x[n_x++] = port_element(&ports[p]);
		}
		if (n_x > 0 && add)
			nft_add_elements(b, table_name, sets[i].name, x, n_x);
		else if (n_x > 0)
			nft_delete_elements(b, table_name, sets[i].name, x, n_x);
	}
}

static void add_content(struct netlink_batch *b, const struct firewall_content *content)
{
	add_nets(b, content->nets, content->n_nets);
	add_ports(b, content->ports, content->n_ports, true);
}

/* The elements of each set of a table that is about to be replaced. */
struct kept {
	struct arena *a;
	struct VEC(struct nft_element) sets[ARRAY_LEN(sets)];
	size_t at;
};

static void add_everything(struct netlink_batch *b, bool replace, const struct kept *kept, const struct firewall_content *content)
{
	char comment[64];

	snprintf(comment, sizeof comment, "%s%d", comment_prefix, FIREWALL_VERSION);
	nft_begin(b);
	if (replace)
		nft_delete_table(b, table_name);
	nft_add_table(b, table_name, comment);
	for (size_t i = 0; i < ARRAY_LEN(sets); i++)
		nft_add_set(b, table_name, &sets[i], (uint32_t)i + 1);
	for (size_t i = 0; i < ARRAY_LEN(chains); i++)
		nft_add_chain(b, table_name, &chains[i]);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		nft_add_rule(b, table_name, &rules[i]);
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		if (kept->sets[i].n > 0)
			nft_add_elements(b, table_name, sets[i].name, kept->sets[i].v, kept->sets[i].n);
	}
	add_content(b, content);
	nft_end(b);
}

/* ---- conversations ------------------------------------------------------------------------------------------------------------------- */

static int failed(struct err *e, int r, const struct netlink_result *res, const char *what)
{
	if (r == -EOPNOTSUPP || r == -EPROTONOSUPPORT || r == -EAFNOSUPPORT)
		return err_set(e, ERR_UNSUPPORTED, "the kernel has no nf_tables (%s): bridge networks need it", what);
	if (res->text[0])
		return err_sys(e, r, "%s: %s", what, res->text);
	return err_sys(e, r, "%s", what);
}

int firewall_open(struct firewall *f, struct err *e)
{
	int r;

	f->nl = NETLINK_NONE;
	r = netlink_open(&f->nl, NETLINK_NETFILTER);
	return r < 0 ? failed(e, r, &(struct netlink_result){ 0 }, "open a netfilter socket") : 0;
}

void firewall_done(struct firewall *f)
{
	netlink_done(&f->nl);
}

/* What the two questions of firewall_ensure found. */
struct standing {
	bool table, net;
	uint32_t version;
};

static int hear_standing(void *arg, const struct nlmsghdr *m)
{
	struct standing *s = arg;
	const char *number;
	char comment[128];

	if ((m->nlmsg_type & 0xff) != NFT_MSG_NEWTABLE) {
		s->net = true;
		return 0;
	}
	s->table = true;
	number = str_after(nft_table_comment(m, comment), comment_prefix);
	if (number && parse_u32(number, &s->version) < 0)
		s->version = 0;
	return 0;
}

static int ask_standing(struct firewall *f, const struct firewall_net *net, struct standing *ret, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct nft_element x = name_element(net->bridge, NULL);
	struct netlink_result res = { 0 };
	int r;

	*ret = (struct standing){ 0 };
	netlink_batch_init(&b);
	nft_get_table(&b, table_name);
	nft_get_element(&b, table_name, "bridges", &x);
	r = netlink_query(&f->nl, &b, hear_standing, ret, &res);
	/* -EINVAL: a set of that name, but of another shape. */
	return r < 0 && r != -ENOENT && r != -EINVAL ? failed(e, r, &res, "ask for table 'inet tare'") : 0;
}

static int keep_element(void *arg, const struct nft_element *x)
{
	struct kept *k = arg;

	/* An older table may have had sets of another shape under the same name. */
	if (x->key_size == sets[k->at].key_size && x->data_size == sets[k->at].data_size)
		*vec_push(k->a, &k->sets[k->at]) = *x;
	return 0;
}

static int hear_kept(void *arg, const struct nlmsghdr *m)
{
	return nft_each_element(m, keep_element, arg);
}

/* What an older table holds, whoever put it there: another root of this host may have ports in it. */
static int keep_elements(struct firewall *f, struct kept *k, struct err *e)
{
	for (k->at = 0; k->at < ARRAY_LEN(sets); k->at++) {
		scoped_netlink_batch struct netlink_batch b = { 0 };
		struct netlink_result res = { 0 };
		int r;

		netlink_batch_init(&b);
		nft_dump_elements(&b, table_name, sets[k->at].name);
		r = netlink_query(&f->nl, &b, hear_kept, k, &res);
		if (r < 0 && r != -ENOENT)
			return failed(e, r, &res, "read the older table 'inet tare'");
	}
	return 0;
}

static int make_table(struct firewall *f, bool replace, const struct firewall_content *content, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	scoped_arena struct arena a = { 0 };
	struct kept kept = { .a = &a };
	struct netlink_result res = { 0 };
	int r = 0;

	netlink_batch_init(&b);
	if (replace)
		r = keep_elements(f, &kept, e);
	if (r < 0)
		return r;
	add_everything(&b, replace, &kept, content);
	r = netlink_talk(&f->nl, &b, &res);
	if (r == -ENOENT)
		return err_set(e, ERR_UNSUPPORTED, "the kernel lacks an nf_tables module that published ports need (request %zu: nat, masq, fib or ct)", res.index);
	return r < 0 ? failed(e, r, &res, "make table 'inet tare'") : 0;
}

int firewall_ensure(struct firewall *f, const struct firewall_net *net, firewall_content_fn content_fn, void *arg, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct firewall_content content = { 0 };
	struct netlink_result res = { 0 };
	struct standing s;
	int r;

	netlink_batch_init(&b);
	r = ask_standing(f, net, &s, e);
	if (r < 0 || (s.net && s.version >= FIREWALL_VERSION))
		return r;
	r = content_fn(arg, &content, e);
	if (r == 0 && s.version < FIREWALL_VERSION) {
		r = make_table(f, s.table, &content, e);
		/* -EEXIST: somebody else made it while we asked; then what is ours goes in as below. */
		if (r != -EEXIST)
			return r;
	} else if (r < 0) {
		return r;
	}
	nft_begin(&b);
	add_content(&b, &content);
	nft_end(&b);
	r = netlink_talk(&f->nl, &b, &res);
	return r < 0 ? failed(e, r, &res, "enter the network into table 'inet tare'") : 0;
}

/* Deletes what @add says one by one when all at once did not work, because a missing element fails the whole transaction. */
static int talk_tolerant(struct firewall *f, void (*add)(struct netlink_batch *b, const void *v, size_t i), const void *v, size_t n,
		const char *what, struct err *e)
{
	struct netlink_result res = { 0 };
	int r;

	for (size_t i = 0; i < n; i++) {
		scoped_netlink_batch struct netlink_batch b = { 0 };

		netlink_batch_init(&b);
		nft_begin(&b);
		add(&b, v, i);
		nft_end(&b);
		r = netlink_talk(&f->nl, &b, &res);
		if (r < 0 && r != -ENOENT)
			return failed(e, r, &res, what);
	}
	return 0;
}

static void delete_net_set(struct netlink_batch *b, const void *v, size_t i)
{
	struct nft_element x[2];
	size_t n = net_elements(v, sets[i].name, x);

	if (n > 0)
		nft_delete_elements(b, table_name, sets[i].name, x, n);
}

int firewall_drop_net(struct firewall *f, const struct firewall_net *net, struct err *e)
{
	return talk_tolerant(f, delete_net_set, net, ARRAY_LEN(sets), "drop the network from table 'inet tare'", e);
}

int firewall_publish(struct firewall *f, const struct firewall_port *ports, size_t n, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct netlink_result res = { 0 };
	int r;

	if (n == 0)
		return 0;
	netlink_batch_init(&b);
	nft_begin(&b);
	add_ports(&b, ports, n, true);
	nft_end(&b);
	r = netlink_talk(&f->nl, &b, &res);
	if (r == -EBUSY || r == -EEXIST)
		return err_set(e, ERR_CONFLICT, "table 'inet tare' leads one of the ports elsewhere: port is already allocated");
	return r < 0 ? failed(e, r, &res, "publish ports in table 'inet tare'") : 0;
}

/* ---- taking out and looking ---------------------------------------------------------------------------------------------------------- */

struct hear_ports {
	firewall_port_fn fn;
	void *arg;
};

static int hear_element(void *arg, const struct nft_element *x)
{
	struct hear_ports *h = arg;
	struct firewall_port p;

	if (x->key_size < KEY_ANY || x->data_size < DATA_IP4)
		return 0;
	p = element_port(x);
	return h->fn(h->arg, &p);
}

static int hear_elements(void *arg, const struct nlmsghdr *m)
{
	return nft_each_element(m, hear_element, arg);
}

static void delete_port(struct netlink_batch *b, const void *v, size_t i)
{
	add_ports(b, (const struct firewall_port *)v + i, 1, false);
}

/* So many questions go into one datagram. */
enum { ASKED_AT_ONCE = NETLINK_MAX_REQUESTS - 1 };

struct present {
	const struct firewall_port *ports;
	size_t n;
	struct firewall_port found[ASKED_AT_ONCE];
	size_t n_found;
};

static int hear_present(void *arg, const struct firewall_port *p)
{
	struct present *x = arg;

	for (size_t i = 0; i < x->n && x->n_found < ASKED_AT_ONCE; i++) {
		if (firewall_port_equal(&x->ports[i], p)) {
			x->found[x->n_found++] = *p;
			break;
		}
	}
	return 0;
}

/* Only what leads where we say is taken out: the kernel looks at keys alone, and a port of ours may be somebody else's by now. */
static int unpublish_some(struct firewall *f, const struct firewall_port *ports, size_t n, struct err *e)
{
	scoped_netlink_batch struct netlink_batch ask = { 0 }, b = { 0 };
	struct present x = { .ports = ports, .n = n };
	struct hear_ports h = { hear_present, &x };
	struct netlink_result res = { 0 };
	int r;

	netlink_batch_init(&ask);
	netlink_batch_init(&b);
	for (size_t i = 0; i < n; i++) {
		struct nft_element element = port_element(&ports[i]);

		nft_get_element(&ask, table_name, port_set(&ports[i]), &element);
	}
	r = netlink_query(&f->nl, &ask, hear_elements, &h, &res);
	if (r < 0 && r != -ENOENT)
		return failed(e, r, &res, "look for ports in table 'inet tare'");
	if (x.n_found == 0)
		return 0;
	nft_begin(&b);
	add_ports(&b, x.found, x.n_found, false);
	nft_end(&b);
	r = netlink_talk(&f->nl, &b, &res);
	if (r == -ENOENT)
		return talk_tolerant(f, delete_port, x.found, x.n_found, "take ports out of table 'inet tare'", e);
	return r < 0 ? failed(e, r, &res, "take ports out of table 'inet tare'") : 0;
}

int firewall_unpublish(struct firewall *f, const struct firewall_port *ports, size_t n, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i += ASKED_AT_ONCE)
		r = unpublish_some(f, ports + i, n - i < ASKED_AT_ONCE ? n - i : ASKED_AT_ONCE, e);
	return r;
}

static int each_port_of(struct firewall *f, const char *set, struct hear_ports *h, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct netlink_result res = { 0 };
	int r;

	netlink_batch_init(&b);
	nft_dump_elements(&b, table_name, set);
	r = netlink_query(&f->nl, &b, hear_elements, h, &res);
	return r < 0 && r != -ENOENT ? failed(e, r, &res, "list published ports") : r == -ENOENT ? 0 : r;
}

int firewall_each_port(struct firewall *f, firewall_port_fn fn, void *arg, struct err *e)
{
	struct hear_ports h = { fn, arg };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(sets); i++)
		r = sets[i].data_size ? each_port_of(f, sets[i].name, &h, e) : 0;
	return r;
}

struct hear_chains {
	firewall_chain_fn fn;
	void *arg;
};

static int hear_chain(void *arg, const struct nlmsghdr *m)
{
	struct hear_chains *h = arg;
	struct nft_base_chain c;

	if (!nft_read_base_chain(m, &c) || (c.family == NFPROTO_INET && streq(c.table, table_name)))
		return 0;
	return h->fn(h->arg, &c);
}

int firewall_each_chain(struct firewall *f, firewall_chain_fn fn, void *arg, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct hear_chains h = { fn, arg };
	struct netlink_result res = { 0 };
	int r;

	netlink_batch_init(&b);
	nft_dump_chains(&b, AF_UNSPEC);
	r = netlink_query(&f->nl, &b, hear_chain, &h, &res);
	return r < 0 ? failed(e, r, &res, "list the chains of the host") : 0;
}
