/* SPDX-License-Identifier: Apache-2.0 */
#include "network/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "codec/json.h"
#include "network/choose.h"
#include "network/driver.h"
#include "network/home.h"
#include "os/fd.h"
#include "os/file.h"

static const char file_name[] = "network.json";
static const char default_name[] = NETWORK_DEFAULT;

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
	FIELD(struct network_config, parent,   "parent",   STR,   FIELD_OMIT_EMPTY),
	FIELD(struct network_config, mode,     "mode",     STR,   FIELD_OMIT_EMPTY),
	FIELD(struct network_config, range,    "range",    STR,   FIELD_OMIT_EMPTY),
	FIELD(struct network_config, range6,   "range6",   STR,   FIELD_OMIT_EMPTY),
	FIELD(struct network_config, aux,      "auxiliary", PAIRS, FIELD_OMIT_EMPTY),
	FIELD(struct network_config, mtu,      "mtu",      U32,   FIELD_OMIT_EMPTY),
	FIELD(struct network_config, internal, "internal", BOOL,  FIELD_OMIT_EMPTY),
	FIELD(struct network_config, no_dns,   "noDns",    BOOL,  FIELD_OMIT_EMPTY),
	FIELD(struct network_config, no_neighbours, "noNeighbours", BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct network_config, no_masquerade, "noMasquerade", BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct network_config, no_default_route, "noDefaultRoute", BOOL, FIELD_OMIT_EMPTY),
	FIELD(struct network_config, publish_ip, "publishIp", STR, FIELD_OMIT_EMPTY),
	FIELD(struct network_config, interface_prefix, "interfacePrefix", STR, FIELD_OMIT_EMPTY),
	FIELD(struct network_config, dns,      "dns",      STRS,  FIELD_OMIT_EMPTY),
	FIELD(struct network_config, options,  "options",  PAIRS, FIELD_OMIT_EMPTY),
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

/* Docker's grammar; and what means something else in --network is no name. */
static int name_check(const char *name, struct err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	static const char *const meanings[] = { "default", "private", "container", "ns", "pasta", "slirp4netns" };

	if (!*name || strchr("_.-", name[0]) || name[strspn(name, letters)] || strlen(name) > NETWORK_NAME_MAX)
		return err_set(e, ERR_INVALID, "invalid network name '%s': only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name);
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
		if (streq(name, meanings[i]))
			return err_set(e, ERR_INVALID, "invalid network name '%s': it has a meaning of its own in --network", name);
	}
	return 0;
}

/* Two makers of one network: the second waits for the first and takes what it made, or goes on where it died. */
int config_create(struct network *n, const struct network_config *want, struct arena *a, const struct network_config **ret, struct err *e)
{
	scoped_object struct object o = OBJECT_NONE;
	scoped_fd int choosing = -EBADF;
	struct network_config *c = arena_new(a, struct network_config);
	const struct network_config **others;
	size_t n_others;
	bool is_default = streq(want->name, default_name);
	int r = name_check(want->name, e);

	if (r < 0)
		return r;
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
	c->version = NETWORK_VERSION;
	/* Two makers must not choose the same subnet: held until the choice is on disk. */
	choosing = lock_file_wait(n->run_fd, "networks.lock", FILE_LOCK_EXCLUSIVE);
	r = choosing < 0 ? err_sys(e, choosing, "lock '%s/networks.lock'", n->run) : config_list(n, a, &others, &n_others, e);
	if (r == 0)
		r = choose_complete(others, n_others, a, c, e);
	if (r == 0)
		r = config_write(&o, c, e);
	if (r < 0) {
		object_remove(&n->networks, want->name, &o);
		return r;
	}
	*ret = c;
	return 0;
}

int config_replace(struct network *n, const struct network_config *c, struct err *e)
{
	scoped_object struct object o = OBJECT_NONE;
	int r = object_open_locked(&n->networks, c->name, true, &o);

	if (r == -ENOENT)
		return err_set(e, ERR_NOT_FOUND, "network '%s' not found", c->name);
	return r < 0 ? err_sys(e, r, "lock network '%s'", c->name) : config_write(&o, c, e);
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
	if (streq(name, "podman"))      /* what podman calls its default network */
		name = default_name;
	/* The default network of an ordinary user is connected by one of them. */
	if (streq(name, "pasta") || streq(name, "slirp4netns")) {
		if (!home_is_elsewhere())
			return err_set(e, ERR_UNSUPPORTED, "unsupported: network '%s' for root, who needs no such help: use bridge, host or none", name);
		name = default_name;
	}
	if (streq(name, default_name) && config_load(n, name, a, ret, e) == 0)
		return 0;
	if (streq(name, default_name))
		return config_create(n, &(struct network_config){ .name = default_name }, a, ret, e);
	return find_by_id(n, name, a, ret, e);
}
