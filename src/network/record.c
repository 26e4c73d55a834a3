/* SPDX-License-Identifier: Apache-2.0 */
#include "network/record.h"

#include <errno.h>

#include "base/vec.h"

int record_write(struct network *n, const struct network_config *c, const char *container, const struct container_address *at,
		const struct network_resolver *resolver, struct err *e)
{
	struct attachment x = {
		.version = ATTACHMENT_VERSION, .network = c->name, .container = container, .names = at->names, .ip = at->ip, .ip6 = at->ip6,
		.bridge = c->bridge, .internal = c->internal, .upstreams = c->dns,
	};

	if (!network_has_dns(c))
		return 0;
	if (c->bridge) {
		x.gateway = c->gateway;
		x.gateway6 = c->gateway6;
	}
	if (resolver && resolver->servers.n) {
		x.upstreams = resolver->servers;
		x.own_upstreams = true;
	}
	if (resolver)
		x.searches = resolver->searches;
	return attachments_write(n->run_fd, &x, e);
}

int network_rename(struct network *n, const char *container, const struct container_address *at, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct attachment x;
	int r = attachments_read(n->run_fd, container, at->network, &a, &x, e);

	if (r == -ENOENT)
		return 0;
	x.names = at->names;
	return r < 0 ? r : attachments_write(n->run_fd, &x, e);
}

struct update {
	struct network *n;
	const struct network_config *to;
	struct err *e;
	int r;
};

static bool update_one(void *arg, const char *container, const char *network)
{
	struct update *u = arg;
	scoped_arena struct arena a = { 0 };
	struct attachment x;
	int r;

	if (u->r < 0 || !streq(network, u->to->name))
		return false;
	r = attachments_read(u->n->run_fd, container, network, &a, &x, u->e);
	if (r == 0 && !x.own_upstreams) {
		x.upstreams = u->to->dns;
		r = attachments_write(u->n->run_fd, &x, u->e);
	}
	u->r = r == -ENOENT ? 0 : r;
	return false;
}

int record_update_dns(struct network *n, const struct network_config *to, struct err *e)
{
	struct update u = { n, to, e, 0 };
	int r = attachments_sweep(n->run_fd, update_one, &u, e);

	return r < 0 ? r : u.r;
}
