/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * networks: which networks a container is in, what it asks of each, and whose namespace it shares instead.
 */
#include "engine/store.h"
#include "network/network.h"

#define FILE_NETWORKS "networks.json"

/* One network of a start. */
struct joined_network {
	const struct network_config *config;
	const struct container_network *want;
};

/* All of them; or the namespace that is used instead. */
struct joined {
	struct network *n;
	struct joined_network *v;
	size_t count;
	size_t leading;              /* index of the one with the default route; count: none has it */
	size_t publishing;           /* index of the one that publishes ports */
	const char *netns_path;      /* "container:", "ns:": the namespace; NULL: one of its own, or the host's */
	const char *names_path;      /* "container:": the live directory whose hosts, resolv.conf and hostname it shares */
};

/* What the container is asked to be in: networks.json if connect or disconnect wrote one, else the request. */
int networks_asked(const struct holding *h, struct arena *a, struct container_networks *ret, struct err *e);
int networks_ask(const struct holding *h, const struct container_networks *want, struct err *e);

/* Looks everything up for a start. Errors: ERR_NOT_FOUND (network, container), ERR_CONFLICT (the other does not run), ERR_INVALID. */
int networks_join(const struct holding *h, struct arena *a, struct joined *ret, struct err *e);

/* What the network with index @i is asked for. */
struct network_request networks_request(const struct holding *h, const struct joined *j, size_t i);

/* True if the container gets a namespace of its own; if nothing in it shall speak IPv6; if it takes addresses. */
bool joined_wants_netns(const struct joined *j);
bool joined_wants_no_ipv6(const struct joined *j);
bool joined_wants_attach(const struct joined *j);

/* The address under which a container of these networks reaches its host, or NULL. */
const char *joined_gateway(const struct joined *j);

/* Says in the journal that a container came ("connect") into a network or left it ("disconnect"). */
void network_event(const struct engine *en, const struct container_address *at, const char *action, const char *container);

/* True if the container is in that network, as far as its request and its state say; the names of all it is in, with commas. */
bool networks_include(const struct container_info *i, const char *network);

/* Docker's id of one attachment, made of the ids of both. */
const char *network_endpoint_id(const char *container, const char *network, struct arena *a);

/* The words of --network after which a namespace's owner stands. NULL if @mode is something else. */
const char *network_mode_container(const char *mode);
const char *network_mode_path(const char *mode);
