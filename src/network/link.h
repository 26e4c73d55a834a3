/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * link: interfaces, addresses and routes over rtnetlink. Each verb is one batch, so a container costs three conversations: find the bridge, make
 * the pair, configure the inside.
 *
 * The container's end of a pair is born in its namespace (no move, which would wait for RCU), with its final name, so there is nothing to rename.
 * Errors: ERR_UNSUPPORTED if the kernel lacks the kind of link; ERR_EXHAUSTED if a bridge has no free port (the kernel's limit is 1023).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "network/addr.h"
#include "os/netlink.h"

enum { LINK_NAME_SIZE = 16 };    /* IFNAMSIZ */

struct link_info {
	uint32_t index;
	bool up;
	bool no_ipv6;            /* switched off on this link, or the kernel has none */
	char kind[16];           /* "bridge", "veth", "" */
	uint8_t mac[MAC_SIZE];
};

/* An rtnetlink socket in the caller's namespace. */
int link_open(struct netlink *nl, struct err *e);

/* Looks a link up by name. Returns 1 if it is there, 0 if not. */
int link_find(struct netlink *nl, const char *name, struct link_info *ret, struct err *e);

struct link_bridge {
	const char *name;
	struct addr gateway, gateway6; /* with the prefix of the subnet; family 0: none */
	uint32_t mtu;                  /* 0: the kernel's default */
};

/*
 * Makes the bridge or finishes one that its maker left half done; it comes up last, so a bridge that is up is whole. Loopback addresses may be
 * routed to it (published ports on 127.0.0.1); router advertisements are not believed (CVE-2020-13401). @ret: the bridge.
 */
int link_make_bridge(struct netlink *nl, const struct link_bridge *b, struct link_info *ret, struct err *e);

struct link_pair {
	const char *host_name;
	const char *name;              /* inside: "eth0" */
	uint32_t bridge;               /* index */
	int netns_fd;
	uint8_t mac[MAC_SIZE];
	uint32_t mtu;
	bool hairpin;                  /* frames may go back out of the port they came in by */
	bool isolated;                 /* sees the bridge, but none of its other isolated ports */
};
/* Makes the pair or nothing; the host's end is up and a port of the bridge. Errors: ERR_EXHAUSTED; -EEXIST (host name taken or the inside has such a link already). */
int link_make_pair(struct netlink *nl, const struct link_pair *p, struct err *e);

/* Deletes a link; a missing one is no error. Costs up to 35 ms: only for undoing and removing networks. */
int link_delete(struct netlink *nl, const char *name, struct err *e);

/* Brings it up. */
int link_up(const char *name, struct err *e);

struct link_inside {
	const char *name;
	struct addr address, address6; /* with prefix; family 0: none */
	struct addr gateway, gateway6; /* family 0: no default route; "0.0.0.0": one that needs no gateway */
};
/*
 * Inside the namespace behind @netns_fd: loopback up, address, link up, default route. The calling thread enters the namespace for the moment it
 * takes to open a socket; if it cannot come back the program ends.
 */
int link_configure_inside(int netns_fd, const struct link_inside *in, struct err *e);

/* In a namespace that is configured already: the default routes of @in alone; the link is taken away, which a missing one is not an error of. */
int link_route_inside(int netns_fd, const struct link_inside *in, struct err *e);
int link_delete_inside(int netns_fd, const char *name, struct err *e);

/* Calls @fn with every subnet the host routes to, whatever the table; default routes are left out. */
typedef int (*link_route_fn)(void *arg, const struct addr *subnet, uint32_t interface);
int link_each_route(struct netlink *nl, link_route_fn fn, void *arg, struct err *e);

/*
 * Lets IPv4 (IPv6) packets pass through this host. Returns 1 if it had to be switched on, 0 if it was on. With IPv6 forwarding the kernel stops
 * believing routers; links that did so until now go on doing it (accept_ra 2), or the host would lose its own default route.
 */
int link_enable_forwarding(bool six, struct err *e);

/* True if forwarding is on. */
bool link_forwards(bool six);
