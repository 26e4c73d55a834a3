/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * network_commands: what the commands about networks ask for, beyond what network/network.h does without knowing containers.
 *
 * Errors: ERR_NOT_FOUND; ERR_CONFLICT (in use, connected already, container not running); ERR_INVALID; ERR_DENIED (the three that always exist).
 */
#include "engine/engine.h"
#include "network/network.h"

/* The networks themselves, without containers. Borrowed. */
int engine_networks(struct engine *en, struct network **ret, struct err *e);

/* Makes one, and says so in the journal. */
int network_make(struct engine *en, const struct network_config *want, struct arena *a, const struct network_config **ret, struct err *e);

/* A container that is, or will be when it starts, in a network. */
struct network_user {
	const char *id, *name;
	const struct container_address *address; /* NULL unless it runs */
};

struct network_users {
	struct network_user *v;
	size_t n, cap;
};

/* Who has the network @c. */
int network_users(struct engine *en, const struct network_config *c, struct arena *a, struct network_users *ret, struct err *e);

/* Networks by name that pass @filters: name= id= driver= label= label!= scope= type= dangling= until= */
int network_search(struct engine *en, const struct strs *filters, struct arena *a, const struct network_config ***ret, size_t *ret_n, struct err *e);

/* Docker's inspect document as JSON text; with @also_podman its keys too (Subnets, NetworkInterface, …), for templates. */
int network_inspect_json(struct engine *en, const char *ref, bool also_podman, struct arena *a, const char **ret, struct err *e);

/* Removes a network that no running container has. */
int network_delete(struct engine *en, const char *ref, struct err *e);

/* Removes every network that people made and no container has. @each hears their names. */
int network_prune(struct engine *en, const struct prune_filter *filter, void (*each)(void *arg, const char *name), void *arg, struct err *e);

/* Looks at what is asked of one network, and puts names and driver options (com.docker.network.endpoint.ifname=NAME) into it. */
int network_want_finish(struct container_network *want, const struct strs *aliases, const struct strs *driver_options, struct arena *a, struct err *e);

/* Puts a container into a network, or takes it out: at once if it runs, and for all its starts to come. */
int network_connect(struct engine *en, const char *network, const char *container, const struct container_network *want, struct err *e);
int network_disconnect(struct engine *en, const char *network, const char *container, bool force, struct err *e);

/* Puts firewall rules and addresses of running containers back if somebody took them away. Returns how many things were put right. */
int network_reload(struct engine *en, struct err *e);
