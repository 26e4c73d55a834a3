/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * netlink: conversations with the kernel about links, routes and nf_tables, in batches: many requests, one sendmsg.
 *
 *     struct netlink_batch b; netlink_batch_init(&b);
 *     netlink_begin(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &ifinfo, sizeof ifinfo);
 *     netlink_put_str(&b, IFLA_IFNAME, "tare0");
 *     size_t info = netlink_nest(&b, IFLA_LINKINFO); … netlink_nest_end(&b, info);
 *     netlink_end(&b);
 *     r = netlink_talk(&nl, &b, &result);
 *
 * Building never fails in between: a batch that outgrew its maximum makes netlink_talk return -E2BIG. rtnetlink goes on after a failed
 * request, so later ones may have been done; nf_tables batches are all or nothing. The kernel answers within the sendmsg, so nothing blocks.
 * Errors: -errno of the first request that failed, with its index and the kernel's own words in the result. EINTR: retried.
 */
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/scope.h"

struct netlink {
	int fd;
	uint32_t seq;
};
#define NETLINK_NONE ((struct netlink){ .fd = -9 /* -EBADF */ })

/* A socket in the network namespace of the caller: NETLINK_ROUTE, NETLINK_NETFILTER. It stays in that namespace. */
int netlink_open(struct netlink *nl, int protocol);
void netlink_done(struct netlink *nl);
#define scoped_netlink SCOPED(netlink_done)

/* ---- building ---- */

enum { NETLINK_MAX_REQUESTS = 128 };

struct netlink_batch {
	struct buf b;
	size_t start;       /* of the request being built */
	size_t n;           /* requests so far */
	bool overflow;
};
void netlink_batch_init(struct netlink_batch *b);
void netlink_batch_done(struct netlink_batch *b);
#define scoped_netlink_batch SCOPED(netlink_batch_done)

/* Starts a request: NLM_F_REQUEST is implied and so is NLM_F_ACK, unless @flags has NLM_F_DUMP or NETLINK_NO_ACK (nf_tables' batch marks). */
enum { NETLINK_NO_ACK = 0x10000 };
void netlink_begin(struct netlink_batch *b, uint16_t type, unsigned flags, const void *header, size_t n);
void netlink_end(struct netlink_batch *b);

void netlink_put(struct netlink_batch *b, uint16_t type, const void *p, size_t n);
void netlink_put_u8(struct netlink_batch *b, uint16_t type, uint8_t v);
void netlink_put_u16(struct netlink_batch *b, uint16_t type, uint16_t v);
void netlink_put_u32(struct netlink_batch *b, uint16_t type, uint32_t v);
void netlink_put_u64(struct netlink_batch *b, uint16_t type, uint64_t v);
void netlink_put_be16(struct netlink_batch *b, uint16_t type, uint16_t v);
void netlink_put_be32(struct netlink_batch *b, uint16_t type, uint32_t v);
void netlink_put_be64(struct netlink_batch *b, uint16_t type, uint64_t v);
void netlink_put_str(struct netlink_batch *b, uint16_t type, const char *s); /* with its NUL */
void netlink_put_flag(struct netlink_batch *b, uint16_t type);

/* Opens a nested attribute (NLA_F_NESTED is added) and returns what closes it. */
size_t netlink_nest(struct netlink_batch *b, uint16_t type);
void netlink_nest_end(struct netlink_batch *b, size_t nest);

/* Raw bytes inside an open attribute, padded to 4 (the header some nested protocols put there). */
void netlink_put_raw(struct netlink_batch *b, const void *p, size_t n);

/* ---- talking ---- */

struct netlink_result {
	size_t index;       /* of the request that failed, from 0 */
	char text[128];     /* the kernel's extended answer, or "" */
};

/* Hears every answer that is not an acknowledgement (dump entries, NLM_F_ECHO). Non-zero stops listening and becomes the result. */
typedef int (*netlink_fn)(void *arg, const struct nlmsghdr *m);

/* Sends the batch and collects every answer. @fn and @ret may be NULL. The batch may be sent again. */
int netlink_talk(struct netlink *nl, struct netlink_batch *b, struct netlink_result *ret);
int netlink_query(struct netlink *nl, struct netlink_batch *b, netlink_fn fn, void *arg, struct netlink_result *ret);

/* ---- reading ---- */

/* Fills table[type] with each attribute of type <= @max, NULL where absent; @p, @n are the bytes after the fixed header. Errors: -EBADMSG. */
int netlink_parse(const void *p, size_t n, const struct nlattr **table, size_t max);

/* The bytes after the fixed header of @header_size of a message. */
const void *netlink_payload(const struct nlmsghdr *m, size_t header_size, size_t *ret_n);

static inline const void *netlink_data(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}
static inline size_t netlink_size(const struct nlattr *a)
{
	return (size_t)a->nla_len - NLA_HDRLEN;
}
/* Values; 0 or NULL if the attribute is absent or too short (a string must hold its NUL). */
uint16_t netlink_get_u16(const struct nlattr *a);
uint32_t netlink_get_u32(const struct nlattr *a);
const char *netlink_get_str(const struct nlattr *a);
