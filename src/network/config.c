/* SPDX-License-Identifier: Apache-2.0 */
#include "network/config.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "codec/json.h"
#include "network/driver.h"
#include "network/link.h"
#include "os/file.h"
#include "os/proc.h"

static const char file_name[] = "network.json";
static const char default_name[] = "bridge";

static int config_check(const void *obj, struct err *e)
{
	const struct network_config *c = obj;
	const struct network_driver *driver;

	if (c->version > NETWORK_VERSION)
		return err_set(e, ERR_UNSUPPORTED, "made by a newer tare (version %u)", c->version);
	return driver_find(c->driver, &driver, e);
}

/* clang-format off */
static const struct field config_fields[] = {
	FIELD(struct network_config, version,  "version",  U32,   FIELD_REQUIRED),
	FIELD(struct network_config, name,     "name",     STR,   FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct network_config, id,       "id",       STR,   FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct network_config, created,  "created",  STR,   FIELD_OMIT_EMPTY),
	FIELD(struct network_config, driver,   "driver",   STR,   FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct network_config, bridge,   "bridge",   STR,   FIELD_OMIT_EMPTY),
	FIELD(struct network_config, subnet,   "subnet",   STR,   FIELD_OMIT_EMPTY),
	FIELD(struct network_config, gateway,  "gateway",  STR,   FIELD_OMIT_EMPTY),
	FIELD(struct network_config, subnet6,  "subnet6",  STR,   FIELD_OMIT_EMPTY),
	FIELD(struct network_config, gateway6, "gateway6", STR,   FIELD_OMIT_EMPTY),
	FIELD(struct network_config, mtu,      "mtu",      U32,   FIELD_OMIT_EMPTY),
	FIELD(struct network_config, internal, "internal", BOOL,  FIELD_OMIT_EMPTY),
	FIELD(struct network_config, labels,   "labels",   PAIRS, FIELD_OMIT_EMPTY),
};
/* clang-format on */
const struct schema network_config_schema = SCHEMA_CHECKED("network", struct network_config, config_fields, config_check);

/* Ids that never change, since nothing about these two is chosen. */
static const struct network_config builtin[] = {
	{ .version = NETWORK_VERSION, .name = "host", .driver = "host",
	  .id = "686f737400000000000000000000000000000000000000000000000000000000" },
	{ .version = NETWORK_VERSION, .name = "none", .driver = "none",
	  .id = "6e6f6e6500000000000000000000000000000000000000000000000000000000" },
};

/* ---- choosing --------------------------------------------------------------------------------------------------------------------------- */

/* Private ranges, in the order in which they are tried; each is cut into subnets of the given length. */
static const struct {
	const char *range;
	uint8_t prefix;
} pool[] = {
	{ "172.30.0.0/15", 16 }, { "172.24.0.0/14", 16 }, { "172.18.0.0/15", 16 }, { "172.20.0.0/14", 16 },
	{ "10.210.0.0/15", 20 }, { "192.168.96.0/19", 24 },
};

int config_pick_subnet(const struct addr *taken, size_t n, struct addr *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(pool); i++) {
		struct addr range, x;

		if (addr_parse(pool[i].range, &range) < 0)
			return -EINVAL;
		for (uint64_t at = 0; at < addr_count(&range); at += (uint64_t)1 << (32 - pool[i].prefix)) {
			size_t k = 0;

			x = addr_nth(&range, at);
			x.prefix = pool[i].prefix;
			while (k < n && !addr_overlaps(&taken[k], &x))
				k++;
			if (k == n) {
				*ret = x;
				return 0;
			}
		}
	}
	return -ENOSPC;
}

struct addrs VEC(struct addr);

struct taken {
	struct addrs list;
	struct arena *a;
};

static int taken_route(void *arg, const struct addr *subnet, uint32_t interface)
{
	struct taken *t = arg;

	*vec_push(t->a, &t->list) = *subnet;
	return 0;
}

static void taken_text(struct taken *t, const char *text)
{
	struct addr x;

	if (text && addr_parse(text, &x) == 0)
		*vec_push(t->a, &t->list) = x;
}

/* Nameservers: a subnet that swallows one cuts the host off its names as soon as the bridge is up. */
static void taken_nameservers(struct taken *t)
{
	char *text;
	struct str rest, line;

	if (file_read(AT_FDCWD, "/etc/resolv.conf", LIMIT_PROC_FILE, t->a, &text, NULL) < 0)
		return;
	for (rest = str_of(text); rest.p;) {
		const char *value;

		line = str_trim(str_cut(rest, '\n', &rest));
		value = str_after(arena_strndup(t->a, line.p, line.n), "nameserver ");
		taken_text(t, value);
	}
}

static int find_taken(struct network *n, struct netlink *nl, struct arena *a, struct addrs *ret, struct err *e)
{
	const struct network_config **list;
	struct taken t = { .a = a };
	size_t n_list;
	int r;

	r = link_each_route(nl, taken_route, &t, e);
	if (r == 0)
		r = config_list(n, a, &list, &n_list, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n_list; i++) {
		taken_text(&t, list[i]->subnet);
		taken_text(&t, list[i]->subnet6);
	}
	taken_nameservers(&t);
	*ret = t.list;
	return 0;
}

