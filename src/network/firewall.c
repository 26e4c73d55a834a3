/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firewall: the conversations about the table that ruleset.c describes.
 */
#include "network/firewall.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/scope.h"
#include "base/str.h"
#include "base/vec.h"

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
	char comment[128];

	if ((m->nlmsg_type & 0xff) != NFT_MSG_NEWTABLE) {
		s->net = true;
		return 0;
	}
	s->table = true;
	s->version = ruleset_version(nft_table_comment(m, comment));
	return 0;
}

static int ask_standing(struct firewall *f, const struct ruleset_net *net, struct standing *ret, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct nft_element x = ruleset_bridge_element(net->bridge);
	struct netlink_result res = { 0 };
	int r;

	*ret = (struct standing){ 0 };
	netlink_batch_init(&b);
	nft_get_table(&b, ruleset_table);
	nft_get_element(&b, ruleset_table, "bridges", &x);
	r = netlink_query(&f->nl, &b, hear_standing, ret, &res);
	/* -EINVAL: a set of that name, but of another shape. */
	return r < 0 && r != -ENOENT && r != -EINVAL ? failed(e, r, &res, "ask for table 'inet tare'") : 0;
}

static int keep_element(void *arg, const struct nft_element *x)
{
	struct ruleset_kept *k = arg;

	/* An older table may have had sets of another shape under the same name. */
	if (x->key_size == ruleset_sets[k->at].key_size && x->data_size == ruleset_sets[k->at].data_size)
		*vec_push(k->a, &k->sets[k->at]) = *x;
	return 0;
}

static int hear_kept(void *arg, const struct nlmsghdr *m)
{
	return nft_each_element(m, keep_element, arg);
}

/* What an older table holds, whoever put it there: another root of this host may have ports in it. */
static int keep_elements(struct firewall *f, struct ruleset_kept *k, struct err *e)
{
	for (k->at = 0; k->at < RULESET_SETS; k->at++) {
		scoped_netlink_batch struct netlink_batch b = { 0 };
		struct netlink_result res = { 0 };
		int r;

		netlink_batch_init(&b);
		nft_dump_elements(&b, ruleset_table, ruleset_sets[k->at].name);
		r = netlink_query(&f->nl, &b, hear_kept, k, &res);
		if (r < 0 && r != -ENOENT)
			return failed(e, r, &res, "read the older table 'inet tare'");
	}
	return 0;
}

static int make_table(struct firewall *f, bool replace, const struct ruleset_content *content, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	scoped_arena struct arena a = { 0 };
	struct ruleset_kept kept = { .a = &a };
	struct netlink_result res = { 0 };
	int r = 0;

	netlink_batch_init(&b);
	if (replace)
		r = keep_elements(f, &kept, e);
	if (r < 0)
		return r;
	ruleset_add_all(&b, replace, &kept, content);
	r = netlink_talk(&f->nl, &b, &res);
	if (r == -ENOENT)
		return err_set(e, ERR_UNSUPPORTED, "the kernel lacks an nf_tables module that published ports need (request %zu: nat, masq, fib or ct)", res.index);
	return r < 0 ? failed(e, r, &res, "make table 'inet tare'") : 0;
}

int firewall_ensure(struct firewall *f, const struct ruleset_net *net, firewall_content_fn content_fn, void *arg, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct ruleset_content content = { 0 };
	struct netlink_result res = { 0 };
	struct standing s;
	int r;

	netlink_batch_init(&b);
	r = ask_standing(f, net, &s, e);
	if (r < 0 || (s.net && ruleset_is_current(s.version)))
		return r;
	r = content_fn(arg, &content, e);
	if (r == 0 && !ruleset_is_current(s.version)) {
		r = make_table(f, s.table, &content, e);
		/* -EEXIST: somebody else made it while we asked; then what is ours goes in as below. */
		if (r != -EEXIST)
			return r;
	} else if (r < 0) {
		return r;
	}
	nft_begin(&b);
	ruleset_add_content(&b, &content);
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
	size_t n = ruleset_net_elements(v, ruleset_sets[i].name, x);

	if (n > 0)
		nft_delete_elements(b, ruleset_table, ruleset_sets[i].name, x, n);
}

