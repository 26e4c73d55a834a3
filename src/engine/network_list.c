/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands about networks do that look: who is in one, which there are, the inspect document; and removing what nobody has. */
#include "engine/network_commands.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/vec.h"
#include "codec/digest.h"
#include "engine/networks.h"
#include "spec/event.h"

int engine_networks(struct engine *en, struct network **ret, struct err *e)
{
	return engine_network(en, ret, e);
}

int network_make(struct engine *en, const struct network_config *want, struct arena *a, const struct network_config **ret, struct err *e)
{
	struct network *n;
	int r = engine_network(en, &n, e);

	if (r == 0)
		r = network_create(n, want, a, ret, e);
	if (r == 0)
		event_note(en->root, EVENT_NETWORK, "create", (*ret)->id, "name", (*ret)->name, "type", (*ret)->driver, NULL);
	return r;
}

/* ---- who is in it --------------------------------------------------------------------------------------------------------------------------- */

struct search {
	struct engine *en;
	const struct network_config *c;
	struct arena *a;
	struct network_users *users;
};

/* A container may name its network by id. */
static bool means(const struct container_network *want, const struct network_config *c)
{
	return streq(want->name, c->name) || (strlen(want->name) >= 4 && str_after(c->id, want->name));
}

static const struct container_address *address_in(const struct container_state *s, const char *network)
{
	for (size_t i = 0; s && i < s->n_addresses; i++) {
		if (streq(s->addresses[i].network, network))
			return &s->addresses[i];
	}
	return NULL;
}

static int user_visit(void *arg, const char *id)
{
	struct search *s = arg;
	scoped_holding struct holding h = HOLDING_NONE;
	struct container_networks want;
	struct container_info i;
	struct err ignored;          /* gone meanwhile, or unreadable: `system check` names it */

	if (store_open(s->en, id, s->a, &h, &ignored) < 0 || networks_asked(&h, s->a, &want, &ignored) < 0 || store_status(&h, s->a, &i, &ignored) < 0)
		return 0;
	for (size_t k = 0; k < want.n_list; k++) {
		if (!means(&want.list[k], s->c))
			continue;
		*vec_push(s->a, s->users) = (struct network_user){ h.id, h.c.name, address_in(i.state, s->c->name) };
		break;
	}
	return 0;
}

int network_users(struct engine *en, const struct network_config *c, struct arena *a, struct network_users *ret, struct err *e)
{
	struct search s = { en, c, a, ret };
	int r;

	*ret = (struct network_users){ 0 };
	r = objdir_each(&en->containers, user_visit, &s);
	return r < 0 ? err_sys(e, r, "list containers") : 0;
}

/* ---- filters -------------------------------------------------------------------------------------------------------------------------------- */

static bool is_builtin(const struct network_config *c)
{
	return streq(c->name, "bridge") || streq(c->name, "host") || streq(c->name, "none");
}

struct matching {
	struct engine *en;
	struct arena *a;
	struct err *e;
	int failed;
};

static bool match_name(const struct network_config *c, const char *value, struct matching *m)
{
	return strstr(c->name, value);
}

static bool match_id(const struct network_config *c, const char *value, struct matching *m)
{
	return str_after(c->id, value);
}

static bool match_driver(const struct network_config *c, const char *value, struct matching *m)
{
	return streq(c->driver, value) || (streq(c->driver, "none") && streq(value, "null"));
}

static bool match_label(const struct network_config *c, const char *value, struct matching *m)
{
	struct str want, key = str_cut(str_of(value), '=', &want);
	const char *have = pairs_find(&c->labels, arena_strndup(m->a, key.p, key.n));

	return have && (!want.p || str_is(want, have));
}

static bool match_not_label(const struct network_config *c, const char *value, struct matching *m)
{
	return !match_label(c, value, m);
}

static bool match_scope(const struct network_config *c, const char *value, struct matching *m)
{
	return streq(value, "local");
}