static int choose_subnet(struct network *n, struct netlink *nl, struct arena *a, struct network_config *c, struct err *e)
{
	char text[ADDR_TEXT_SIZE];
	struct addrs taken;
	struct addr x;
	int r = find_taken(n, nl, a, &taken, e);

	if (r < 0)
		return r;
	if (c->subnet) {
		if (addr_parse_subnet(c->subnet, &x) < 0 || x.family != AF_INET || x.prefix < 8 || x.prefix > 30)
			return err_set(e, ERR_INVALID, "subnet '%s': an IPv4 subnet of /8 to /30 is needed", c->subnet);
		x = addr_first(&x);
		for (size_t i = 0; i < taken.n; i++) {
			if (addr_overlaps(&taken.v[i], &x))
				return err_set(e, ERR_CONFLICT, "subnet '%s' overlaps one that this host already uses", c->subnet);
		}
	} else if (config_pick_subnet(taken.v, taken.n, &x) < 0) {
		return err_set(e, ERR_EXHAUSTED, "every private subnet of the pool is in use on this host");
	}
	addr_print_prefix(&x, text);
	c->subnet = arena_strdup(a, text);
	if (c->gateway) {
		struct addr gateway;

		if (addr_parse(c->gateway, &gateway) < 0 || !addr_contains(&x, &gateway))
			return err_set(e, ERR_INVALID, "gateway '%s' is not in subnet '%s'", c->gateway, c->subnet);
		return 0;
	}
	x = addr_nth(&x, 1);
	addr_print(&x, text);
	c->gateway = arena_strdup(a, text);
	return 0;
}

/* The default network is tare0, or the next free number if another root of this host has that; others are named after their id. */
static int choose_bridge(struct netlink *nl, struct arena *a, struct network_config *c, struct err *e)
{
	for (unsigned i = 0; i < 1000; i++) {
		struct link_info info;
		int r;

		c->bridge = streq(c->name, default_name) ? arena_printf(a, "tare%u", i) : arena_printf(a, "tare-%.8s", c->id);
		r = link_find(nl, c->bridge, &info, e);
		if (r <= 0)
			return r;
		if (!streq(c->name, default_name))
			break;
	}
	return err_set(e, ERR_CONFLICT, "link '%s' exists already", c->bridge);
}

static int config_complete(struct network *n, struct arena *a, struct network_config *c, struct err *e)
{
	scoped_netlink struct netlink nl = NETLINK_NONE;
	char created[TEXT_TIME_SIZE], id[65];
	uint8_t random[32];
	struct timespec now;
	int r;

	proc_random(random, sizeof random);
	text_hex(random, sizeof random, id);
	clock_gettime(CLOCK_REALTIME, &now);
	text_time(now, created);
	c->version = NETWORK_VERSION;
	c->driver = "bridge";
	c->id = arena_strdup(a, id);
	c->created = arena_strdup(a, created);
	c->subnet6 = c->gateway6 = NULL;
	r = link_open(&nl, e);
	if (r == 0)
		r = choose_bridge(&nl, a, c, e);
	return r < 0 ? r : choose_subnet(n, &nl, a, c, e);
}

/* ---- objects ---------------------------------------------------------------------------------------------------------------------------- */

static int config_read(const struct object *o, const char *name, struct arena *a, const struct network_config **ret, struct err *e)
{
	struct network_config *c = arena_new(a, struct network_config);
	char *text;
	size_t size;
	int r = object_read(o, file_name, LIMIT_DOCUMENT, a, &text, &size);

	if (r < 0)
		return err_sys(e, r, "network '%s': read %s", name, file_name);
	r = json_decode((struct str){ text, size }, &network_config_schema, 0, a, c, e);
	if (r < 0)
		return err_wrap(e, "network '%s': %s", name, file_name);
	*ret = c;
	return 0;
}

static int config_write(const struct object *o, const struct network_config *c, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	int r = json_encode(&network_config_schema, c, JSON_INDENT_TAB, &b);

	if (r == 0)
		r = object_write(o, file_name, b.p, b.n);
	if (r == 0)
		r = object_finish(o);
	return r < 0 ? err_sys(e, r, "network '%s': write %s", c->name, file_name) : 0;
}

/* Opens a finished object. Errors: -ENOENT, also for one whose maker died; the next maker finishes it. */
static int open_finished(struct network *n, const char *name, struct object *o)
{
	int r = object_open(&n->networks, name, o);

	return r == 0 && !object_is_finished(o) ? -ENOENT : r;
}

static int config_load(struct network *n, const char *name, struct arena *a, const struct network_config **ret, struct err *e)
{
	scoped_object struct object o = OBJECT_NONE;
	int r = open_finished(n, name, &o);

	if (r == -ENOENT || r == -EINVAL)
		return err_set(e, ERR_NOT_FOUND, "network '%s' not found", name);
	return r < 0 ? err_sys(e, r, "open network '%s'", name) : config_read(&o, name, a, ret, e);
}

