/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * inspect_network: the part of docker's inspect document of a container that is about networks: NetworkSettings, and ports wherever they stand.
 */
#include "engine/engine.h"

struct doc_endpoint_ipam {
	const char *ip, *ip6;
};

/* One network a container is in, or would be in if it ran. */
struct doc_network {
	const char *key;
	const struct doc_endpoint_ipam *ipam; /* what was asked for; NULL: nothing */
	struct strs links, aliases;
	const char *mac;
	struct pairs driver_options;
	int32_t priority;
	const char *network_id, *endpoint_id, *gateway, *ip;
	uint32_t prefix;
	const char *gateway6, *ip6;
	uint32_t prefix6;
	struct strs names;
};

struct doc_networks {
	const char *bridge, *sandbox_id, *sandbox_key;
	struct str ports;
	const char *endpoint_id, *gateway, *ip6;
	uint32_t prefix6;
	const char *ip;
	uint32_t prefix;
	const char *gateway6, *mac;
	struct doc_network *networks;
	size_t n_networks;
};
extern const struct schema inspect_networks_schema;

struct doc_networks inspect_networks(struct engine *en, const struct container_info *i, struct arena *a);

/* {"80/tcp":[{"HostIp":"","HostPort":"8080"}],…}; exposed ports that are not published are null. @any_ip stands where no address was said. */
struct str inspect_ports(const struct container_port *ports, size_t n, const struct strs *exposed, const char *any_ip, struct arena *a);