static bool match_type(const struct network_config *c, const char *value, struct matching *m)
{
	if (!streq(value, "builtin") && !streq(value, "custom"))
		m->failed = err_set(m->e, ERR_INVALID, "invalid filter 'type=%s': it is builtin or custom", value);
	return streq(value, is_builtin(c) ? "builtin" : "custom");
}

static bool match_dangling(const struct network_config *c, const char *value, struct matching *m)
{
	struct network_users users = { 0 };
	bool want = false;

	if (parse_bool(value, &want) < 0)
		m->failed = err_set(m->e, ERR_INVALID, "invalid filter 'dangling=%s': it is true or false", value);
	else
		m->failed = network_users(m->en, c, m->a, &users, m->e);
	return want == (users.n == 0 && !is_builtin(c));
}

static bool match_until(const struct network_config *c, const char *value, struct matching *m)
{
	struct timespec made;
	int64_t until;

	if (parse_i64(value, &until) < 0) {
		m->failed = err_set(m->e, ERR_INVALID, "invalid filter 'until=%s'", value);
		return false;
	}
	return c->created && text_time_parse(c->created, &made) == 0 && made.tv_sec < until;
}

/* Values of one key are alternatives, but labels must all hold; different keys must all hold. */
/* clang-format off */
static const struct {
	const char *key;
	bool all;
	bool (*match)(const struct network_config *c, const char *value, struct matching *m);
} network_filters[] = {
	{ "name",     false, match_name },
	{ "id",       false, match_id },
	{ "driver",   false, match_driver },
	{ "label",    true,  match_label },
	{ "label!",   true,  match_not_label },
	{ "scope",    false, match_scope },
	{ "type",     false, match_type },
	{ "dangling", false, match_dangling },
	{ "until",    true,  match_until },
};
/* clang-format on */

static int filters_check(const struct strs *filters, struct err *e)
{
	for (size_t i = 0; i < filters->n; i++) {
		struct str value, key = str_cut(str_of(filters->v[i]), '=', &value);
		size_t k = 0;

		while (k < ARRAY_LEN(network_filters) && !str_is(key, network_filters[k].key))
			k++;
		if (!value.p || k == ARRAY_LEN(network_filters))
			return err_set(e, ERR_INVALID, "invalid filter '%s': name, id, driver, label, label!, scope, type, dangling and until are known", filters->v[i]);
	}
	return 0;
}

static bool passes(const struct network_config *c, const struct strs *filters, struct matching *m)
{
	for (size_t k = 0; k < ARRAY_LEN(network_filters); k++) {
		size_t asked = 0, held = 0;

		for (size_t i = 0; i < filters->n; i++) {
			struct str value, key = str_cut(str_of(filters->v[i]), '=', &value);

			if (!str_is(key, network_filters[k].key))
				continue;
			asked++;
			held += network_filters[k].match(c, value.p, m);
		}
		if (network_filters[k].all ? held < asked : asked && !held)
			return false;
	}
	return true;
}

int network_search(struct engine *en, const struct strs *filters, struct arena *a, const struct network_config ***ret, size_t *ret_n, struct err *e)
{
	struct matching m = { en, a, e, 0 };
	const struct network_config *ignored_config;
	struct network *n;
	size_t kept = 0;
	int r = filters_check(filters, e);

	if (r == 0)
		r = engine_network(en, &n, e);
	if (r == 0)
		r = network_find(n, NULL, a, &ignored_config, e);
	if (r == 0)
		r = network_list(n, a, ret, ret_n, e);
	for (size_t i = 0; r == 0 && i < *ret_n; i++) {
		if (passes((*ret)[i], filters, &m))
			(*ret)[kept++] = (*ret)[i];
		r = m.failed;
	}
	if (r == 0)
		*ret_n = kept;
	return r;
}

/* ---- the document --------------------------------------------------------------------------------------------------------------------------- */

struct doc_config {
	const char *subnet, *range, *gateway;
	struct pairs aux;
};

struct doc_ipam {
	const char *driver;
	struct pairs options;
	struct doc_config *config;
	size_t n_config;
};

struct doc_from {
	const char *network;
};

