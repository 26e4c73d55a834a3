/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * network: what the engine asks of the host's network on behalf of containers.
 *
 * The life of an attachment, in the order the engine calls:
 *
 *     network_open(root, run, &n, e)                           two directories; touches nothing of the host's network
 *     network_find(n, "bridge", a, &config, e)                 the default network is made (on disk only) when first asked for
 *     network_reserve(n, config, &request, a, &address, e)     an address and the host ports belong to the container from here on
 *     ... the engine writes hosts and resolv.conf (dns.h), starts the container, records the address in its state ...
 *     network_attach(n, config, id, &address, &resolver, netns_fd, e) links, addresses and published ports are live when it returns
 *     network_detach(n, id, &address, e)                       address, ports and map elements are free again; undoes reserve and attach
 *
 * The container's end of the link lives in its network namespace and dies with it; detach deletes no link, because the kernel reaps a dead
 * namespace off everybody's path while deleting a link by hand costs the caller 35 ms.
 *
 * Implemented by objects.c, attach.c, heal.c and check.c.
 *
 * State:      <root>/networks/<name>/network.json, <run>/ipam/<name>/<ip>, <run>/ports/<port>-<protocol>/<host ip>. A reservation file holds
 *             the id of its container first, so that network_heal() can drop what a dead container left behind.
 * Ownership:  results live in the arena given; `struct network` borrows nothing from its caller.
 * Errors:     ERR_NOT_FOUND (no such network), ERR_EXISTS (address or name taken), ERR_CONFLICT (port taken, network in use), ERR_EXHAUSTED
 *             (no address or port left), ERR_INVALID (bad request), ERR_UNSUPPORTED (the host's kernel lacks bridge, veth or nf_tables).
 * Threads:    one `struct network` per thread; several processes may work on the same directories.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/scope.h"
#include "spec/container.h"

struct network;

/* One network, as network.json says it. Drivers: "bridge", "macvlan", "ipvlan", "host", "none". */
struct network_config {
	uint32_t version;            /* of the document; newer than the program: refused */
	const char *name;
	const char *id;              /* 64 hex digits, for the doors that want one */
	const char *created;         /* RFC 3339 */
	const char *driver;
	const char *bridge;          /* of a bridge network: its link on the host, "tare0" */
	const char *parent;          /* of macvlan and ipvlan: the host's link they hang on, */
	const char *mode;            /* and how ("bridge", "private", "l2", …); NULL: the kernel's default */
	const char *subnet;          /* "172.30.0.0/16" */
	const char *gateway;         /* "172.30.0.1": the bridge's own address */
	const char *subnet6;         /* NULL: the network speaks no IPv6 */
	const char *gateway6;
	const char *range, *range6;  /* where addresses are chosen from: "10.1.0.128/25" or "FIRST-LAST"; NULL: the whole subnet */
	struct pairs aux;            /* --aux-address: name and an address that is not given to containers */
	uint32_t mtu;                /* 0: the kernel's default */
	bool internal;               /* no way out, no published ports */
	bool no_dns;                 /* nobody answers names in it */
	bool no_neighbours;          /* containers do not see each other */
	bool no_masquerade;          /* containers keep their address on the way out */
	bool no_default_route;       /* containers learn no gateway */
	const char *publish_ip;      /* where ports are published that name no address; NULL: everywhere */
	const char *interface_prefix; /* of links inside; NULL: "eth" */
	struct strs dns;             /* nameservers for the outside; empty: the host's */
	struct pairs options;        /* driver options as asked, for whoever inspects */
	struct pairs labels;
};
extern const struct schema network_config_schema;

int network_open(const char *root, const char *run, struct network **ret, struct err *e);
void network_close(struct network *n);
static inline void network_closep(struct network **n)
{
	if (*n)
		network_close(*n);
	*n = NULL;
}
#define scoped_network SCOPED(network_closep)

/* ---- networks as objects -------------------------------------------------------------------------------------------------------------- */

/* The network of that name or id prefix; NULL means "bridge". "bridge", "host" and "none" always exist. */
int network_find(struct network *n, const char *name, struct arena *a, const struct network_config **ret, struct err *e);

/* All networks, sorted by name. Damaged ones are skipped (network_check names them). */
int network_list(struct network *n, struct arena *a, const struct network_config ***ret, size_t *ret_n, struct err *e);

/* Makes a network as @want says; what is absent in it (id, bridge, subnet, gateway) is chosen. subnet6 "" asks for a chosen one. */
int network_create(struct network *n, const struct network_config *want, struct arena *a, const struct network_config **ret, struct err *e);

/* Changes the nameservers of a network, also for the containers in it. @drop: those that go; @add: those that come. */
int network_update_dns(struct network *n, const char *name, const struct strs *drop, const struct strs *add, struct err *e);

/* Where ports are published from now on that name no address; NULL: on every one. Also of the default network. Errors: ERR_INVALID. */
int network_update_publish(struct network *n, const char *name, const char *ip, struct err *e);

/* Sets what a driver option says ("com.docker.network.driver.mtu", podman's "mtu") in @c. Errors: ERR_UNSUPPORTED, ERR_INVALID. */
int network_option(struct network_config *c, const char *key, const char *value, struct err *e);

/* Removes a network without containers, with its bridge. The three that always exist cannot be removed. */
int network_remove(struct network *n, const char *name, struct err *e);

/* Takes the bridge and the rules' knowledge of a network without containers off the host; its next attachment brings them back. */
int network_stop(struct network *n, const char *name, struct err *e);

/* True if somebody answers names there: see spec/attachment.h. */
bool network_has_dns(const struct network_config *c);

/* True if the engine has to call reserve/attach/detach at all and give the container a namespace of its own. "none": namespace, no attachment. */
bool network_wants_netns(const struct network_config *c);
bool network_wants_attach(const struct network_config *c);

/* True if a container may have its default route there. */
bool network_leads_outside(const struct network_config *c);

/* True if whoever makes the namespace had better set net.ipv6.conf.default.disable_ipv6=1 in it: the network speaks no IPv6, and attach would
 * otherwise have to see to that for its link (0.3 ms). False where the kernel has no IPv6, and so no such switch. */
bool network_wants_no_ipv6(const struct network_config *c);

/* ---- attachments ---------------------------------------------------------------------------------------------------------------------- */

struct network_request {
	const char *container;       /* id */
	const char *name;            /* of the container, and what else it answers to; read where the network has name service */
	struct strs aliases;
	const char *hostname;        /* if it was asked for; NULL */
	const char *ip, *ip6;        /* NULL: the next free one */
	const char *mac;             /* NULL: follows from the address */
	const char *interface;       /* NULL: eth and @index */
	unsigned index;              /* how many networks the container is in already */
	bool default_route;          /* this network leads outside */
	const struct container_port *ports;
	size_t n_ports;              /* host_port 0: a free one of the ephemeral range is chosen */
};

/*
 * Takes an address and the host ports; all or nothing. @ret is ready to be stored in struct container_state: its ports carry the real host ports.
 * Errors: ERR_CONFLICT "bind for 0.0.0.0:8080 failed: port is already allocated".
 */
int network_reserve(struct network *n, const struct network_config *c, const struct network_request *q, struct arena *a,
		struct container_address *ret, struct err *e);

/* What the name server is told of a container besides its address. */
struct network_resolver {
	struct strs servers, searches; /* --dns, --dns-search */
};

/* Connects the namespace behind @netns_fd (borrowed), publishes the ports and makes the names known. @resolver may be NULL. On failure the reservation
 * stays, nothing else does. */
int network_attach(struct network *n, const struct network_config *c, const char *container, const struct container_address *at,
		const struct network_resolver *resolver, int netns_fd, struct err *e);

/* Takes the link of one attachment out of a living container's namespace; network_detach() does the rest. */
int network_unplug(const struct container_address *at, int netns_fd, struct err *e);

/* Gives a living container the default route of that attachment. */
int network_route(const struct network_config *c, const struct container_address *at, int netns_fd, struct err *e);

/* Makes other names of a living container known. */
int network_rename(struct network *n, const char *container, const struct container_address *at, struct err *e);

/* Frees whatever is left of an attachment: finished, half done or never begun. Things that are gone already are no error. */
int network_detach(struct network *n, const char *container, const struct container_address *at, struct err *e);

/*
 * What is different for an ordinary user: the address under which his containers reach the host (in @a; NULL: the host has no way out), and who asks nameservers on the host's
 * loopback for them. False for root: it is the gateway, and nobody.
 */
bool network_of_user(struct arena *a, const char **ret_host, const char **ret_forwarder);

/* ---- the whole system ----------------------------------------------------------------------------------------------------------------- */

/* True if that container still needs what it reserved: it runs, or somebody holds its lock. */
typedef bool (*network_alive_fn)(void *arg, const char *container);

/* Drops addresses, port reservations and map elements whose container is gone, and restores those of living ones that are missing
 * (somebody flushed the ruleset). Returns how many things were put right. */
int network_heal(struct network *n, network_alive_fn alive, void *arg, struct err *e);

enum network_level { NETWORK_NOTE, NETWORK_WARNING, NETWORK_ERROR };
struct network_finding {
	enum network_level level;
	const char *object;          /* "network bridge", "kernel", "table ip filter" */
	const char *problem;
};
typedef void (*network_finding_fn)(void *arg, const struct network_finding *f);

/* Looks at the host without changing it: kernel facilities, damaged objects, left-over reservations, forwarding, and other programs' rules
 * that drop what ours accept. Returns the number of findings above NETWORK_NOTE. */
int network_check(struct network *n, network_alive_fn alive, void *arg, network_finding_fn each, void *each_arg, struct err *e);
