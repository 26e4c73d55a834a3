/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * sublink: macvlan and ipvlan links: a link of a container that hangs directly on one of the host's, without a bridge and without our firewall.
 */
#include "network/link.h"

struct sublink {
	const char *kind;              /* "macvlan", "ipvlan" */
	const char *mode;              /* NULL: bridge, l2 */
	const char *parent;            /* on the host */
	const char *name;              /* inside */
	int netns_fd;
	uint8_t mac[MAC_SIZE];         /* macvlan */
	uint32_t mtu;                  /* 0: the parent's */
};

/* Makes it in the namespace, with its final name. Errors: ERR_UNSUPPORTED (the kernel has no such links), ERR_NOT_FOUND (no such parent), ERR_CONFLICT
 * (the parent is used another way already), -EEXIST (the inside has such a link). */
int sublink_make(struct netlink *nl, const struct sublink *s, struct err *e);

/* Errors: ERR_INVALID if links of that kind have no such mode. */
int sublink_mode_check(const char *kind, const char *mode, struct err *e);

/* True if that mode knows no neighbours, and so no gateway: packets are routed by the parent (ipvlan l3, l3s). */
bool sublink_is_routed(const char *kind, const char *mode);
