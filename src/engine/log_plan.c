/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log_plan.h"

#include <ctype.h>
#include <regex.h>
#include <string.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/vec.h"
#include "codec/template.h"

enum { SHORT_ID = 12, MAX_FILES = 1000 };
enum { BUFFER_MIN = 256 * 1024, BUFFER_DEFAULT = 1024 * 1024, BUFFER_MAX = 64 * 1024 * 1024 }; /* the least holds the longest batch of records */

bool log_plan_has_file(enum monitor_log driver)
{
	return driver == MONITOR_LOG_JSON_FILE || driver == MONITOR_LOG_K8S_FILE;
}

/* ---- drivers -------------------------------------------------------------------------------------------------------------------------- */

/* Drivers of our peers that are not built. */
static const struct {
	const char *name, *instead;
} other_drivers[] = {
	{ "local", "json-file with --log-opt max-size=20m --log-opt max-file=5 keeps as much" },
	{ "syslog", "journald passes on to it" },
	{ "gelf", "a collector can read the json-file log" },
	{ "fluentd", "a collector can read the json-file log" },
	{ "awslogs", "a collector can read the json-file log" },
	{ "splunk", "a collector can read the json-file log" },
	{ "gcplogs", "a collector can read the json-file log" },
	{ "logentries", "a collector can read the json-file log" },
	{ "etwlogs", "it is a driver of Windows" },
};

static int driver_find(const char *name, enum monitor_log *ret, struct err *e)
{
	int driver = enumtab_find(&monitor_logs, name ? name : "json-file");

	*ret = (enum monitor_log)driver;
	if (driver >= 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(other_drivers); i++) {
		if (streq(name, other_drivers[i].name))
			return err_set(e, ERR_UNSUPPORTED, "unsupported: log driver '%s': %s", name, other_drivers[i].instead);
	}
	return err_set(e, ERR_INVALID, "unknown log driver '%s': json-file, k8s-file, journald, none and passthrough are known", name);
}

/* ---- options -------------------------------------------------------------------------------------------------------------------------- */

/* What the options say before a container is looked at. */
struct words {
	struct log_plan plan;
	bool no_wait;
	const char *labels, *labels_regex, *env, *env_regex, *tag;
};

static int take_max_size(struct words *w, const char *value, struct err *e)
{
	int64_t size;

	if (streq(value, "-1"))
		return 0;
	if (parse_size(value, &size) < 0 || size <= 0)
		return err_set(e, ERR_INVALID, "not a size like 10m, or -1");
	w->plan.max_size = (uint64_t)size;
	return 0;
}

static int take_max_file(struct words *w, const char *value, struct err *e)
{
	if (parse_u32(value, &w->plan.max_files) < 0 || w->plan.max_files < 1 || w->plan.max_files > MAX_FILES)
		return err_set(e, ERR_INVALID, "not a number of files, 1 to %d", MAX_FILES);
	return 0;
}

static int take_compress(struct words *w, const char *value, struct err *e)
{
	bool on;

	if (parse_bool(value, &on) < 0)
		return err_set(e, ERR_INVALID, "neither true nor false");
	return on ? err_set(e, ERR_UNSUPPORTED, "unsupported: old files stay as they are, so that readers can go from one to the next") : 0;
}

static int take_path(struct words *w, const char *value, struct err *e)
{
	if (value[0] != '/')
		return err_set(e, ERR_INVALID, "not an absolute path");
	w->plan.path = value;
	return 0;
}

static int take_mode(struct words *w, const char *value, struct err *e)
{
	w->no_wait = streq(value, "non-blocking");
	return w->no_wait || streq(value, "blocking") ? 0 : err_set(e, ERR_INVALID, "neither blocking nor non-blocking");
}

static int take_buffer_size(struct words *w, const char *value, struct err *e)
{
	int64_t size;

	if (parse_size(value, &size) < 0 || size < BUFFER_MIN || size > BUFFER_MAX)
		return err_set(e, ERR_INVALID, "not a size between %dk and %dm", BUFFER_MIN >> 10, BUFFER_MAX >> 20);
	w->plan.buffer = (uint64_t)size;
	return 0;
}

static int check_regex(const char *value, struct err *e)
{
	regex_t re;

	if (regcomp(&re, value, REG_EXTENDED | REG_NOSUB) != 0)
		return err_set(e, ERR_INVALID, "not a regular expression");
	regfree(&re);
	return 0;
}

