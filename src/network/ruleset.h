/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * ruleset: the table `inet tare` as data, and the requests that fill it. Pure; firewall.h talks about it with the kernel.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network/addr.h"
#include "network/nft.h"

/* A network as the rules see it. */
struct ruleset_net {
	const char *bridge;
	struct addr subnet, subnet6; /* family 0: none */
	bool internal;
	bool no_neighbours, no_masquerade;
};

/* A published port. host.family 0: every address of the host. */
struct ruleset_port {
	struct addr host;
	uint16_t host_port;
	uint8_t protocol;            /* IPPROTO_* */
	struct addr to;
	uint16_t port;
};

/* Everything that should stand in the table. */
struct ruleset_content {
	const struct ruleset_net *nets;
	size_t n_nets;
	const struct ruleset_port *ports;
	size_t n_ports;
};
/* The elements of each set of a table that is about to be replaced. */
enum { RULESET_SETS = 11 };
struct ruleset_elements {
	struct nft_element *v;
	size_t n, cap;
};
struct ruleset_kept {
	struct arena *a;
	struct ruleset_elements sets[RULESET_SETS];
	size_t at;                   /* the set that is being read */
};

extern const char ruleset_table[];
extern const struct nft_set ruleset_sets[RULESET_SETS];

/* The version in a table's comment, 0 if there is none; whether it is ours or a newer one. */
uint32_t ruleset_version(const char *comment);
bool ruleset_is_current(uint32_t version);

/* A whole transaction: the table with its rules, what was kept of an older one (@replace), and the content. */
void ruleset_add_all(struct netlink_batch *b, bool replace, const struct ruleset_kept *kept, const struct ruleset_content *content);

/* Requests within a transaction. */
void ruleset_add_content(struct netlink_batch *b, const struct ruleset_content *content);
void ruleset_add_ports(struct netlink_batch *b, const struct ruleset_port *ports, size_t n, bool add); /* or delete */

/* The elements of one network in one set: none, one, or the two ends of an interval. */
size_t ruleset_net_elements(const struct ruleset_net *net, const char *set, struct nft_element ret[2]);
struct nft_element ruleset_bridge_element(const char *bridge);

/* A port is one element of one map; the inverse is false for what is none of ours. */
const char *ruleset_port_set(const struct ruleset_port *p);
struct nft_element ruleset_port_element(const struct ruleset_port *p);
bool ruleset_port_read(const struct nft_element *x, struct ruleset_port *ret);

/* Both the same; both the same place on the host, wherever they lead. */
bool ruleset_port_same_place(const struct ruleset_port *a, const struct ruleset_port *b);
bool ruleset_port_equal(const struct ruleset_port *a, const struct ruleset_port *b);
