/* SPDX-License-Identifier: Apache-2.0 */
#include "network/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "base/scope.h"

/* Comments are type-length-value in the user data of tables and rules; type 0 is the comment in both. */
enum { UDATA_COMMENT = 0, UDATA_SET_KEY_BYTE_ORDER = 0, UDATA_MAX = 128 };

static void begin_family(struct netlink_batch *b, uint16_t message, unsigned flags, uint8_t family)
{
	struct nfgenmsg header = { .nfgen_family = family, .version = NFNETLINK_V0 };

	netlink_begin(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | message), flags, &header, sizeof header);
}

static void begin(struct netlink_batch *b, uint16_t message, unsigned flags)
{
	begin_family(b, message, flags, NFPROTO_INET);
}

static void mark(struct netlink_batch *b, uint16_t type)
{
	struct nfgenmsg header = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	netlink_begin(b, type, NETLINK_NO_ACK, &header, sizeof header);
	netlink_end(b);
}

void nft_begin(struct netlink_batch *b)
{
	mark(b, NFNL_MSG_BATCH_BEGIN);
}

void nft_end(struct netlink_batch *b)
{
	mark(b, NFNL_MSG_BATCH_END);
}

static void put_comment(struct netlink_batch *b, uint16_t type, const char *comment)
{
	uint8_t data[UDATA_MAX];
	size_t n = strnlen(comment, UDATA_MAX - 3) + 1;

	data[0] = UDATA_COMMENT;
	data[1] = (uint8_t)n;
	memcpy(data + 2, comment, n - 1);
	data[1 + n] = '\0';
	netlink_put(b, type, data, n + 2);
}

/* ---- tables, sets, chains ---------------------------------------------------------------------------------------------------------- */

