/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents: names and slices · limits → properties · annotations → properties · device rules · the plan · the bytes
 */
#include "runtime/cgroup/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bitlist.h"
#include "base/parse.h"
#include "codec/dbus.h"
#include "codec/gvariant.h"

#define PROPERTY_PREFIX "org.systemd.property."
#define SUBGROUP_ANNOTATION "run.oci.systemd.subgroup"

/* ---- names and slices ---------------------------------------------------------------------------------------------------------------------- */

int unit_slice_path(const char *slice, struct arena *a, const char **ret, struct err *e)
{
	size_t n = strlen(slice) - strlen(".slice");
	const char *path = "";

	if (!str_ends(slice, ".slice") || n == 0 || strchr(slice, '/') || strlen(slice) > LIMIT_ID)
		return err_set(e, ERR_INVALID, "'%s' is not the name of a slice", slice);
	if (streq(slice, "-.slice")) {
		*ret = path;
		return 0;
	}
	for (size_t i = 0; i <= n; i++) {
		if (i < n && slice[i] != '-')
			continue;
		/* An empty word between two dashes would be a slice without a name. */
		if (i == 0 || slice[i - 1] == '-')
			return err_set(e, ERR_INVALID, "'%s' is not the name of a slice", slice);
		path = arena_printf(a, "%s%s%.*s.slice", path, *path ? "/" : "", (int)i, slice);
	}
	*ret = path;
	return 0;
}

/* systemd's own set. A colon would be legal to it, but separates the words of a cgroups path. */
static int name_check(const char *name, struct err *e)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.\\@+";

	if (!*name || strlen(name) > 255 || *name == '.')
		return err_set(e, ERR_INVALID, "'%s' cannot be the name of a unit", name);
	if (name[strspn(name, ok)])
		return err_set(e, ERR_INVALID, "'%s' cannot be the name of a unit: '%c'", name, name[strspn(name, ok)]);
	return 0;
}

/* The three words of "slice:prefix:name". */
static int words_of(const struct cgroup_request *q, struct arena *a, const char *ret[3], struct err *e)
{
	struct str rest = str_of(q->cgroups_path);

	ret[0] = "";
	ret[1] = "tare";
	ret[2] = q->id;
	if (!rest.n)
		return 0;
	for (int i = 0; i < 3; i++) {
		struct str word = str_cut(rest, ':', &rest);

		if ((i < 2) != (rest.p != NULL))
			return err_set(e, ERR_INVALID, "cgroups path '%s' is not 'slice:prefix:name', which systemd cgroups need", q->cgroups_path);
		ret[i] = arena_strndup(a, word.p, word.n);
	}
	return 0;
}

static int names_plan(const struct cgroup_request *q, struct arena *a, struct unit_plan *p, struct err *e)
{
	const char *words[3];
	int r = words_of(q, a, words, e);

	if (r < 0)
		return r;
	p->slice = *words[0] ? words[0] : p->user ? "user.slice" : "system.slice";
	if (streq(p->slice, "-"))
		p->slice = "-.slice";
	p->is_slice = str_ends(words[2], ".slice");
	p->name = p->is_slice ? words[2] : *words[1] ? arena_printf(a, "%s-%s.scope", words[1], words[2]) : arena_printf(a, "%s.scope", words[2]);
	return *words[2] ? name_check(p->name, e) : err_set(e, ERR_INVALID, "cgroups path '%s' names no unit", q->cgroups_path);
}

/*
 * Where a user's systemd lives: the part of our own path up to it, or where systemd-logind puts it. Only a guess: systemd.c looks where the first
 * process really went.
 */
static const char *user_base(const struct cgroup_host *h, uint32_t uid, struct arena *a)
{
	const char *own = cgroup_host_own(h, "", NULL), *at = strstr(own, "/user@"), *end;

	if (!at)
		return arena_printf(a, "user.slice/user-%u.slice/user@%u.service", uid, uid);
	end = strchr(at + 1, '/');
	return arena_strndup(a, own + 1, (size_t)((end ? end : own + strlen(own)) - own) - 1);
}