int firewall_drop_net(struct firewall *f, const struct ruleset_net *net, struct err *e)
{
	return talk_tolerant(f, delete_net_set, net, RULESET_SETS, "drop the network from table 'inet tare'", e);
}

int firewall_publish(struct firewall *f, const struct ruleset_port *ports, size_t n, struct err *e)
{
	scoped_netlink_batch struct netlink_batch b = { 0 };
	struct netlink_result res = { 0 };
	int r;

	if (n == 0)
		return 0;
	netlink_batch_init(&b);
	nft_begin(&b);
	ruleset_add_ports(&b, ports, n, true);
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
	struct ruleset_port p;

	return ruleset_port_read(x, &p) ? h->fn(h->arg, &p) : 0;
}

static int hear_elements(void *arg, const struct nlmsghdr *m)
{
	return nft_each_element(m, hear_element, arg);
}

static void delete_port(struct netlink_batch *b, const void *v, size_t i)
{
	ruleset_add_ports(b, (const struct ruleset_port *)v + i, 1, false);
}

/* So many questions go into one datagram. */
enum { ASKED_AT_ONCE = NETLINK_MAX_REQUESTS - 1 };

struct present {
	const struct ruleset_port *ports;
	size_t n;
	struct ruleset_port found[ASKED_AT_ONCE];
	size_t n_found;
};

static int hear_present(void *arg, const struct ruleset_port *p)
{
	struct present *x = arg;

	for (size_t i = 0; i < x->n && x->n_found < ASKED_AT_ONCE; i++) {
		if (ruleset_port_equal(&x->ports[i], p)) {
			x->found[x->n_found++] = *p;
			break;
		}
	}
	return 0;
}

/* Only what leads where we say is taken out: the kernel looks at keys alone, and a port of ours may be somebody else's by now. */
static int unpublish_some(struct firewall *f, const struct ruleset_port *ports, size_t n, struct err *e)
{
	scoped_netlink_batch struct netlink_batch ask = { 0 }, b = { 0 };
	struct present x = { .ports = ports, .n = n };
	struct hear_ports h = { hear_present, &x };
	struct netlink_result res = { 0 };
	int r;

	netlink_batch_init(&ask);
	netlink_batch_init(&b);
	for (size_t i = 0; i < n; i++) {
		struct nft_element element = ruleset_port_element(&ports[i]);

		nft_get_element(&ask, ruleset_table, ruleset_port_set(&ports[i]), &element);
	}
	r = netlink_query(&f->nl, &ask, hear_elements, &h, &res);
	if (r < 0 && r != -ENOENT)
		return failed(e, r, &res, "look for ports in table 'inet tare'");
	if (x.n_found == 0)
		return 0;
	nft_begin(&b);
	ruleset_add_ports(&b, x.found, x.n_found, false);
	nft_end(&b);
	r = netlink_talk(&f->nl, &b, &res);
	if (r == -ENOENT)
		return talk_tolerant(f, delete_port, x.found, x.n_found, "take ports out of table 'inet tare'", e);
	return r < 0 ? failed(e, r, &res, "take ports out of table 'inet tare'") : 0;
}

int firewall_unpublish(struct firewall *f, const struct ruleset_port *ports, size_t n, struct err *e)
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
	nft_dump_elements(&b, ruleset_table, set);
	r = netlink_query(&f->nl, &b, hear_elements, h, &res);
	return r < 0 && r != -ENOENT ? failed(e, r, &res, "list published ports") : r == -ENOENT ? 0 : r;
}

int firewall_each_port(struct firewall *f, firewall_port_fn fn, void *arg, struct err *e)
{
	struct hear_ports h = { fn, arg };
	int r = 0;

	for (size_t i = 0; r == 0 && i < RULESET_SETS; i++)
		r = ruleset_sets[i].data_size ? each_port_of(f, ruleset_sets[i].name, &h, e) : 0;
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

	if (!nft_read_base_chain(m, &c) || (c.family == NFPROTO_INET && streq(c.table, ruleset_table)))
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
