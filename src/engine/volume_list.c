/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands about volumes do: create, list, inspect, remove, prune. */
#include "engine/volumes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/vec.h"
#include "engine/id.h"
#include "engine/volume.h"
#include "os/survey.h"

/* Who has mounted it by `volume mount`. No container has that id. */
#define MOUNT_USER "mount"

int volume_create(struct engine *en, const struct volume_request *q, struct arena *a, const char **ret_name, struct err *e)
{
	scoped_volume_claim struct volume_claim c = VOLUME_CLAIM_NONE;
	struct volume_request named = *q;
	char id[CONTAINER_ID_SIZE];
	int r;

	if (!q->name) {
		id_new(id);
		named.name = arena_strdup(a, id);
	}
	r = volume_claim(en, &named, 0, a, &c, e);
	if (r == 0)
		*ret_name = named.name;
	return r;
}

/* ---- looking -------------------------------------------------------------------------------------------------------------------------------------- */

static int info_load(struct engine *en, const char *name, struct arena *a, struct volume_info *ret, struct err *e)
{
	scoped_object struct object o = OBJECT_NONE;
	const struct objdir *d;
	int r = engine_volumes(en, &d, e);

	if (r < 0)
		return r;
	*ret = (struct volume_info){ .mountpoint = arena_printf(a, "%s/%s/" VOLUME_DATA, volume_directory(en, a), name) };
	r = objdir_name_is_valid(name) ? object_open(d, name, &o) : -ENOENT;
	if (r == -ENOENT || (r == 0 && !object_is_finished(&o)))
		return err_set(e, ERR_NOT_FOUND, "no such volume: %s", name);
	if (r < 0)
		return err_sys(e, r, "open volume '%s'", name);
	r = volume_read(&o, name, a, &ret->v, e);
	if (r == 0 && volume_is_mounted(&ret->v))
		ret->mounts = volume_mount_users(en, name);
	return r;
}

int volume_inspect(struct engine *en, const char *name, struct arena *a, struct volume_info *ret, struct err *e)
{
	return info_load(en, name, a, ret, e);
}

/* Docker's document, and Podman's words that say more. */
struct doc_volume {
	const char *created, *driver, *mountpoint, *name, *scope;
	struct pairs labels, options;
	bool anonymous, needs_copy_up;
	uint64_t mounts;
};

/* clang-format off */
static const struct field doc_fields[] = {
	FIELD(struct doc_volume, created,       "CreatedAt",   STR,   0),
	FIELD(struct doc_volume, driver,        "Driver",      STR,   0),
	FIELD(struct doc_volume, labels,        "Labels",      PAIRS, 0),
	FIELD(struct doc_volume, mountpoint,    "Mountpoint",  STR,   0),
	FIELD(struct doc_volume, name,          "Name",        STR,   0),
	FIELD(struct doc_volume, options,       "Options",     PAIRS, 0),
	FIELD(struct doc_volume, scope,         "Scope",       STR,   0),
	FIELD(struct doc_volume, anonymous,     "Anonymous",   BOOL,  FIELD_OMIT_EMPTY),
	FIELD(struct doc_volume, needs_copy_up, "NeedsCopyUp", BOOL,  FIELD_OMIT_EMPTY),
	FIELD(struct doc_volume, mounts,        "MountCount",  U64,   FIELD_OMIT_EMPTY),
};
/* clang-format on */
static const struct schema doc_schema = SCHEMA("volume", struct doc_volume, doc_fields);

/* "2026-01-02T03:04:05.123Z" -> "2026-01-02T03:04:05Z" */
static const char *whole_seconds(const char *time, struct arena *a)
{
	return strchr(time, '.') ? arena_printf(a, "%.*sZ", (int)strcspn(time, "."), time) : time;
}

int volume_inspect_json(struct engine *en, const char *name, struct arena *a, const char **ret, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct volume_info i;
	struct doc_volume doc;
	int r = info_load(en, name, a, &i, e);

	if (r < 0)
		return r;
	doc = (struct doc_volume){ .created = whole_seconds(i.v.created, a), .driver = i.v.driver, .mountpoint = i.mountpoint, .name = i.v.name,
		.scope = "local", .labels = i.v.labels, .options = i.v.options, .anonymous = i.v.anonymous, .needs_copy_up = !i.v.filled, .mounts = i.mounts };
	r = json_encode(&doc_schema, &doc, JSON_INDENT_4, &b);
	if (r < 0)
		return err_sys(e, r, "print volume '%s'", name);
	*ret = arena_strdup(a, buf_text(&b));
	return 0;
}

/* ---- filters -------------------------------------------------------------------------------------------------------------------------------------- */

struct matching {
	struct engine *en;
	struct arena *a;
	const struct volume_users *users;
};

static bool match_dangling(const struct volume_info *i, const char *value, const struct matching *m)
{
	bool want = false;

	return parse_bool(value, &want) == 0 && want == (volume_users_count(m->users, i->v.name, m->a, NULL) == 0);
}

static bool match_driver(const struct volume_info *i, const char *value, const struct matching *m)
{
	return streq(i->v.driver, value);
}

