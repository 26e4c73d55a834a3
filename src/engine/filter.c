/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/filter.h"

#include "engine/networks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "base/pattern.h"
#include "base/text.h"
#include "base/vec.h"
#include "image/image.h"
#include "spec/reference.h"

/* One KEY=VALUE, ready to be compared. Each key reads what its `prepare` wrote. */
struct filter {
	const struct filter_row *row;
	const char *value;
	struct pattern pattern;      /* name, id */
	struct pair label;           /* value NULL: any */
	enum container_status status;
	int32_t code;
	struct timespec time;
	struct image image;          /* ancestor; id NULL: not here */
	uint16_t first, last;        /* ports */
	const char *protocol;
	bool flag;
};

struct filter_row {
	const char *key;
	bool all;                    /* every value of this key must hold */
	bool is_status;
	int (*prepare)(struct engine *en, struct filter *f, struct arena *a, struct err *e); /* NULL: the text as it is */
	bool (*match)(const struct container_info *i, const struct filter *f);
};

static int bad_value(const struct filter *f, const char *what, struct err *e)
{
	return err_set(e, ERR_INVALID, "invalid filter '%s=%s': %s", f->row->key, f->value, what);
}

/* ---- names, ids, labels ----------------------------------------------------------------------------------------------------------------- */

static int prepare_pattern(struct engine *en, struct filter *f, struct arena *a, struct err *e)
{
	return pattern_parse(f->value[0] == '/' ? f->value + 1 : f->value, a, &f->pattern) < 0 ? bad_value(f, "no regular expression", e) : 0;
}

static bool match_name(const struct container_info *i, const struct filter *f)
{
	return pattern_fits(&f->pattern, i->c->name);
}

static bool match_id(const struct container_info *i, const struct filter *f)
{
	return str_after(i->c->id, f->value) || pattern_fits(&f->pattern, i->c->id);
}

static int prepare_label(struct engine *en, struct filter *f, struct arena *a, struct err *e)
{
	struct str value, key = str_cut(str_of(f->value), '=', &value);

	f->label = (struct pair){ arena_strndup(a, key.p, key.n), value.p };
	return 0;
}

static bool match_label(const struct container_info *i, const struct filter *f)
{
	const char *have = pairs_find(&i->c->labels, f->label.key);

	return have && (!f->label.value || streq(have, f->label.value));
}

static bool match_no_label(const struct container_info *i, const struct filter *f)
{
	return !match_label(i, f);
}

/* ---- what it does -------------------------------------------------------------------------------------------------------------------------- */

/* Words of the peers for our states; those a container of ours is never in match nothing. */
static const struct {
	const char *word;
	int status; /* enum container_status; -1: none of ours */
} status_words[] = {
	{ "configured", CONTAINER_CREATED }, { "initialized", CONTAINER_STARTING }, { "stopped", CONTAINER_EXITED }, { "stopping", -1 },
	{ "dead", -1 },                        { "unknown", -1 },
};

static int prepare_status(struct engine *en, struct filter *f, struct arena *a, struct err *e)
{
	int status = enumtab_find(&container_statuses, f->value);

	for (size_t i = 0; status < 0 && i < ARRAY_LEN(status_words); i++) {
		if (!streq(status_words[i].word, f->value))
			continue;
		f->flag = status_words[i].status < 0;
		status = f->flag ? 0 : status_words[i].status;
	}
	f->status = (enum container_status)status;
	return status < 0 ? bad_value(f, "there is no such state", e) : 0;
}

static bool match_status(const struct container_info *i, const struct filter *f)
{
	return !f->flag && i->status == f->status;
}

static int prepare_code(struct engine *en, struct filter *f, struct arena *a, struct err *e)
{
	return parse_i32(f->value, &f->code) < 0 ? bad_value(f, "no exit code", e) : 0;
}

static bool match_exited(const struct container_info *i, const struct filter *f)
{
	return i->status == CONTAINER_EXITED && i->exit && i->exit->code == f->code;
}

/* ---- when it was made ------------------------------------------------------------------------------------------------------------------------ */

static int64_t compare(const struct timespec *s, const struct timespec *t)
{
	return s->tv_sec != t->tv_sec ? s->tv_sec - t->tv_sec : s->tv_nsec - t->tv_nsec;
}