struct doc_container {
	const char *id, *name, *endpoint, *mac, *ip, *ip6;
};

struct doc_subnet {
	const char *subnet, *gateway;
};

struct doc_network {
	const char *name, *id, *created, *scope, *driver;
	bool ipv4, ipv6;
	struct doc_ipam ipam;
	bool internal, attachable, ingress;
	struct doc_from config_from;
	bool config_only;
	struct doc_container *containers;
	size_t n_containers;
	struct pairs options, labels;
	/* podman's words */
	const char *interface;
	struct doc_subnet *subnets;
	size_t n_subnets;
	bool dns;
	struct strs servers;
	struct pairs ipam_options;
};

/* clang-format off */
static const struct field config_fields[] = {
	FIELD(struct doc_config, subnet,  "Subnet",  STR, FIELD_OMIT_EMPTY),
	FIELD(struct doc_config, range,   "IPRange", STR, FIELD_OMIT_EMPTY),
	FIELD(struct doc_config, gateway, "Gateway", STR, FIELD_OMIT_EMPTY),
	FIELD(struct doc_config, aux,     "AuxiliaryAddresses", PAIRS, FIELD_OMIT_EMPTY),
};
static const struct schema config_schema = SCHEMA("Config", struct doc_config, config_fields);

static const struct field ipam_fields[] = {
	FIELD(struct doc_ipam, driver,  "Driver",  STR,   0),
	FIELD(struct doc_ipam, options, "Options", PAIRS, 0),
	FIELD_LIST(struct doc_ipam, config, "Config", &config_schema, 0),
};
static const struct schema ipam_schema = SCHEMA("IPAM", struct doc_ipam, ipam_fields);

static const struct field from_fields[] = { FIELD(struct doc_from, network, "Network", STR, 0) };
static const struct schema from_schema = SCHEMA("ConfigFrom", struct doc_from, from_fields);

static const struct field container_fields[] = {
	FIELD(struct doc_container, name,     "Name",        STR, 0),
	FIELD(struct doc_container, endpoint, "EndpointID",  STR, 0),
	FIELD(struct doc_container, mac,      "MacAddress",  STR, 0),
	FIELD(struct doc_container, ip,       "IPv4Address", STR, 0),
	FIELD(struct doc_container, ip6,      "IPv6Address", STR, 0),
};
static const struct schema container_schema_ = SCHEMA("container", struct doc_container, container_fields);

static const struct field subnet_fields[] = {
	FIELD(struct doc_subnet, subnet,  "Subnet",  STR, 0),
	FIELD(struct doc_subnet, gateway, "Gateway", STR, FIELD_OMIT_EMPTY),
};
static const struct schema subnet_schema = SCHEMA("subnet", struct doc_subnet, subnet_fields);

/* The first of these are docker's; the others stand for podman's words, in templates. */
#define DOCKER_ROWS                                                                            \
	FIELD(struct doc_network, name,       "Name",       STR,   0),                         \
	FIELD(struct doc_network, id,         "Id",         STR,   0),                         \
	FIELD(struct doc_network, created,    "Created",    STR,   0),                         \
	FIELD(struct doc_network, scope,      "Scope",      STR,   0),                         \
	FIELD(struct doc_network, driver,     "Driver",     STR,   0),                         \
	FIELD(struct doc_network, ipv4,       "EnableIPv4", BOOL,  0),                         \
	FIELD(struct doc_network, ipv6,       "EnableIPv6", BOOL,  0),                         \
	FIELD_OBJ(struct doc_network, ipam, "IPAM", &ipam_schema, 0),                          \
	FIELD(struct doc_network, internal,   "Internal",   BOOL,  0),                         \
	FIELD(struct doc_network, attachable, "Attachable", BOOL,  0),                         \
	FIELD(struct doc_network, ingress,    "Ingress",    BOOL,  0),                         \
	FIELD_OBJ(struct doc_network, config_from, "ConfigFrom", &from_schema, 0),             \
	FIELD(struct doc_network, config_only, "ConfigOnly", BOOL, 0),                         \
	FIELD_DICT(struct doc_network, containers, "Containers", &container_schema_, 0),       \
	FIELD(struct doc_network, options,    "Options",    PAIRS, 0),                         \
	FIELD(struct doc_network, labels,     "Labels",     PAIRS, 0)

