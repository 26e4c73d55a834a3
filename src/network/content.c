/* SPDX-License-Identifier: Apache-2.0 */
#include "network/content.h"

#include "base/vec.h"
#include "network/config.h"
#include "network/ports.h"

struct port_list {
	struct arena *a;
	struct VEC(struct ruleset_port) list;
};

static bool collect_port(void *arg, const char *owner, const struct ruleset_port *p)
{
	struct port_list *ports = arg;

	if (*owner)
		*vec_push(ports->a, &ports->list) = *p;
	return false;
}

void content_net(const struct network_config *c, const struct network_range *range, struct ruleset_net *ret)
{
	*ret = (struct ruleset_net){
		.bridge = c->bridge, .subnet = range->subnet, .subnet6 = range->subnet6, .internal = c->internal,
		.no_neighbours = c->no_neighbours, .no_masquerade = c->no_masquerade,
	};
}

int content_read(void *arg, struct ruleset_content *ret, struct err *e)
{
	struct content *x = arg;
	struct port_list ports = { .a = x->a };
	struct VEC(struct ruleset_net) nets = { 0 };
	const struct network_config **list;
	size_t n_list;
	int r;

	r = config_list(x->n, x->a, &list, &n_list, e);
	if (r == 0)
		r = ports_sweep(x->n->ports_fd, collect_port, &ports, e);
	for (size_t i = 0; r >= 0 && i < n_list; i++) {
		struct network_range range;

		if (!list[i]->bridge)
			continue;
		r = network_range_read(list[i], &range, e);
		if (r == 0)
			content_net(list[i], &range, vec_push(x->a, &nets));
	}
	if (r < 0)
		return r;
	*ret = (struct ruleset_content){ nets.v, nets.n, ports.list.v, ports.list.n };
	return 0;
}