static bool pair_matches(const struct pairs *pairs, const char *value, struct arena *a)
{
	struct str want, key = str_cut(str_of(value), '=', &want);
	const char *have = pairs_find(pairs, arena_strndup(a, key.p, key.n));

	return have && (!want.p || str_is(want, have));
}

static bool match_label(const struct volume_info *i, const char *value, const struct matching *m)
{
	return pair_matches(&i->v.labels, value, m->a);
}

static bool match_option(const struct volume_info *i, const char *value, const struct matching *m)
{
	return pair_matches(&i->v.options, value, m->a);
}

static bool match_name(const struct volume_info *i, const char *value, const struct matching *m)
{
	return strstr(i->v.name, value) != NULL;
}

static bool match_scope(const struct volume_info *i, const char *value, const struct matching *m)
{
	return streq(value, "local");
}

static bool match_anonymous(const struct volume_info *i, const char *value, const struct matching *m)
{
	bool want = false;

	return parse_bool(value, &want) == 0 && want == i->v.anonymous;
}

static int64_t seconds_of(const char *time)
{
	struct timespec t = { 0 };

	text_time_parse(time, &t);
	return t.tv_sec;
}

static bool match_until(const struct volume_info *i, const char *value, const struct matching *m)
{
	int64_t until;

	return parse_i64(value, &until) == 0 && seconds_of(i->v.created) < until;
}

/* Made after another volume. */
static bool match_after(const struct volume_info *i, const char *value, const struct matching *m)
{
	struct err ignored = { 0 }; /* nothing comes after one that is not there */
	struct volume_info other;
	struct timespec x = { 0 }, y = { 0 };

	if (info_load(m->en, value, m->a, &other, &ignored) < 0)
		return false;
	text_time_parse(i->v.created, &x);
	text_time_parse(other.v.created, &y);
	return x.tv_sec != y.tv_sec ? x.tv_sec > y.tv_sec : x.tv_nsec > y.tv_nsec;
}

static const struct {
	const char *key;
	bool (*match)(const struct volume_info *i, const char *value, const struct matching *m);
	bool all;                    /* every value of the key must hold, not just one */
} filters[] = {
	{ "dangling", match_dangling, true }, { "driver", match_driver },       { "label", match_label, true }, { "name", match_name },
	{ "opt", match_option, true },        { "scope", match_scope },         { "until", match_until, true }, { "after", match_after, true },
	{ "since", match_after, true },       { "anonymous", match_anonymous },
};

static int filters_check(const struct strs *want, bool *ret_users, struct err *e)
{
	for (size_t i = 0; i < want->n; i++) {
		struct str rest, key = str_cut(str_of(want->v[i]), '=', &rest);
		bool known = false, b;

		for (size_t k = 0; k < ARRAY_LEN(filters); k++)
			known = known || str_is(key, filters[k].key);
		if (!known || !rest.p)
			return err_set(e, ERR_INVALID, "invalid filter '%.100s': dangling=, driver=, label=, name=, opt=, scope=, until=, after=, since= and anonymous= are known",
				want->v[i]);
		if ((str_is(key, "dangling") || str_is(key, "anonymous")) && parse_bool(rest.p, &b) < 0)
			return err_set(e, ERR_INVALID, "invalid filter '%.100s': it is true or false", want->v[i]);
		*ret_users = *ret_users || str_is(key, "dangling");
	}
	return 0;
}

static bool passes(const struct volume_info *i, const struct strs *want, const struct matching *m)
{
	for (size_t k = 0; k < ARRAY_LEN(filters); k++) {
		size_t asked = 0, held = 0;

		for (size_t w = 0; w < want->n; w++) {
			struct str rest, key = str_cut(str_of(want->v[w]), '=', &rest);

			if (!str_is(key, filters[k].key))
				continue;
			asked++;
			held += filters[k].match(i, rest.p, m);
		}
		if (filters[k].all ? held < asked : asked > 0 && held == 0)
			return false;
	}
	return true;
}

/* ---- many ----------------------------------------------------------------------------------------------------------------------------------------- */

struct names {
	struct arena *a;
	struct strs v;
};

static int name_add(void *arg, const char *name)
{
	struct names *n = arg;

	strs_push(n->a, &n->v, arena_strdup(n->a, name));
	return 0;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int names_load(struct engine *en, struct arena *a, struct strs *ret, struct err *e)
{
	struct names names = { .a = a };
	const struct objdir *d;
	int r = engine_volumes(en, &d, e);

	if (r < 0)
		return r;
	r = objdir_each(d, name_add, &names);
	if (r < 0)
		return err_sys(e, r, "list volumes");
	if (names.v.n)
		qsort(names.v.v, names.v.n, sizeof *names.v.v, by_name);
	*ret = names.v;
	return 0;
}

int volume_list(struct engine *en, const struct volume_list_options *o, struct arena *a, struct volume_info **ret, size_t *ret_n, struct err *e)
{
	struct VEC(struct volume_info) found = { 0 };
	struct volume_users users = { 0 };
	struct matching m = { en, a, &users };
	bool wants_users = o->links;
	struct strs names = { 0 };
	int r = filters_check(&o->filters, &wants_users, e);

	/* Volumes first: who has one that comes later need not be in the list of users. */
	if (r == 0)
		r = names_load(en, a, &names, e);
	if (r == 0 && wants_users)
		r = volume_users_load(en, a, &users, e);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		struct err ignored = { 0 }; /* gone meanwhile, or damaged: `system check` names it */
		struct volume_info one;

		if (info_load(en, names.v[i], a, &one, &ignored) < 0 || !passes(&one, &o->filters, &m))
			continue;
		one.links = volume_users_count(&users, one.v.name, a, NULL);
		*vec_push(a, &found) = one;
	}
	*ret = found.v;
	*ret_n = found.n;
	return r;
}