static const struct field docker_fields[] = { DOCKER_ROWS };
static const struct schema docker_schema = SCHEMA("network", struct doc_network, docker_fields);

static const struct field both_fields[] = {
	DOCKER_ROWS,
	FIELD(struct doc_network, id,           "ID",                STR,   0),
	FIELD(struct doc_network, interface,    "NetworkInterface",  STR,   0),
	FIELD_LIST(struct doc_network, subnets, "Subnets", &subnet_schema, 0),
	FIELD(struct doc_network, ipv6,         "IPv6Enabled",       BOOL,  0),
	FIELD(struct doc_network, dns,          "DNSEnabled",        BOOL,  0),
	FIELD(struct doc_network, servers,      "NetworkDNSServers", STRS,  0),
	FIELD(struct doc_network, ipam_options, "IPAMOptions",       PAIRS, 0),
};
static const struct schema both_schema = SCHEMA("network", struct doc_network, both_fields);
/* clang-format on */

static void add_subnet(struct doc_network *d, const struct network_config *c, bool six, struct arena *a)
{
	const char *subnet = six ? c->subnet6 : c->subnet, *gateway = six ? c->gateway6 : c->gateway;
	struct doc_config *config = &d->ipam.config[d->ipam.n_config];

	if (!subnet)
		return;
	*config = (struct doc_config){ .subnet = subnet, .range = six ? c->range6 : c->range, .gateway = gateway };
	for (size_t i = 0; i < c->aux.n; i++) {
		if (six == !!strchr(c->aux.v[i].value, ':'))
			pairs_set(a, &config->aux, c->aux.v[i].key, c->aux.v[i].value);
	}
	d->ipam.n_config++;
	d->subnets[d->n_subnets++] = (struct doc_subnet){ subnet, gateway };
}

/* The same for as long as the container is in the network. */
const char *network_endpoint_id(const char *container, const char *network, struct arena *a)
{
	const char *both = arena_printf(a, "%s@%s", container, network);
	char text[DIGEST_TEXT_SIZE];
	struct digest d;
	struct hash h;

	hash_init(&h, DIGEST_SHA256);
	hash_add(&h, both, strlen(both));
	hash_finish(&h, &d);
	digest_print_hex(&d, text);
	return arena_strdup(a, text);
}

static void add_containers(struct doc_network *d, const struct network_config *c, const struct network_users *users, struct arena *a)
{
	d->containers = arena_array(a, struct doc_container, users->n);
	for (size_t i = 0; i < users->n; i++) {
		const struct container_address *x = users->v[i].address;

		if (!x)
			continue;
		d->containers[d->n_containers++] = (struct doc_container){
			.id = users->v[i].id, .name = users->v[i].name, .endpoint = network_endpoint_id(users->v[i].id, c->id, a), .mac = x->mac ? x->mac : "",
			.ip = x->ip ? arena_printf(a, "%s/%u", x->ip, x->prefix) : "", .ip6 = x->ip6 ? arena_printf(a, "%s/%u", x->ip6, x->prefix6) : "",
		};
	}
}