void nft_add_table(struct netlink_batch *b, const char *table, const char *comment)
{
	begin(b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
	netlink_put_str(b, NFTA_TABLE_NAME, table);
	put_comment(b, NFTA_TABLE_USERDATA, comment);
	netlink_end(b);
}

void nft_delete_table(struct netlink_batch *b, const char *table)
{
	begin(b, NFT_MSG_DELTABLE, 0);
	netlink_put_str(b, NFTA_TABLE_NAME, table);
	netlink_end(b);
}

/* nft(8) prints interface names only if it is told that their bytes lie in host order. */
static void put_byte_order(struct netlink_batch *b, const struct nft_set *s)
{
	uint32_t host_order = 1;
	uint8_t data[2 + sizeof host_order] = { UDATA_SET_KEY_BYTE_ORDER, sizeof host_order };

	if (s->key_type != NFT_TYPE_IFNAME)
		return;
	memcpy(data + 2, &host_order, sizeof host_order);
	netlink_put(b, NFTA_SET_USERDATA, data, sizeof data);
}

void nft_add_set(struct netlink_batch *b, const char *table, const struct nft_set *s, uint32_t id)
{
	uint32_t flags = (s->data_size ? NFT_SET_MAP : 0u) | (s->interval ? NFT_SET_INTERVAL : 0u);

	begin(b, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
	netlink_put_str(b, NFTA_SET_TABLE, table);
	netlink_put_str(b, NFTA_SET_NAME, s->name);
	netlink_put_be32(b, NFTA_SET_ID, id);
	netlink_put_be32(b, NFTA_SET_FLAGS, flags);
	netlink_put_be32(b, NFTA_SET_KEY_TYPE, s->key_type);
	netlink_put_be32(b, NFTA_SET_KEY_LEN, s->key_size);
	put_byte_order(b, s);
	if (s->data_size) {
		netlink_put_be32(b, NFTA_SET_DATA_TYPE, s->data_type);
		netlink_put_be32(b, NFTA_SET_DATA_LEN, s->data_size);
	}
	netlink_end(b);
}

void nft_add_chain(struct netlink_batch *b, const char *table, const struct nft_chain *c)
{
	begin(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
	netlink_put_str(b, NFTA_CHAIN_TABLE, table);
	netlink_put_str(b, NFTA_CHAIN_NAME, c->name);
	if (c->type) {
		size_t hook = netlink_nest(b, NFTA_CHAIN_HOOK);

		netlink_put_be32(b, NFTA_HOOK_HOOKNUM, c->hook);
		netlink_put_be32(b, NFTA_HOOK_PRIORITY, (uint32_t)c->priority);
		netlink_nest_end(b, hook);
		netlink_put_be32(b, NFTA_CHAIN_POLICY, NF_ACCEPT);
		netlink_put_str(b, NFTA_CHAIN_TYPE, c->type);
	}
	netlink_end(b);
}

/* ---- expressions -------------------------------------------------------------------------------------------------------------------- */

static void put_value(struct netlink_batch *b, uint16_t type, const void *p, size_t n)
{
	size_t nest = netlink_nest(b, type);

	netlink_put(b, NFTA_DATA_VALUE, p, n);
	netlink_nest_end(b, nest);
}

static void put_meta(struct netlink_batch *b, const struct nft_expr *x)
{
	netlink_put_be32(b, NFTA_META_KEY, x->key);
	netlink_put_be32(b, NFTA_META_DREG, x->reg);
}

static void put_payload(struct netlink_batch *b, const struct nft_expr *x)
{
	netlink_put_be32(b, NFTA_PAYLOAD_DREG, x->reg);
	netlink_put_be32(b, NFTA_PAYLOAD_BASE, x->key);
	netlink_put_be32(b, NFTA_PAYLOAD_OFFSET, x->offset);
	netlink_put_be32(b, NFTA_PAYLOAD_LEN, x->size);
}

static void put_ct(struct netlink_batch *b, const struct nft_expr *x)
{
	netlink_put_be32(b, NFTA_CT_DREG, x->reg);
	netlink_put_be32(b, NFTA_CT_KEY, x->key);
}

static void put_fib_type(struct netlink_batch *b, const struct nft_expr *x)
{
	netlink_put_be32(b, NFTA_FIB_DREG, x->reg);
	netlink_put_be32(b, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	netlink_put_be32(b, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
}

static void put_mask(struct netlink_batch *b, const struct nft_expr *x)
{
	uint32_t zero = 0;

	netlink_put_be32(b, NFTA_BITWISE_SREG, x->reg);
	netlink_put_be32(b, NFTA_BITWISE_DREG, x->reg);
	netlink_put_be32(b, NFTA_BITWISE_LEN, sizeof x->value);
	put_value(b, NFTA_BITWISE_MASK, &x->value, sizeof x->value);
	put_value(b, NFTA_BITWISE_XOR, &zero, sizeof zero);
}

static void put_cmp(struct netlink_batch *b, const struct nft_expr *x)
{
	uint8_t byte = (uint8_t)x->value;

	netlink_put_be32(b, NFTA_CMP_SREG, x->reg);
	netlink_put_be32(b, NFTA_CMP_OP, x->op == NFT_EQ ? NFT_CMP_EQ : NFT_CMP_NEQ);
	put_value(b, NFTA_CMP_DATA, x->size == 1 ? (const void *)&byte : &x->value, x->size);
}

static void put_lookup(struct netlink_batch *b, const struct nft_expr *x)
{
	netlink_put_str(b, NFTA_LOOKUP_SET, x->set);
	netlink_put_be32(b, NFTA_LOOKUP_SREG, x->reg);
	if (x->op == NFT_MAP)
		netlink_put_be32(b, NFTA_LOOKUP_DREG, x->reg);
	if (x->op == NFT_NOT_IN)
		netlink_put_be32(b, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
}

static void put_dnat(struct netlink_batch *b, const struct nft_expr *x)
{
	netlink_put_be32(b, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	netlink_put_be32(b, NFTA_NAT_FAMILY, x->value);
	netlink_put_be32(b, NFTA_NAT_REG_ADDR_MIN, x->reg);
	netlink_put_be32(b, NFTA_NAT_REG_PROTO_MIN, x->reg2);
}

static void put_nothing(struct netlink_batch *b, const struct nft_expr *x)
{
}

static void put_verdict(struct netlink_batch *b, const struct nft_expr *x)
{
	size_t data, verdict;

	netlink_put_be32(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = netlink_nest(b, NFTA_IMMEDIATE_DATA);
	verdict = netlink_nest(b, NFTA_DATA_VERDICT);
	netlink_put_be32(b, NFTA_VERDICT_CODE, x->value);
	if (x->set)
		netlink_put_str(b, NFTA_VERDICT_CHAIN, x->set);
	netlink_nest_end(b, verdict);
	netlink_nest_end(b, data);
}

static const struct {
	const char *name;
	void (*put)(struct netlink_batch *b, const struct nft_expr *x);
} expr_table[] = {
	[NFT_META] = { "meta", put_meta },
	[NFT_PAYLOAD] = { "payload", put_payload },
	[NFT_CT] = { "ct", put_ct },
	[NFT_FIB_TYPE] = { "fib", put_fib_type },
	[NFT_MASK] = { "bitwise", put_mask },
	[NFT_EQ] = { "cmp", put_cmp },
	[NFT_NE] = { "cmp", put_cmp },
	[NFT_IN] = { "lookup", put_lookup },
	[NFT_NOT_IN] = { "lookup", put_lookup },
	[NFT_MAP] = { "lookup", put_lookup },
	[NFT_DNAT] = { "nat", put_dnat },
	[NFT_MASQUERADE] = { "masq", put_nothing },
	[NFT_VERDICT] = { "immediate", put_verdict },
};

void nft_add_rule(struct netlink_batch *b, const char *table, const struct nft_rule *r)
{
	size_t list;

	begin(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	netlink_put_str(b, NFTA_RULE_TABLE, table);
	netlink_put_str(b, NFTA_RULE_CHAIN, r->chain);
	list = netlink_nest(b, NFTA_RULE_EXPRESSIONS);
	for (const struct nft_expr *x = r->exprs; x < r->exprs + NFT_RULE_EXPRS && x->op != NFT_END; x++) {
		size_t item = netlink_nest(b, NFTA_LIST_ELEM), data;

		netlink_put_str(b, NFTA_EXPR_NAME, expr_table[x->op].name);
		data = netlink_nest(b, NFTA_EXPR_DATA);
		expr_table[x->op].put(b, x);
		netlink_nest_end(b, data);
		netlink_nest_end(b, item);
	}
	netlink_nest_end(b, list);
	if (r->comment)
		put_comment(b, NFTA_RULE_USERDATA, r->comment);
	netlink_end(b);
}

/* ---- elements ----------------------------------------------------------------------------------------------------------------------- */

/* One request holds at most this many, since the length of an attribute has 16 bits and an element takes up to 100 bytes. */
enum { ELEMENTS_PER_REQUEST = 500 };

static void put_elements(struct netlink_batch *b, uint16_t message, unsigned flags, const char *table, const char *set,
		const struct nft_element *v, size_t n)
{
	size_t list;

	begin(b, message, flags);
	netlink_put_str(b, NFTA_SET_ELEM_LIST_TABLE, table);
	netlink_put_str(b, NFTA_SET_ELEM_LIST_SET, set);
	list = netlink_nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t i = 0; i < n; i++) {
		size_t item = netlink_nest(b, NFTA_LIST_ELEM);

		put_value(b, NFTA_SET_ELEM_KEY, v[i].key, v[i].key_size);
		if (v[i].data_size && message == NFT_MSG_NEWSETELEM)
			put_value(b, NFTA_SET_ELEM_DATA, v[i].data, v[i].data_size);
		if (v[i].interval_end)
			netlink_put_be32(b, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
		netlink_nest_end(b, item);
	}
	netlink_nest_end(b, list);
	netlink_end(b);
}

static void put_chunks(struct netlink_batch *b, uint16_t message, unsigned flags, const char *table, const char *set,
		const struct nft_element *v, size_t n)
{
	for (size_t i = 0; i < n; i += ELEMENTS_PER_REQUEST) {
		size_t part = n - i < ELEMENTS_PER_REQUEST ? n - i : ELEMENTS_PER_REQUEST;

		put_elements(b, message, flags, table, set, v + i, part);
	}
}

void nft_add_elements(struct netlink_batch *b, const char *table, const char *set, const struct nft_element *v, size_t n)
{
	put_chunks(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE, table, set, v, n);
}

void nft_delete_elements(struct netlink_batch *b, const char *table, const char *set, const struct nft_element *v, size_t n)
{
	put_chunks(b, NFT_MSG_DELSETELEM, 0, table, set, v, n);
}

/* ---- questions ---------------------------------------------------------------------------------------------------------------------- */

void nft_get_table(struct netlink_batch *b, const char *table)
{
	begin(b, NFT_MSG_GETTABLE, 0);
	netlink_put_str(b, NFTA_TABLE_NAME, table);
	netlink_end(b);
}

void nft_get_element(struct netlink_batch *b, const char *table, const char *set, const struct nft_element *x)
{
	put_elements(b, NFT_MSG_GETSETELEM, 0, table, set, x, 1);
}

void nft_dump_elements(struct netlink_batch *b, const char *table, const char *set)
{
	begin(b, NFT_MSG_GETSETELEM, NLM_F_DUMP);
	netlink_put_str(b, NFTA_SET_ELEM_LIST_TABLE, table);
	netlink_put_str(b, NFTA_SET_ELEM_LIST_SET, set);
	netlink_end(b);
}

void nft_dump_chains(struct netlink_batch *b, uint8_t family)
{
	begin_family(b, NFT_MSG_GETCHAIN, NLM_F_DUMP, family);
	netlink_end(b);
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------------ */

static bool parse_answer(const struct nlmsghdr *m, uint16_t message, const struct nlattr **table, size_t max)
{
	size_t n;
	const void *p = netlink_payload(m, sizeof(struct nfgenmsg), &n);

	return m->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | message) && p && netlink_parse(p, n, table, max) == 0;
}

static int parse_nested(const struct nlattr *a, const struct nlattr **table, size_t max)
{
	return a ? netlink_parse(netlink_data(a), netlink_size(a), table, max) : -ENOENT;
}

const char *nft_table_comment(const struct nlmsghdr *m, char ret[128])
{
	const struct nlattr *t[NFTA_TABLE_MAX + 1];
	const uint8_t *p;
	size_t n;

	ret[0] = '\0';
	if (!parse_answer(m, NFT_MSG_NEWTABLE, t, NFTA_TABLE_MAX) || !t[NFTA_TABLE_USERDATA])
		return ret;
	p = netlink_data(t[NFTA_TABLE_USERDATA]);
	n = netlink_size(t[NFTA_TABLE_USERDATA]);
	if (n < 3 || p[0] != UDATA_COMMENT || p[1] > n - 2 || p[1] > UDATA_MAX - 1)
		return ret;
	memcpy(ret, p + 2, p[1]);
	ret[p[1]] = '\0';
	return ret;
}

/* Copies a nested value of at most @max bytes. Returns its size, 0 if there is none. */
static uint32_t read_value(const struct nlattr *a, uint8_t *ret, size_t max)
{
	const struct nlattr *t[NFTA_DATA_MAX + 1];
	size_t n;

	if (parse_nested(a, t, NFTA_DATA_MAX) < 0 || !t[NFTA_DATA_VALUE])
		return 0;
	n = netlink_size(t[NFTA_DATA_VALUE]);
	if (n > max)
		return 0;
	memcpy(ret, netlink_data(t[NFTA_DATA_VALUE]), n);
	return (uint32_t)n;
}

int nft_each_element(const struct nlmsghdr *m, nft_element_fn fn, void *arg)
{
	const struct nlattr *t[NFTA_SET_ELEM_LIST_MAX + 1], *list;
	const char *p, *end;

	if (!parse_answer(m, NFT_MSG_NEWSETELEM, t, NFTA_SET_ELEM_LIST_MAX) || !t[NFTA_SET_ELEM_LIST_ELEMENTS])
		return 0;
	list = t[NFTA_SET_ELEM_LIST_ELEMENTS];
	p = netlink_data(list);
	end = p + netlink_size(list);
	while (end - p >= (ptrdiff_t)NLA_HDRLEN) {
		const struct nlattr *item = (const void *)p, *x[NFTA_SET_ELEM_MAX + 1];
		struct nft_element element = { 0 };
		int r;

		if (item->nla_len < NLA_HDRLEN || item->nla_len > end - p)
			return -EBADMSG;
		if (parse_nested(item, x, NFTA_SET_ELEM_MAX) == 0) {
			element.key_size = read_value(x[NFTA_SET_ELEM_KEY], element.key, sizeof element.key);
			element.data_size = read_value(x[NFTA_SET_ELEM_DATA], element.data, sizeof element.data);
			element.interval_end = ntohl(netlink_get_u32(x[NFTA_SET_ELEM_FLAGS])) & NFT_SET_ELEM_INTERVAL_END;
			r = element.key_size ? fn(arg, &element) : 0;
			if (r != 0)
				return r;
		}
		if (NLA_ALIGN(item->nla_len) >= end - p)
			break;
		p += NLA_ALIGN(item->nla_len);
	}
	return 0;
}

bool nft_read_base_chain(const struct nlmsghdr *m, struct nft_base_chain *ret)
{
	const struct nlattr *t[NFTA_CHAIN_MAX + 1], *hook[NFTA_HOOK_MAX + 1];
	const struct nfgenmsg *header = (const void *)((const char *)m + NLMSG_HDRLEN);

	if (!parse_answer(m, NFT_MSG_NEWCHAIN, t, NFTA_CHAIN_MAX) || parse_nested(t[NFTA_CHAIN_HOOK], hook, NFTA_HOOK_MAX) < 0)
		return false;
	*ret = (struct nft_base_chain){
		.family = header->nfgen_family,
		.table = netlink_get_str(t[NFTA_CHAIN_TABLE]),
		.name = netlink_get_str(t[NFTA_CHAIN_NAME]),
		.type = netlink_get_str(t[NFTA_CHAIN_TYPE]),
		.hook = ntohl(netlink_get_u32(hook[NFTA_HOOK_HOOKNUM])),
		.priority = (int32_t)ntohl(netlink_get_u32(hook[NFTA_HOOK_PRIORITY])),
		.policy = t[NFTA_CHAIN_POLICY] ? ntohl(netlink_get_u32(t[NFTA_CHAIN_POLICY])) : NF_ACCEPT,
	};
	return ret->table && ret->name;
}
