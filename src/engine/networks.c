/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/networks.h"

#include <errno.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "os/file.h"
#include "spec/event.h"

const char *network_mode_container(const char *mode)
{
	return mode ? str_after(mode, "container:") : NULL;
}

const char *network_mode_path(const char *mode)
{
	return mode ? str_after(mode, "ns:") : NULL;
}

/* ---- asking ------------------------------------------------------------------------------------------------------------------------------- */

static void asked_of_request(const struct container_request *q, struct arena *a, struct container_networks *ret)
{
	struct container_network *one;

	*ret = (struct container_networks){ q->networks, q->n_networks };
	if (q->n_networks || network_mode_container(q->network) || network_mode_path(q->network))
		return;
	one = arena_new(a, struct container_network);
	*one = (struct container_network){ .name = q->network ? q->network : "bridge", .ip = q->ip, .ip6 = q->ip6, .mac = q->mac, .aliases = q->aliases };
	*ret = (struct container_networks){ one, 1 };
}

int networks_asked(const struct holding *h, struct arena *a, struct container_networks *ret, struct err *e)
{
	char *text;
	size_t n;
	int r = object_is_finished(&h->object) ? object_read(&h->object, FILE_NETWORKS, LIMIT_DOCUMENT, a, &text, &n) : -ENOENT;

	if (r == -ENOENT) {
		asked_of_request(&h->c.request, a, ret);
		return 0;
	}
	*ret = (struct container_networks){ 0 };
	if (r < 0)
		return err_sys(e, r, "read " FILE_NETWORKS);
	r = json_decode((struct str){ text, n }, &container_networks_schema, 0, a, ret, e);
	return r < 0 ? err_wrap(e, FILE_NETWORKS) : 0;
}

int networks_ask(const struct holding *h, const struct container_networks *want, struct err *e)
{
	return store_write(&h->object, FILE_NETWORKS, &container_networks_schema, want, e);
}

/* ---- somebody else's namespace -------------------------------------------------------------------------------------------------------------- */

static int join_container(const struct holding *h, const char *ref, struct arena *a, struct joined *j, struct err *e)
{
	scoped_holding struct holding other = HOLDING_NONE;
	const char *id;
	int r = container_find(h->en, ref, a, &id, e);

	if (r == 0)
		r = store_open(h->en, id, a, &other, e);
	if (r < 0)
		return err_wrap(e, "network container:%s", ref);
	if (!store_monitor_is_alive(&other, a))
		return err_set(e, ERR_CONFLICT, "cannot join the network of container %s: it is not running", other.c.name);
	j->netns_path = arena_printf(a, "%s/" PIN_PREFIX "net", h->live_path);
	/* One that shares a namespace itself has no files of its own. */
	if (faccessat(other.live, "hosts", F_OK, 0) == 0)
		j->names_path = other.live_path;
	return 0;
}

/* ---- networks ------------------------------------------------------------------------------------------------------------------------------- */

static int check_unique(const struct joined *j, size_t i, struct err *e)
{
	if (i > 0 && (!network_wants_attach(j->v[i].config) || !network_wants_attach(j->v[0].config)))
		return err_set(e, ERR_INVALID, "network '%s' cannot be combined with others",
			       network_wants_attach(j->v[i].config) ? j->v[0].config->name : j->v[i].config->name);
	for (size_t k = 0; k < i; k++) {
		if (streq(j->v[k].config->name, j->v[i].config->name))
			return err_set(e, ERR_INVALID, "network '%s' is named twice", j->v[i].config->name);
	}
	return 0;
}

static void choose_leading(struct joined *j)
{
	j->leading = j->count;
	for (size_t i = 0; i < j->count; i++) {
		if (network_leads_outside(j->v[i].config) && (j->leading == j->count || j->v[i].want->priority > j->v[j->leading].want->priority))
			j->leading = i;
	}
	j->publishing = j->leading < j->count ? j->leading : 0;
	for (size_t i = 0; i < j->count && j->count > 1 && !j->v[j->publishing].config->bridge; i++) {
		if (j->v[i].config->bridge && !j->v[i].config->internal)
			j->publishing = i;
	}
}