static int path_plan(const struct cgroup_request *q, const struct cgroup_host *h, struct arena *a, struct unit_plan *p, struct err *e)
{
	const char *base = p->user ? user_base(h, q->uid, a) : "", *slice = "";
	char *path;
	int r = p->is_slice ? unit_slice_path(p->name, a, &slice, e) : unit_slice_path(p->slice, a, &slice, e);

	if (r == 0)
		r = cgroup_path_join(base, p->is_slice ? slice : arena_printf(a, "%s/%s", slice, p->name), a, &path, e);
	if (r < 0)
		return r;
	p->path = path;
	p->subgroup = q->annotations ? pairs_find(q->annotations, SUBGROUP_ANNOTATION) : NULL;
	if (!p->subgroup)
		p->subgroup = h->facts->mode == CGROUP_V2 ? "container" : "";
	if (strchr(p->subgroup, '/') || streq(p->subgroup, ".") || streq(p->subgroup, ".."))
		return err_set(e, ERR_INVALID, "annotation '" SUBGROUP_ANNOTATION "': '%s' is not one name", p->subgroup);
	return 0;
}

/* ---- limits → properties ------------------------------------------------------------------------------------------------------------------- */

static void add(struct arena *a, struct unit_properties *to, struct unit_property p)
{
	*vec_push(a, to) = p;
}

/* A value as systemd takes it: a number, or all ones for "max". False if it is neither. */
static bool number_of(const char *text, uint64_t *ret)
{
	struct str s = str_trim(str_of(text));
	char copy[32];

	if (s.n >= sizeof copy)
		return false;
	memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	if (!streq(copy, "max") && !streq(copy, "-1"))
		return parse_u64(copy, ret) == 0;
	*ret = UINT64_MAX;
	return true;
}

typedef void (*limit_fn)(const char *value, const char *name, struct arena *a, struct unit_properties *ret);

static void limit_number(const char *value, const char *name, struct arena *a, struct unit_properties *ret)
{
	uint64_t n;

	if (number_of(value, &n))
		add(a, ret, (struct unit_property){ name, UNIT_U64, n, NULL });
}

/* None below 2: while the container starts there is one process more in the unit (systemd.c), and the file holds the limit in any case. */
static void limit_tasks(const char *value, const char *name, struct arena *a, struct unit_properties *ret)
{
	uint64_t n;

	if (number_of(value, &n) && n >= 2)
		limit_number(value, name, a, ret);
}

static void limit_bits(const char *value, const char *name, struct arena *a, struct unit_properties *ret)
{
	struct bitlist bits;

	if (bitlist_parse(value, &bits) == 0 && bits.n)
		add(a, ret, (struct unit_property){ name, UNIT_BITS, 0, value });
}

/* "default 500" */
static void limit_io_weight(const char *value, const char *name, struct arena *a, struct unit_properties *ret)
{
	const char *number = str_after(value, "default ");

	limit_number(number ? number : value, name, a, ret);
}

static void add_quota(uint64_t quota, uint64_t period, struct arena *a, struct unit_properties *ret)
{
	enum { SECOND = 1000000, STEP = 10000 }; /* systemd keeps whole hundredths of a second per second */
	uint64_t per_second = UINT64_MAX;

	if (period == 0 || period > SECOND)
		return;
	if (quota < UINT64_MAX / SECOND)
		per_second = (quota * SECOND / period + STEP - 1) / STEP * STEP;
	add(a, ret, (struct unit_property){ "CPUQuotaPerSecUSec", UNIT_U64, per_second, NULL });
	add(a, ret, (struct unit_property){ "CPUQuotaPeriodUSec", UNIT_U64, period, NULL });
}

/* "25000 50000", "max 100000" */
static void limit_cpu_max(const char *value, const char *name, struct arena *a, struct unit_properties *ret)
{
	struct str period, quota = str_cut(str_of(value), ' ', &period);
	uint64_t q, p = 100000;

	if (number_of(arena_strndup(a, quota.p, quota.n), &q) && (!period.p || number_of(arena_strndup(a, period.p, period.n), &p)))
		add_quota(q, p, a, ret);
}

