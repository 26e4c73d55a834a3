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
#include "network/ruleset.h"

/* Everything that should stand in the table, in an arena of @arg's; asked for only when something is missing. */
typedef int (*firewall_content_fn)(void *arg, struct ruleset_content *ret, struct err *e);

struct firewall {
	struct netlink nl;
};
int firewall_open(struct firewall *f, struct err *e);
void firewall_done(struct firewall *f);
#define scoped_firewall SCOPED(firewall_done)

/* Makes sure that the table stands and knows @net; usually two questions and no change. Where something is missing @content tells what to put in. */
int firewall_ensure(struct firewall *f, const struct ruleset_net *net, firewall_content_fn content, void *arg, struct err *e);

/* Forgets a network. Missing ones are no error. */
int firewall_drop_net(struct firewall *f, const struct ruleset_net *net, struct err *e);

/* Publishes all the ports or none (ERR_CONFLICT: one leads elsewhere already); takes those back that are there and lead there. */
int firewall_publish(struct firewall *f, const struct ruleset_port *ports, size_t n, struct err *e);
int firewall_unpublish(struct firewall *f, const struct ruleset_port *ports, size_t n, struct err *e);

/* Calls @fn with each published port of the table. A missing table is empty. */
typedef int (*firewall_port_fn)(void *arg, const struct ruleset_port *p);
int firewall_each_port(struct firewall *f, firewall_port_fn fn, void *arg, struct err *e);

/* Calls @fn with every base chain of the host that is not ours. */
typedef int (*firewall_chain_fn)(void *arg, const struct nft_base_chain *c);
int firewall_each_chain(struct firewall *f, firewall_chain_fn fn, void *arg, struct err *e);