/* Two makers of one network: the second waits for the first and takes what it made, or goes on where it died. */
int config_create(struct network *n, const struct network_config *want, struct arena *a, const struct network_config **ret, struct err *e)
{
	scoped_object struct object o = OBJECT_NONE;
	struct network_config *c = arena_new(a, struct network_config);
	bool is_default = streq(want->name, default_name);
	int r;

	for (size_t i = 0; i < ARRAY_LEN(builtin); i++) {
		if (streq(want->name, builtin[i].name))
			return err_set(e, ERR_EXISTS, "network '%s' already exists", want->name);
	}
	r = object_create(&n->networks, want->name, 0, &o);
	if (r == -EEXIST)
		r = object_open_locked(&n->networks, want->name, true, &o);
	else if (r == -EINVAL)
		return err_set(e, ERR_INVALID, "invalid network name '%s'", want->name);
	if (r < 0)
		return err_sys(e, r, "create network '%s'", want->name);
	if (object_is_finished(&o))
		return is_default ? config_read(&o, want->name, a, ret, e)
				  : err_set(e, ERR_EXISTS, "network '%s' already exists", want->name);
	*c = *want;
	r = config_complete(n, a, c, e);
	if (r == 0)
		r = config_write(&o, c, e);
	if (r < 0) {
		object_remove(&n->networks, want->name, &o);
		return r;
	}
	*ret = c;
	return 0;
}

int config_remove(struct network *n, const char *name, struct err *e)
{
	scoped_object struct object o = OBJECT_NONE;
	int r = object_open_locked(&n->networks, name, true, &o);

	if (r == 0)
		r = object_remove(&n->networks, name, &o);
	return r < 0 && r != -ENOENT ? err_sys(e, r, "remove network '%s'", name) : 0;
}

/* ---- finding ----------------------------------------------------------------------------------------------------------------------------- */

struct collect {
	struct network *n;
	struct arena *a;
	struct VEC(const struct network_config *) list;
	config_damaged_fn damaged;
	void *arg;
};

static int collect_one(void *arg, const char *name)
{
	struct collect *c = arg;
	const struct network_config *config;
	struct err e;
	int r = config_load(c->n, name, c->a, &config, &e);

	if (r == 0)
		*vec_push(c->a, &c->list) = config;
	else if (r != -ENOENT && c->damaged)
		c->damaged(c->arg, name, &e);
	return 0;
}

static int collect_all(struct collect *c, struct err *e)
{
	int r = objdir_each(&c->n->networks, collect_one, c);

	return r < 0 ? err_sys(e, r, "list the networks in '%s'", c->n->root) : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct network_config *const *)a)->name, (*(const struct network_config *const *)b)->name);
}

int config_list(struct network *n, struct arena *a, const struct network_config ***ret, size_t *ret_n, struct err *e)
{
	struct collect c = { .n = n, .a = a };
	int r;

	for (size_t i = 0; i < ARRAY_LEN(builtin); i++)
		*vec_push(a, &c.list) = &builtin[i];
	r = collect_all(&c, e);
	if (r < 0)
		return r;
	qsort(c.list.v, c.list.n, sizeof *c.list.v, by_name);
	*ret = c.list.v;
	*ret_n = c.list.n;
	return 0;
}

int config_each_damaged(struct network *n, config_damaged_fn fn, void *arg, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct collect c = { .n = n, .a = &a, .damaged = fn, .arg = arg };

	return collect_all(&c, e);
}

/* By the beginning of an id. */
static int find_by_id(struct network *n, const char *prefix, struct arena *a, const struct network_config **ret, struct err *e)
{
	const struct network_config **list, *found = NULL;
	size_t n_list;
	int r = config_list(n, a, &list, &n_list, e);

	for (size_t i = 0; r == 0 && i < n_list; i++) {
		if (!str_after(list[i]->id, prefix))
			continue;
		if (found)
			return err_set(e, ERR_CONFLICT, "network id '%s' is ambiguous", prefix);
		found = list[i];
	}
	if (r < 0)
		return r;
	if (!found || strlen(prefix) < 4)
		return err_set(e, ERR_NOT_FOUND, "network '%s' not found", prefix);
	*ret = found;
	return 0;
}

int config_find(struct network *n, const char *name, struct arena *a, const struct network_config **ret, struct err *e)
{
	int r;

	name = name && *name && !streq(name, "default") ? name : default_name;
	for (size_t i = 0; i < ARRAY_LEN(builtin); i++) {
		if (streq(name, builtin[i].name)) {
			*ret = &builtin[i];
			return 0;
		}
	}
	r = config_load(n, name, a, ret, e);
	if (r != -ENOENT)
		return r;
	if (streq(name, default_name))
		return config_create(n, &(struct network_config){ .name = default_name }, a, ret, e);
	return find_by_id(n, name, a, ret, e);
}