/* ---- removing ------------------------------------------------------------------------------------------------------------------------------------- */

/* Mounts of the dead are taken away on the way. */
static int remove_claimed(struct engine *en, struct volume_claim *c, struct err *e)
{
	volume_let_go(en, c->v.name, c, NULL);
	if (volume_mount_users(en, c->v.name) > 0)
		return err_set(e, ERR_CONFLICT, "volume '%s' is mounted: unmount it with 'tare volume unmount'", c->v.name);
	return volume_discard(en, c, e);
}

int volume_remove(struct engine *en, const char *name, bool missing_ok, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_volume_claim struct volume_claim c = VOLUME_CLAIM_NONE;
	struct volume_users users;
	const char *who;
	int r = volume_open(en, name, &a, &c, e);

	if (r < 0 && e->kind == ERR_NOT_FOUND && missing_ok) {
		err_clear(e);
		return 0;
	}
	if (r == 0)
		r = volume_users_load(en, &a, &users, e);
	if (r < 0)
		return r;
	if (volume_users_count(&users, name, &a, &who) > 0)
		return err_set(e, ERR_CONFLICT, "volume '%s' is in use by %s: remove the container first", name, who);
	return remove_claimed(en, &c, e);
}

static bool is_spared(const struct volume *v, bool all, const struct prune_filter *f, struct arena *a)
{
	if (!all && !v->anonymous)
		return true;
	if (f->until > 0 && seconds_of(v->created) >= f->until)
		return true;
	for (size_t i = 0; i < f->labels.n; i++) {
		const char *have = pairs_find(&v->labels, f->labels.v[i].key);

		if (!have || (f->labels.v[i].value && !streq(have, f->labels.v[i].value)))
			return true;
	}
	for (size_t i = 0; i < f->not_labels.n; i++) {
		const char *have = pairs_find(&v->labels, f->not_labels.v[i].key);

		if (have && (!f->not_labels.v[i].value || streq(have, f->not_labels.v[i].value)))
			return true;
	}
	return false;
}

/* 1: removed. Who has it is asked with its lock held, so nobody can come meanwhile. */
static int prune_one(struct engine *en, const char *name, bool all, const struct prune_filter *f, uint64_t *bytes, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_volume_claim struct volume_claim c = VOLUME_CLAIM_NONE;
	struct volume_users users;
	uint64_t size = 0;
	int r = volume_open(en, name, &a, &c, e);

	if (r < 0 && e->kind == ERR_NOT_FOUND)
		return 0;
	if (r == 0 && is_spared(&c.v, all, f, &a))
		return 0;
	if (r == 0)
		r = volume_users_load(en, &a, &users, e);
	if (r < 0)
		return r;
	if (volume_users_count(&users, name, &a, NULL) > 0 || volume_mount_users(en, name) > 0)
		return 0;
	volume_let_go(en, name, &c, NULL);
	survey_entry(en->volumes.fd, name, &size);
	r = remove_claimed(en, &c, e);
	if (r < 0)
		return r;
	*bytes += size;
	return 1;
}

int volume_prune(struct engine *en, bool all, const struct prune_filter *filter, void (*each)(void *arg, const char *name), void *arg, uint64_t *ret_bytes,
		struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct strs names = { 0 };
	int r = names_load(en, &a, &names, e);

	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		r = prune_one(en, names.v[i], all, filter, ret_bytes, e);
		if (r > 0)
			each(arg, names.v[i]);
	}
	return r < 0 ? r : 0;
}

/* ---- mounting ------------------------------------------------------------------------------------------------------------------------------------- */

int volume_mount(struct engine *en, const char *name, struct arena *a, const char **ret, struct err *e)
{
	scoped_volume_claim struct volume_claim c = VOLUME_CLAIM_NONE;
	int r = volume_open(en, name, a, &c, e);

	if (r == 0)
		r = volume_hold(en, &c, MOUNT_USER, e);
	if (r == 0)
		*ret = arena_printf(a, "%s/%s/" VOLUME_DATA, volume_directory(en, a), name);
	return r;
}

int volume_unmount(struct engine *en, const char *name, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_volume_claim struct volume_claim c = VOLUME_CLAIM_NONE;
	int r = volume_open(en, name, &a, &c, e);

	if (r == 0)
		volume_let_go(en, name, &c, MOUNT_USER);
	return r;
}
