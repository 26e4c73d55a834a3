/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * firewall: the one nftables table of the host, `inet tare`.
 *
 * Its chains and rules never change while the host runs; networks and published ports are elements of its sets and maps. The comment of the
 * table carries the version of the rules: an older table is replaced, with all its elements, in one transaction, so no packet ever meets half of
 * it; a newer one is left alone. Other programs' tables are not touched; a drop of theirs still drops (network_check says so).
 *
 * Errors: ERR_UNSUPPORTED if the kernel has no nf_tables or lacks one of the expressions.
 * Threads: every call opens its own conversation in the caller's network namespace.
 */
#include "base/err.h"
#include "network/addr.h"
#include "network/nft.h"

/* A network as the rules see it. */
struct firewall_net {
	const char *bridge;
	struct addr subnet, subnet6; /* family 0: none */
	bool internal;
};

/* A published port. host.family 0: every address of the host. */
struct firewall_port {
	struct addr host;
	uint16_t host_port;
	uint8_t protocol;            /* IPPROTO_* */
	struct addr to;
	uint16_t port;
};

/* Everything that should stand in the table; asked for only when the table has to be made. Fills arrays in an arena of its own. */
struct firewall_content {
	const struct firewall_net *nets;
	size_t n_nets;
	const struct firewall_port *ports;
	size_t n_ports;
};
typedef int (*firewall_content_fn)(void *arg, struct firewall_content *ret, struct err *e);

struct firewall {
	struct netlink nl;
};
int firewall_open(struct firewall *f, struct err *e);
void firewall_done(struct firewall *f);
#define scoped_firewall SCOPED(firewall_done)

/* Makes sure that the table stands and knows @net; usually two questions and no change. Where something is missing @content tells what to put in. */
int firewall_ensure(struct firewall *f, const struct firewall_net *net, firewall_content_fn content, void *arg, struct err *e);

/* Forgets a network. Missing ones are no error. */
int firewall_drop_net(struct firewall *f, const struct firewall_net *net, struct err *e);

/* Publishes all the ports or none (ERR_CONFLICT: one leads elsewhere already); takes those back that are there and lead there. */
int firewall_publish(struct firewall *f, const struct firewall_port *ports, size_t n, struct err *e);
int firewall_unpublish(struct firewall *f, const struct firewall_port *ports, size_t n, struct err *e);

/* Calls @fn with each published port of the table. A missing table is empty. */
typedef int (*firewall_port_fn)(void *arg, const struct firewall_port *p);
int firewall_each_port(struct firewall *f, firewall_port_fn fn, void *arg, struct err *e);

/* Calls @fn with every base chain of the host that is not ours. */
typedef int (*firewall_chain_fn)(void *arg, const struct nft_base_chain *c);
int firewall_each_chain(struct firewall *f, firewall_chain_fn fn, void *arg, struct err *e);

/* Both the same; both the same place on the host, wherever they lead. */
bool firewall_port_same_place(const struct firewall_port *a, const struct firewall_port *b);
bool firewall_port_equal(const struct firewall_port *a, const struct firewall_port *b);
