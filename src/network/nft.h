/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * nft: nf_tables as data. Sets, chains and rules are rows; these functions append the netlink requests that make them to a batch.
 *
 * Pure encoding: nothing here talks. A batch stands between nft_begin and nft_end and is applied by the kernel as one transaction.
 * Everything is of family inet. Registers are numbered as the kernel numbers its 4-byte ones (8 ... 23): concatenated keys lie one after the
 * other, each field padded to 4 bytes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/netlink.h"

enum { NFT_R = 8 };              /* the first register; NFT_R + n lies n words further */

/* ---- what a table is made of ---- */

struct nft_set {
	const char *name;
	uint32_t key_type;       /* NFT_TYPE_*: only nft(8) reads it, to print the elements for people */
	uint32_t key_size;
	uint32_t data_type;      /* maps only */
	uint32_t data_size;
	bool interval;
};

/* The types of nft(8)'s words; a concatenation of several is NFT_CONCAT of them. */
enum { NFT_TYPE_IP = 7, NFT_TYPE_IP6 = 8, NFT_TYPE_PROTO = 12, NFT_TYPE_PORT = 13, NFT_TYPE_IFNAME = 41 };
#define NFT_CONCAT2(a, b) ((uint32_t)(a) << 6 | (b))
#define NFT_CONCAT3(a, b, c) (NFT_CONCAT2(a, b) << 6 | (c))

struct nft_chain {
	const char *name;
	const char *type;        /* "filter", "nat"; NULL: reached by jumps only */
	uint32_t hook;           /* NF_INET_* */
	int32_t priority;
};

enum nft_op {
	NFT_END,
	NFT_META,                /* reg = meta key */
	NFT_PAYLOAD,             /* reg = size bytes at offset from base */
	NFT_CT,                  /* reg = ct key */
	NFT_FIB_TYPE,            /* reg = type of the destination address */
	NFT_MASK,                /* reg &= value */
	NFT_EQ, NFT_NE,          /* go on if reg (size bytes) equals value */
	NFT_IN, NFT_NOT_IN,      /* go on if reg is in set */
	NFT_MAP,                 /* reg = map[reg], else the rule ends */
	NFT_DNAT,                /* to the address in reg and the port in reg2, of family value */
	NFT_MASQUERADE,
	NFT_VERDICT,             /* value, and the chain `set` for jumps */
};

struct nft_expr {
	enum nft_op op;
	uint8_t reg, reg2;
	uint32_t key, offset, size; /* key: meta or ct key, or base of the payload */
	uint32_t value;             /* as the bytes lie in the register */
	const char *set;
};

enum { NFT_RULE_EXPRS = 12 };
struct nft_rule {
	const char *chain;
	const char *comment;
	struct nft_expr exprs[NFT_RULE_EXPRS]; /* ends at NFT_END */
};

/* One element; a map's data, if data_size. */
struct nft_element {
	uint8_t key[36];
	uint32_t key_size;
	uint8_t data[20];
	uint32_t data_size;
	bool interval_end;
};

/* ---- requests ---- */

void nft_begin(struct netlink_batch *b);
void nft_end(struct netlink_batch *b);

/* Makes the table, failing with -EEXIST if it is there. */
void nft_add_table(struct netlink_batch *b, const char *table, const char *comment);
void nft_delete_table(struct netlink_batch *b, const char *table);
void nft_add_set(struct netlink_batch *b, const char *table, const struct nft_set *s, uint32_t id);
void nft_add_chain(struct netlink_batch *b, const char *table, const struct nft_chain *c);
void nft_add_rule(struct netlink_batch *b, const char *table, const struct nft_rule *r);

/* Elements that are there already are left alone by add; missing ones make delete fail with -ENOENT. */
void nft_add_elements(struct netlink_batch *b, const char *table, const char *set, const struct nft_element *v, size_t n);
void nft_delete_elements(struct netlink_batch *b, const char *table, const char *set, const struct nft_element *v, size_t n);

/* Questions, outside of a transaction. */
void nft_get_table(struct netlink_batch *b, const char *table);
void nft_get_element(struct netlink_batch *b, const char *table, const char *set, const struct nft_element *x);
void nft_dump_elements(struct netlink_batch *b, const char *table, const char *set);
void nft_dump_chains(struct netlink_batch *b, uint8_t family);

/* ---- answers ---- */

/* The comment of a table from an answer to nft_get_table, "" if it has none. */
const char *nft_table_comment(const struct nlmsghdr *m, char ret[128]);

/* Calls @fn with each element of an answer to nft_dump_elements or nft_get_element. */
typedef int (*nft_element_fn)(void *arg, const struct nft_element *x);
int nft_each_element(const struct nlmsghdr *m, nft_element_fn fn, void *arg);

/* A base chain of anybody's from an answer to nft_dump_chains; false if it is no base chain. Strings are borrowed from @m. */
struct nft_base_chain {
	uint8_t family;
	const char *table, *name, *type;
	uint32_t hook, policy;
	int32_t priority;
};
bool nft_read_base_chain(const struct nlmsghdr *m, struct nft_base_chain *ret);