static struct timespec made(const struct container *c)
{
	struct timespec t = { 0 };

	text_time_parse(c->created, &t);
	return t;
}

static int prepare_neighbour(struct engine *en, struct filter *f, struct arena *a, struct err *e)
{
	struct container_info other;
	int r = container_inspect(en, f->value, a, &other, e);

	if (r == 0)
		f->time = made(other.c);
	return r;
}

static int prepare_until(struct engine *en, struct filter *f, struct arena *a, struct err *e)
{
	int64_t number;

	if (text_time_parse(f->value, &f->time) == 0)
		return 0;
	if (parse_i64(f->value, &number) == 0) {
		f->time.tv_sec = number;
		return 0;
	}
	if (parse_duration(f->value, &number) < 0)
		return bad_value(f, "it takes a duration (24h), a time (RFC 3339) or seconds since 1970", e);
	clock_gettime(CLOCK_REALTIME, &f->time);
	f->time.tv_sec -= number / 1000000000;
	return 0;
}

static bool match_before(const struct container_info *i, const struct filter *f)
{
	struct timespec t = made(i->c);

	return compare(&t, &f->time) < 0;
}

static bool match_since(const struct container_info *i, const struct filter *f)
{
	struct timespec t = made(i->c);

	return compare(&t, &f->time) > 0;
}

/* ---- what it is made of ----------------------------------------------------------------------------------------------------------------------- */

static int prepare_image(struct engine *en, struct filter *f, struct arena *a, struct err *e)
{
	struct image_store *s;
	struct err ignored = { 0 };  /* one that is gone is still the name a container was made with */
	int r = engine_images(en, &s, e);

	if (r == 0 && image_find(s, f->value, a, &f->image, &ignored) < 0)
		f->image = (struct image){ 0 };
	return r;
}

/* All of the image's layers lie at the bottom of the container. */
static bool stands_on(const struct container *c, const struct strs *layers)
{
	for (size_t i = 0; i < layers->n; i++)
		if (i >= c->image.layers.n || !streq(c->image.layers.v[i], layers->v[i]))
			return false;
	return layers->n > 0;
}

static bool match_ancestor(const struct container_info *i, const struct filter *f)
{
	if (streq(i->c->image.reference, f->value))
		return true;
	return f->image.id && (streq(i->c->image.id, f->image.id) || stands_on(i->c, &f->image.diff_ids));
}

static bool match_volume(const struct container_info *i, const struct filter *f)
{
	for (size_t k = 0; k < i->c->n_mounts; k++)
		if (streq(i->c->mounts[k].source, f->value) || streq(i->c->mounts[k].target, f->value))
			return true;
	return false;
}

static bool match_network(const struct container_info *i, const struct filter *f)
{
	return networks_include(i, f->value);
}

/* ---- ports ------------------------------------------------------------------------------------------------------------------------------------- */

/* "80", "8000-8010/udp". */
static int prepare_port(struct engine *en, struct filter *f, struct arena *a, struct err *e)
{
	struct str protocol, number = str_cut(str_of(f->value), '/', &protocol);

	f->protocol = protocol.p ? protocol.p : "tcp";
	return parse_port_range(arena_strndup(a, number.p, number.n), &f->first, &f->last) < 0 ? bad_value(f, "no port", e) : 0;
}

static bool is_within(const struct filter *f, uint32_t port, const char *protocol)
{
	return port >= f->first && port <= f->last && streq(protocol, f->protocol);
}

static bool match_expose(const struct container_info *i, const struct filter *f)
{
	for (size_t k = 0; k < i->c->exposed.n; k++) {
		unsigned port;
		char protocol[8];

		if (sscanf(i->c->exposed.v[k], "%u/%7s", &port, protocol) == 2 && is_within(f, port, protocol))
			return true;
	}
	return false;
}

static bool match_publish(const struct container_info *i, const struct filter *f)
{
	for (size_t k = 0; i->state && k < i->state->n_addresses; k++)
		for (size_t m = 0; m < i->state->addresses[k].n_ports; m++)
			if (is_within(f, i->state->addresses[k].ports[m].host_port, i->state->addresses[k].ports[m].protocol))
				return true;
	return false;
}