static int check_want(const struct network_config *c, const struct container_network *want, struct err *e)
{
	if (!network_wants_attach(c) && (want->ip || want->ip6 || want->mac || want->interface || want->aliases.n))
		return err_set(e, ERR_INVALID, "network '%s' has neither addresses nor names: --ip, --ip6, --mac-address, --network-alias need another", c->name);
	if (want->aliases.n && !network_has_dns(c))
		return err_set(e, ERR_INVALID, "network '%s' has no name service, so no aliases: make one with 'tare network create'", c->name);
	return 0;
}

int networks_join(const struct holding *h, struct arena *a, struct joined *ret, struct err *e)
{
	const char *mode = h->c.request.network, *container = network_mode_container(mode);
	struct container_networks want;
	int r = engine_network(h->en, &ret->n, e);

	if (r == 0)
		r = networks_asked(h, a, &want, e);
	if (r < 0)
		return r;
	if (container && want.n_list == 0)
		return join_container(h, container, a, ret, e);
	if (network_mode_path(mode) && want.n_list == 0) {
		ret->netns_path = network_mode_path(mode);
		return 0;
	}
	ret->v = arena_array(a, struct joined_network, want.n_list);
	for (; ret->count < want.n_list; ret->count++) {
		struct joined_network *net = &ret->v[ret->count];

		net->want = &want.list[ret->count];
		r = network_find(ret->n, net->want->name, a, &net->config, e);
		if (r == 0)
			r = check_unique(ret, ret->count, e);
		if (r == 0)
			r = check_want(net->config, net->want, e);
		if (r < 0)
			return r;
	}
	choose_leading(ret);
	return 0;
}

struct network_request networks_request(const struct holding *h, const struct joined *j, size_t i)
{
	const struct container_network *want = j->v[i].want;

	return (struct network_request){
		.container = h->id, .name = h->c.name, .aliases = want->aliases, .hostname = h->c.request.hostname, .ip = want->ip, .ip6 = want->ip6,
		.mac = want->mac, .interface = want->interface, .index = (unsigned)i, .default_route = i == j->leading,
	};
}

void network_event(const struct engine *en, const struct container_address *at, const char *action, const char *container)
{
	if (at->network_id)
		event_note(en->root, EVENT_NETWORK, action, at->network_id, "container", container, "name", at->network, "type",
			   at->driver ? at->driver : "bridge", NULL);
}

bool networks_include(const struct container_info *i, const char *network)
{
	const struct container_request *q = &i->c->request;

	for (size_t k = 0; i->state && k < i->state->n_addresses; k++) {
		if (streq(i->state->addresses[k].network, network))
			return true;
	}
	/* One that runs is where its state says; disconnected from what it asked for, it is not there. */
	if (i->state && i->state->n_addresses)
		return false;
	for (size_t k = 0; k < q->n_networks; k++) {
		if (streq(q->networks[k].name, network))
			return true;
	}
	return streq(q->network ? q->network : "bridge", network);
}

/* ---- what that means ------------------------------------------------------------------------------------------------------------------------ */

bool joined_wants_netns(const struct joined *j)
{
	return !j->netns_path && (j->count == 0 || network_wants_netns(j->v[0].config));
}

bool joined_wants_no_ipv6(const struct joined *j)
{
	for (size_t i = 0; i < j->count; i++) {
		if (!network_wants_no_ipv6(j->v[i].config))
			return false;
	}
	return j->count > 0;
}

bool joined_wants_attach(const struct joined *j)
{
	return j->count > 0 && network_wants_attach(j->v[0].config);
}

const char *joined_gateway(const struct joined *j)
{
	size_t i = j->leading < j->count ? j->leading : 0;

	return j->count > 0 && j->v[i].config->bridge ? j->v[i].config->gateway : NULL;
}