/* clang-format off */
static const struct limit {
	const char *file;
	const char *name;
	limit_fn fn;
} limits[2][11] = {
	{
		/* v1; quota and period stand in two files and are joined by add_v1_quota */
		{ "memory.limit_in_bytes", "MemoryLimit",         limit_number    },
		{ "cpu.shares",            "CPUShares",           limit_number    },
		{ "pids.max",              "TasksMax",            limit_tasks     },
		{ "blkio.weight",          "BlockIOWeight",       limit_number    },
	},
	{
		{ "memory.max",            "MemoryMax",           limit_number    },
		{ "memory.high",           "MemoryHigh",          limit_number    },
		{ "memory.low",            "MemoryLow",           limit_number    },
		{ "memory.min",            "MemoryMin",           limit_number    },
		{ "memory.swap.max",       "MemorySwapMax",       limit_number    },
		{ "cpu.weight",            "CPUWeight",           limit_number    },
		{ "cpu.max",               "",                    limit_cpu_max   },
		{ "pids.max",              "TasksMax",            limit_tasks     },
		{ "cpuset.cpus",           "AllowedCPUs",         limit_bits      },
		{ "cpuset.mems",           "AllowedMemoryNodes",  limit_bits      },
		{ "io.weight",             "IOWeight",            limit_io_weight },
	},
};
/* clang-format on */

static void add_v1_quota(const struct cgroup_writes *writes, struct arena *a, struct unit_properties *ret)
{
	uint64_t quota = 0, period = 100000;
	bool found = false;

	VEC_EACH(const struct cgroup_write, w, writes) {
		if (streq(w->file, "cpu.cfs_quota_us"))
			found |= number_of(w->value, &quota);
		if (streq(w->file, "cpu.cfs_period_us"))
			number_of(w->value, &period);
	}
	if (found)
		add_quota(quota, period, a, ret);
}

void unit_add_limits(const struct cgroup_writes *writes, bool v2, struct arena *a, struct unit_properties *ret)
{
	VEC_EACH(const struct cgroup_write, w, writes)
		for (size_t i = 0; i < ARRAY_LEN(limits[v2]) && limits[v2][i].file; i++)
			if (streq(w->file, limits[v2][i].file))
				limits[v2][i].fn(w->value, limits[v2][i].name, a, ret);
	if (!v2)
		add_v1_quota(writes, a, ret);
}

/* ---- annotations → properties --------------------------------------------------------------------------------------------------------------- */

