/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * nearness: how close to this machine an address is. A registry, a redirect or a token server may lead anywhere in the world, but not to where only this
 * machine is heard: services on loopback, and what clouds tell their machines about themselves.
 */
#include <sys/socket.h>

enum nearness {
	NEAR_WORLD,    /* the internet, and networks of one's own: object stores are in both */
	NEAR_LINK,     /* this link, and the metadata services of clouds */
	NEAR_MACHINE,  /* loopback */
	NEAR_NOTHING,  /* no address of one machine: multicast, broadcast */
	NEARNESS_COUNT,
};

/* Of an AF_INET or AF_INET6 address, also one that carries the other kind inside; NEAR_NOTHING for other families. */
enum nearness nearness_of(const struct sockaddr *address);

/* For people: "this machine". */
const char *nearness_text(enum nearness n);