int network_inspect_json(struct engine *en, const char *ref, bool also_podman, struct arena *a, const char **ret, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	const struct network_config *c;
	struct network_users users;
	struct doc_network d;
	struct network *n;
	int r = engine_network(en, &n, e);

	if (r == 0)
		r = network_find(n, ref, a, &c, e);
	if (r == 0)
		r = network_users(en, c, a, &users, e);
	if (r < 0)
		return r;
	d = (struct doc_network){
		.name = c->name, .id = c->id, .created = c->created ? c->created : "0001-01-01T00:00:00Z", .scope = "local",
		.driver = streq(c->driver, "none") ? "null" : c->driver, .ipv4 = true, .ipv6 = c->subnet6, .ipam = { .driver = "default" },
		.internal = c->internal, .attachable = false, .config_from = { "" }, .options = c->options, .labels = c->labels,
		.interface = c->bridge ? c->bridge : c->parent ? c->parent : "", .dns = network_has_dns(c), .servers = c->dns,
	};
	pairs_set(a, &d.ipam_options, "driver", c->subnet ? "host-local" : "none");
	d.ipam.config = arena_array(a, struct doc_config, 2);
	d.subnets = arena_array(a, struct doc_subnet, 2);
	add_subnet(&d, c, false, a);
	add_subnet(&d, c, true, a);
	add_containers(&d, c, &users, a);
	r = json_encode(also_podman ? &both_schema : &docker_schema, &d, JSON_INDENT_4, &b);
	if (r < 0)
		return err_sys(e, r, "print network '%s'", c->name);
	*ret = arena_strdup(a, buf_text(&b));
	return 0;
}

/* ---- removing ------------------------------------------------------------------------------------------------------------------------------- */

static int delete_unused(struct engine *en, struct network *n, const struct network_config *c, struct arena *a, struct err *e)
{
	struct network_users users;
	struct err why;              /* what stands in the way is said below */
	const char *names = "";
	int r = network_users(en, c, a, &users, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < users.n; i++) {
		if (users.v[i].address)
			names = arena_printf(a, "%s%s%s", names, *names ? ", " : "", users.v[i].name);
	}
	if (*names)
		return err_set(e, ERR_CONFLICT, "network '%s' is used by running containers: %s", c->name, names);
	r = network_remove(n, c->name, e);
	/* Addresses of containers that were killed. */
	if (r < 0 && e->kind == ERR_CONFLICT && network_heal(n, store_is_alive, en, &why) > 0)
		r = network_remove(n, c->name, e);
	if (r == 0)
		event_note(en->root, EVENT_NETWORK, "destroy", c->id, "name", c->name, "type", c->driver, NULL);
	return r;
}

int network_delete(struct engine *en, const char *ref, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const struct network_config *c;
	struct network *n;
	int r = engine_network(en, &n, e);

	if (r == 0)
		r = network_find(n, ref, &a, &c, e);
	return r < 0 ? r : delete_unused(en, n, c, &a, e);
}

static bool is_pruned(const struct network_config *c, const struct prune_filter *f)
{
	struct timespec made;

	if (is_builtin(c))
		return false;
	if (f->until && (!c->created || text_time_parse(c->created, &made) < 0 || made.tv_sec >= f->until))
		return false;
	for (size_t i = 0; i < f->labels.n; i++) {
		const char *have = pairs_find(&c->labels, f->labels.v[i].key);

		if (!have || (f->labels.v[i].value && !streq(have, f->labels.v[i].value)))
			return false;
	}
	for (size_t i = 0; i < f->not_labels.n; i++) {
		const char *have = pairs_find(&c->labels, f->not_labels.v[i].key);

		if (have && (!f->not_labels.v[i].value || streq(have, f->not_labels.v[i].value)))
			return false;
	}
	return true;
}

int network_prune(struct engine *en, const struct prune_filter *filter, void (*each)(void *arg, const char *name), void *arg, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const struct network_config **list;
	struct network *n;
	size_t n_list;
	int r = engine_network(en, &n, e);

	if (r == 0)
		r = network_list(n, &a, &list, &n_list, e);
	for (size_t i = 0; r == 0 && i < n_list; i++) {
		struct network_users users;

		if (!is_pruned(list[i], filter))
			continue;
		r = network_users(en, list[i], &a, &users, e);
		if (r < 0 || users.n > 0)
			continue;
		r = delete_unused(en, n, list[i], &a, e);
		if (r == 0)
			each(arg, list[i]->name);
		else if (e->kind == ERR_CONFLICT || e->kind == ERR_NOT_FOUND)
			r = 0;  /* somebody came, or was faster */
	}
	return r;
}