/* ---- what a container of ours never is ------------------------------------------------------------------------------------------------------------ */

static int prepare_flag(struct engine *en, struct filter *f, struct arena *a, struct err *e)
{
	return parse_bool(f->value, &f->flag) < 0 ? bad_value(f, "true or false", e) : 0;
}

static bool match_is_task(const struct container_info *i, const struct filter *f)
{
	return !f->flag;
}

static bool match_nothing(const struct container_info *i, const struct filter *f)
{
	return false;
}

/* ---- health -------------------------------------------------------------------------------------------------------------------------------------- */

static int prepare_health(struct engine *en, struct filter *f, struct arena *a, struct err *e)
{
	int status = enumtab_find(&health_statuses, f->value);

	f->status = (enum container_status)status;
	return status < 0 ? bad_value(f, "it is starting, healthy, unhealthy or none", e) : 0;
}

static bool match_health(const struct container_info *i, const struct filter *f)
{
	return (int)f->status == (int)(i->health ? i->health->status : HEALTH_NONE);
}

/* ---- the table ------------------------------------------------------------------------------------------------------------------------------------- */

static const struct filter_row rows[] = {
	/* clang-format off */
	{ .key = "ancestor", .prepare = prepare_image,     .match = match_ancestor },
	{ .key = "before",   .prepare = prepare_neighbour, .match = match_before },
	{ .key = "exited",   .prepare = prepare_code,      .match = match_exited, .is_status = true },
	{ .key = "expose",   .prepare = prepare_port,      .match = match_expose },
	{ .key = "health",   .prepare = prepare_health,    .match = match_health },
	{ .key = "id",       .prepare = prepare_pattern,   .match = match_id },
	{ .key = "is-task",  .prepare = prepare_flag,      .match = match_is_task },
	{ .key = "label",    .prepare = prepare_label,     .match = match_label, .all = true },
	{ .key = "label!",   .prepare = prepare_label,     .match = match_no_label, .all = true },
	{ .key = "name",     .prepare = prepare_pattern,   .match = match_name },
	{ .key = "network",                                .match = match_network },
	{ .key = "pod",                                    .match = match_nothing },
	{ .key = "publish",  .prepare = prepare_port,      .match = match_publish },
	{ .key = "since",    .prepare = prepare_neighbour, .match = match_since },
	{ .key = "status",   .prepare = prepare_status,    .match = match_status, .is_status = true },
	{ .key = "until",    .prepare = prepare_until,     .match = match_before },
	{ .key = "volume",                                 .match = match_volume },
	/* clang-format on */
};

/* "label!=x" is a key of its own. */
static const struct filter_row *row_find(const char *text, const char **ret_value)
{
	for (size_t i = ARRAY_LEN(rows); i-- > 0;) {
		const char *rest = str_after(text, rows[i].key);

		if (rest && *rest == '=') {
			*ret_value = rest + 1;
			return &rows[i];
		}
	}
	return NULL;
}

int filters_parse(struct engine *en, const struct strs *texts, struct arena *a, struct filters *ret, struct err *e)
{
	*ret = (struct filters){ 0 };
	for (size_t i = 0; i < texts->n; i++) {
		const char *value;
		const struct filter_row *row = row_find(texts->v[i], &value);
		struct filter *f;
		int r;

		if (!row)
			return err_set(e, ERR_INVALID, "invalid filter '%s'", texts->v[i]);
		f = vec_push(a, ret);
		*f = (struct filter){ .row = row, .value = value };
		ret->names_status |= row->is_status;
		r = row->prepare ? row->prepare(en, f, a, e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* Does any value of the key of @want hold, or all if that is its rule? */
static bool key_holds(const struct filters *f, const struct filter_row *want, const struct container_info *i)
{
	for (size_t k = 0; k < f->n; k++)
		if (f->v[k].row == want && want->match(i, &f->v[k]) != want->all)
			return !want->all;
	return want->all;
}

bool filters_pass(const struct filters *f, const struct container_info *i)
{
	for (size_t k = 0; k < f->n; k++)
		if (!key_holds(f, f->v[k].row, i))
			return false;
	return true;
}