static int take_labels(struct words *w, const char *value, struct err *e)
{
	w->labels = value;
	return 0;
}

static int take_labels_regex(struct words *w, const char *value, struct err *e)
{
	w->labels_regex = value;
	return check_regex(value, e);
}

static int take_env(struct words *w, const char *value, struct err *e)
{
	w->env = value;
	return 0;
}

static int take_env_regex(struct words *w, const char *value, struct err *e)
{
	w->env_regex = value;
	return check_regex(value, e);
}

static int take_tag(struct words *w, const char *value, struct err *e)
{
	w->tag = value;
	return 0;
}

enum { FILES = 1 << MONITOR_LOG_JSON_FILE | 1 << MONITOR_LOG_K8S_FILE, ALL = FILES | 1 << MONITOR_LOG_JOURNALD };

/* clang-format off */
static const struct log_option {
	const char *name;
	unsigned drivers;            /* 1 << enum monitor_log of those that take it */
	int (*take)(struct words *w, const char *value, struct err *e);
} log_options[] = {
	{ "max-size",        FILES, take_max_size },
	{ "max-file",        FILES, take_max_file },
	{ "compress",        FILES, take_compress },
	{ "path",            FILES, take_path },
	{ "labels",          ALL,   take_labels },
	{ "labels-regex",    ALL,   take_labels_regex },
	{ "env",             ALL,   take_env },
	{ "env-regex",       ALL,   take_env_regex },
	{ "tag",             ALL,   take_tag },
	{ "mode",            ALL,   take_mode },
	{ "max-buffer-size", ALL,   take_buffer_size },
};
/* clang-format on */

static int option_take(struct words *w, const struct pair *o, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(log_options); i++) {
		int r;

		if (!streq(o->key, log_options[i].name) || !(log_options[i].drivers & 1U << w->plan.driver))
			continue;
		r = log_options[i].take(w, o->value, e);
		return r < 0 ? err_wrap(e, "log-opt '%s=%s'", o->key, o->value) : 0;
	}
	return err_set(e, ERR_INVALID, "unknown log-opt '%s' for log driver %s", o->key, enumtab_name(&monitor_logs, (int)w->plan.driver));
}

static int words_read(const struct container_request *q, struct words *ret, struct err *e)
{
	int r;

	*ret = (struct words){ .plan = { .max_files = 1 } };
	r = driver_find(q->log_driver, &ret->plan.driver, e);
	for (size_t i = 0; r == 0 && i < q->log_opts.n; i++)
		r = option_take(ret, &q->log_opts.v[i], e);
	if (r == 0 && ret->plan.buffer && !ret->no_wait)
		return err_set(e, ERR_INVALID, "log-opt max-buffer-size needs mode=non-blocking");
	if (ret->no_wait && !ret->plan.buffer)
		ret->plan.buffer = BUFFER_DEFAULT;
	return r;
}

int log_plan_check(const struct container_request *q, struct err *e)
{
	struct words w;
	int r = words_read(q, &w, e);

	if (r == 0 && w.plan.driver == MONITOR_LOG_PASSTHROUGH && q->tty)
		return err_set(e, ERR_INVALID, "log driver passthrough has no terminal: leave out -t");
	if (r == 0 && w.plan.max_files > 1 && !w.plan.max_size)
		return err_set(e, ERR_INVALID, "log-opt max-file needs max-size: without it there is only one file");
	return r;
}

/* ---- what records carry ---------------------------------------------------------------------------------------------------------------- */

static bool in_list(const char *list, const char *word)
{
	struct str rest = str_of(list);

	while (rest.p) {
		struct str one = str_trim(str_cut(rest, ',', &rest));

		if (str_is(one, word))
			return true;
	}
	return false;
}