static bool is_letters(const char *s)
{
	return *s && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

/* "TimeoutStopSec" is a time; "Sec" alone and "ASec" are names of their own. */
static bool is_seconds(const char *name)
{
	size_t n = strlen(name);

	return str_ends(name, "Sec") && n > 3 && name[n - 4] >= 'a' && name[n - 4] <= 'z';
}

static int property_of(const struct pair *x, const char *name, struct arena *a, struct unit_property *ret, struct err *e)
{
	scoped_buf struct buf trial = BUF(2 * LIMIT_GVARIANT_TEXT);
	bool seconds = is_seconds(name);

	if (!is_letters(name) || strlen(name) < 3)
		return err_set(e, ERR_INVALID, "annotation '%s': '%s' is not the name of a property", x->key, name);
	if (gvariant_put(&trial, x->value, seconds) < 0)
		return err_set(e, ERR_INVALID, "annotation '%s': '%s' is not a value%s", x->key, x->value, seconds ? " in seconds" : "");
	*ret = (struct unit_property){ name, seconds ? UNIT_SECONDS : UNIT_TEXT, 0, x->value };
	if (seconds)
		ret->name = arena_printf(a, "%.*sUSec", (int)(strlen(name) - 3), name);
	return 0;
}

/* An annotation replaces what we would have said of the same name: systemd takes the last, and two of a name help nobody. */
static void replace(struct arena *a, struct unit_properties *to, struct unit_property p)
{
	VEC_EACH(struct unit_property, old, to) {
		if (streq(old->name, p.name)) {
			*old = p;
			return;
		}
	}
	add(a, to, p);
}

static int add_annotations(const struct pairs *annotations, struct arena *a, struct unit_properties *to, struct err *e)
{
	for (size_t i = 0; i < annotations->n; i++) {
		const char *name = str_after(annotations->v[i].key, PROPERTY_PREFIX);
		struct unit_property p = { 0 };
		int r = name ? property_of(&annotations->v[i], name, a, &p, e) : 0;

		if (r < 0)
			return r;
		if (name)
			replace(a, to, p);
	}
	return 0;
}

/* ---- device rules --------------------------------------------------------------------------------------------------------------------------- */

/* The name of the drivers' group with that number, from the part "Character devices:" or "Block devices:" of /proc/devices. */
static struct str group_of(const char *proc_devices, char type, int64_t major)
{
	struct str rest = str_of(proc_devices);
	bool here = false;

	while (rest.p && rest.n) {
		struct str line = str_trim(str_cut(rest, '\n', &rest)), name, number;
		char text[16];
		int64_t found;

		if (str_is(line, "Character devices:") || str_is(line, "Block devices:"))
			here = (line.p[0] == 'C') == (type == 'c');
		number = str_cut(line, ' ', &name);
		if (!here || !name.p || number.n >= sizeof text)
			continue;
		memcpy(text, number.p, number.n);
		text[number.n] = '\0';
		if (parse_i64(text, &found) == 0 && found == major)
			return str_trim(name);
	}
	return (struct str){ 0 };
}

static void put_rule(const struct device_rule *r, char type, const char *proc_devices, struct buf *b)
{
	const char *kind = type == 'c' ? "char" : "block";
	char device[96], access[4];
	struct str group;

	if (r->major < 0)
		snprintf(device, sizeof device, "%s-*", kind);
	else if (r->minor >= 0)
		snprintf(device, sizeof device, "/dev/%s/%" PRId64 ":%" PRId64, kind, r->major, r->minor);
	else {
		group = group_of(proc_devices, type, r->major);
		if (!group.p)
			return;
		snprintf(device, sizeof device, "%s-%.*s", kind, (int)(group.n < 64 ? group.n : 64), group.p);
	}
	snprintf(access, sizeof access, "%s%s%s", r->bits & DEVICE_READ ? "r" : "", r->bits & DEVICE_WRITE ? "w" : "", r->bits & DEVICE_MKNOD ? "m" : "");
	dbus_align(b, 8);
	dbus_put_str(b, device);
	dbus_put_str(b, access);
}

static void put_devices(const struct device_policy *p, const char *proc_devices, struct buf *b)
{
	size_t at;

	dbus_align(b, 8);
	dbus_put_str(b, "DevicePolicy");
	dbus_put_signature(b, "s");
	dbus_put_str(b, "strict");
	dbus_align(b, 8);
	dbus_put_str(b, "DeviceAllow");
	dbus_put_signature(b, "a(ss)");
	at = dbus_array_open(b, 8);
	for (size_t i = 0; i < p->n; i++) {
		if (!p->v[i].allow)
			continue;
		if (p->v[i].type != 'b')
			put_rule(&p->v[i], 'c', proc_devices, b);
		if (p->v[i].type != 'c')
			put_rule(&p->v[i], 'b', proc_devices, b);
	}
	dbus_array_close(b, at);
}

/* ---- the plan -------------------------------------------------------------------------------------------------------------------------------- */

static const struct unit_property *fixed_properties(bool v2, size_t *n)
{
	static const struct unit_property all[] = {
		{ "DefaultDependencies", UNIT_BOOL, false, NULL }, { "CollectMode", UNIT_STR, 0, "inactive-or-failed" },
		{ "MemoryAccounting", UNIT_BOOL, true, NULL },     { "CPUAccounting", UNIT_BOOL, true, NULL },
		{ "TasksAccounting", UNIT_BOOL, true, NULL },      { "IOAccounting", UNIT_BOOL, true, NULL },
		{ "BlockIOAccounting", UNIT_BOOL, true, NULL },
	};

	*n = ARRAY_LEN(all) - (v2 ? 1 : 0);
	return all;
}

static int properties_plan(const struct cgroup_request *q, const struct cgroup_host *h, struct arena *a, struct unit_plan *p, struct err *e)
{
	struct unit_properties *to = &p->properties;
	bool v2 = h->facts->mode == CGROUP_V2;
	struct cgroup_writes writes = { 0 };
	size_t n;
	const struct unit_property *fixed = fixed_properties(v2, &n);
	int r;

	add(a, to, (struct unit_property){ "Description", UNIT_STR, 0, arena_printf(a, "tare container %s", q->id) });
	if (p->is_slice)
		add(a, to, (struct unit_property){ "Wants", UNIT_STRS, 0, p->slice });
	else {
		add(a, to, (struct unit_property){ "Slice", UNIT_STR, 0, p->slice });
		add(a, to, (struct unit_property){ "Delegate", UNIT_BOOL, true, NULL });
	}
	for (size_t i = 0; i < n; i++)
		add(a, to, fixed[i]);
	r = resources_plan(q->resources, h, a, &writes, e);
	if (r < 0)
		return r;
	unit_add_limits(&writes, v2, a, to);
	return q->annotations ? add_annotations(q->annotations, a, to, e) : 0;
}

int unit_plan_make(const struct cgroup_request *q, const struct cgroup_host *h, struct arena *a, struct unit_plan **ret, struct err *e)
{
	struct unit_plan *p = arena_new(a, struct unit_plan);
	int r;

	*p = (struct unit_plan){ .user = q->rootless };
	r = names_plan(q, a, p, e);
	if (r == 0)
		r = path_plan(q, h, a, p, e);
	if (r == 0)
		r = properties_plan(q, h, a, p, e);
	/* A user's systemd has no right to load a device program. */
	if (r == 0 && !p->user)
		r = device_policy_make(q->resources, a, &p->devices, e);
	if (r < 0)
		return r;
	if (device_policy_is_open(&p->devices) || p->devices.allow_rest)
		p->devices.n = 0;
	*ret = p;
	return 0;
}

/* ---- the bytes -------------------------------------------------------------------------------------------------------------------------------- */

static void put_list(const char *one, struct buf *b)
{
	size_t at;

	dbus_put_signature(b, "as");
	at = dbus_array_open(b, 4);
	dbus_put_str(b, one);
	dbus_array_close(b, at);
}

static void put_pid(uint64_t pid, struct buf *b)
{
	size_t at;

	dbus_put_signature(b, "au");
	at = dbus_array_open(b, 4);
	dbus_put_u32(b, (uint32_t)pid);
	dbus_array_close(b, at);
}

static void put_bits(const char *list, struct buf *b)
{
	struct bitlist bits = { .n = 0 };
	size_t at;

	bitlist_parse(list, &bits); /* was checked when it was added */
	dbus_put_signature(b, "ay");
	at = dbus_array_open(b, 1);
	for (size_t byte = 0; byte < (bits.n + 7) / 8; byte++) {
		unsigned v = 0;

		for (size_t i = 0; i < 8; i++)
			v |= bitlist_has(&bits, byte * 8 + i) ? 1u << i : 0;
		dbus_put_byte(b, (uint8_t)v);
	}
	dbus_array_close(b, at);
}

static int put_property(const struct unit_property *p, struct buf *b)
{
	dbus_align(b, 8);
	dbus_put_str(b, p->name);
	switch (p->kind) {
	case UNIT_BOOL:
		dbus_put_signature(b, "b");
		dbus_put_bool(b, p->u != 0);
		return 0;
	case UNIT_U64:
		dbus_put_signature(b, "t");
		dbus_put_u64(b, p->u);
		return 0;
	case UNIT_STR:
		dbus_put_signature(b, "s");
		dbus_put_str(b, p->s);
		return 0;
	case UNIT_STRS:
		put_list(p->s, b);
		return 0;
	case UNIT_BITS:
		put_bits(p->s, b);
		return 0;
	case UNIT_PID:
		put_pid(p->u, b);
		return 0;
	case UNIT_TEXT:
	case UNIT_SECONDS:
		return gvariant_put(b, p->s, p->kind == UNIT_SECONDS);
	}
	return 0;
}

int unit_put_properties(const struct unit_properties *p, const struct device_policy *devices, const char *proc_devices, struct buf *body, struct err *e)
{
	size_t at = dbus_array_open(body, 8);

	VEC_EACH(const struct unit_property, x, p) {
		int r = put_property(x, body);

		if (r < 0)
			return err_sys(e, r, "property %s", x->name);
	}
	if (devices && devices->n)
		put_devices(devices, proc_devices, body);
	dbus_array_close(body, at);
	return buf_is_full(body) ? err_set(e, ERR_EXHAUSTED, "the unit's properties are longer than a message may be") : 0;
}

void unit_print(const struct unit_plan *p, struct buf *b)
{
	buf_printf(b, "cgroup unit %s in %s of the %s's systemd\n", p->name, p->slice, p->user ? "user" : "host");
	VEC_EACH(const struct unit_property, x, &p->properties) {
		if (x->s)
			buf_printf(b, "cgroup property %s = %s\n", x->name, x->s);
		else if (x->kind == UNIT_BOOL)
			buf_printf(b, "cgroup property %s = %s\n", x->name, x->u ? "true" : "false");
		else
			buf_printf(b, "cgroup property %s = %" PRIu64 "\n", x->name, x->u);
	}
	if (p->devices.n)
		buf_printf(b, "cgroup property DevicePolicy = strict\n");
}