static bool matches(const char *regex, const char *word)
{
	regex_t re;
	bool hit;

	if (!regex || regcomp(&re, regex, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	hit = regexec(&re, word, 0, NULL, 0) == 0;
	regfree(&re);
	return hit;
}

static bool is_wanted(const char *list, const char *regex, const char *word)
{
	return (list && in_list(list, word)) || matches(regex, word);
}

struct tag_names {
	const char *id, *full_id, *name, *image_id, *image_full_id, *image, *daemon;
};
static const struct field tag_fields[] = {
	FIELD(struct tag_names, id, "ID", STR, 0),
	FIELD(struct tag_names, full_id, "FullID", STR, 0),
	FIELD(struct tag_names, name, "Name", STR, 0),
	FIELD(struct tag_names, image_id, "ImageID", STR, 0),
	FIELD(struct tag_names, image_full_id, "ImageFullID", STR, 0),
	FIELD(struct tag_names, image, "ImageName", STR, 0),
	FIELD(struct tag_names, daemon, "DaemonName", STR, 0),
};
static const struct schema tag_schema = SCHEMA("tag", struct tag_names, tag_fields);

static const char *without_algorithm(const char *digest)
{
	const char *colon = digest ? strchr(digest, ':') : NULL;

	return colon ? colon + 1 : digest ? digest : "";
}

static int tag_render(const struct container *c, const char *tag, struct arena *a, const char **ret, struct err *e)
{
	scoped_buf struct buf json = BUF(LIMIT_DOCUMENT), out = BUF(LIMIT_PROC_FILE);
	struct tag_names n = { .id = arena_strndup(a, c->id, SHORT_ID), .full_id = c->id, .name = c->name ? c->name : "",
		.image_id = arena_strndup(a, without_algorithm(c->image.id), SHORT_ID), .image_full_id = c->image.id, .image = c->request.image,
		.daemon = "tare" };
	int r;

	json_encode(&tag_schema, &n, JSON_INDENT_NONE, &json);
	r = template_render_row(tag, buf_str(&json), &out, e);
	if (r < 0)
		return err_wrap(e, "log-opt 'tag=%s'", tag);
	*ret = arena_strdup(a, buf_text(&out));
	return 0;
}

static void attributes_collect(const struct container *c, const struct words *w, struct arena *a, struct pairs *ret)
{
	for (size_t i = 0; i < c->labels.n; i++) {
		if (is_wanted(w->labels, w->labels_regex, c->labels.v[i].key))
			pairs_set(a, ret, c->labels.v[i].key, c->labels.v[i].value);
	}
	for (size_t i = 0; i < c->env.n; i++) {
		struct str value, key = str_cut(str_of(c->env.v[i]), '=', &value);
		const char *name = arena_strndup(a, key.p, key.n);

		if (value.p && is_wanted(w->env, w->env_regex, name))
			pairs_set(a, ret, name, value.p);
	}
}

/* A name as the journal takes it: capitals, digits and '_', not beginning with one of the last two. NULL: nothing is left of it. */
static const char *journal_name(const char *key, struct arena *a)
{
	char *name = arena_strdup(a, key);

	for (char *c = name; *c; c++)
		*c = isalnum((unsigned char)*c) && (unsigned char)*c < 128 ? (char)toupper((unsigned char)*c) : '_';
	while (*name && !isupper((unsigned char)*name))
		name++;
	return *name ? name : NULL;
}

static void journal_fields(const struct container *c, const char *tag, struct arena *a, struct log_plan *p)
{
	const char *id = arena_strndup(a, c->id, SHORT_ID);

	for (size_t i = 0; i < p->attributes.n; i++) {
		const char *name = journal_name(p->attributes.v[i].key, a);

		if (name && !streq(p->attributes.v[i].key, "tag"))
			pairs_set(a, &p->fields, name, p->attributes.v[i].value);
	}
	pairs_set(a, &p->fields, "CONTAINER_ID", id);
	pairs_set(a, &p->fields, "CONTAINER_ID_FULL", c->id);
	pairs_set(a, &p->fields, "CONTAINER_NAME", c->name ? c->name : "");
	pairs_set(a, &p->fields, "CONTAINER_TAG", tag ? tag : id);
	pairs_set(a, &p->fields, "IMAGE_NAME", c->request.image);
	pairs_set(a, &p->fields, "SYSLOG_IDENTIFIER", tag ? tag : id);
}

int log_plan_make(const struct container *c, struct arena *a, struct log_plan *ret, struct err *e)
{
	const char *tag = NULL;
	struct words w;
	int r = words_read(&c->request, &w, e);

	if (r == 0 && w.tag)
		r = tag_render(c, w.tag, a, &tag, e);
	if (r < 0)
		return r;
	*ret = w.plan;
	attributes_collect(c, &w, a, &ret->attributes);
	if (tag)
		pairs_set(a, &ret->attributes, "tag", tag);
	if (ret->driver == MONITOR_LOG_JOURNALD)
		journal_fields(c, tag, a, ret);
	else if (ret->driver == MONITOR_LOG_JSON_FILE)
		ret->fields = ret->attributes;
	return 0;
}
