/* SPDX-License-Identifier: Apache-2.0 */
/* `tare events` tells what happens to containers, images, networks and volumes: from now on, or since a time, until another. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "base/text.h"
#include "codec/template.h"
#include "engine/events.h"

struct events_options {
	struct engine_events_options events;
	const char *format;
	bool no_trunc, no_stream;
};

static const struct events_options events_defaults = { .events.stream = true, .no_trunc = true };

static const struct opt events_opts[] = {
	OPT(struct events_options, events.filters, "filter", 'f', FILTERS, "KEY=VALUE", "Only those: container, event, image, label, network, pod, type, volume"),
	OPT(struct events_options, format, "format", 0, STR, "TEMPLATE", "'json' or a Go template for each"),
	OPT(struct events_options, no_trunc, "no-trunc", 0, FLAG, NULL, "Whole ids (default true)"),
	OPT(struct events_options, events.since, "since", 0, STR, "TIME", "What happened since then: a time or an age (10m)"),
	OPT(struct events_options, no_stream, "no-stream", 0, FLAG, NULL, "Show what is there and end"),
	OPT(struct events_options, events.stream, "stream", 0, FLAG, NULL, "Wait for what is to come (default true)"),
	OPT(struct events_options, events.until, "until", 0, STR, "TIME", "Stop at that time"),
	OPT_END,
};

struct printer {
	const char *format;          /* NULL: a line for people */
	bool json, whole_ids;
	struct err *e;
};

/* ---- documents ---------------------------------------------------------------------------------------------------------------------------------- */

struct doc_actor {
	const char *id;
	struct pairs attributes;
};
static const struct field actor_fields[] = {
	FIELD(struct doc_actor, id, "ID", STR, 0),
	FIELD(struct doc_actor, attributes, "Attributes", PAIRS, 0),
};
static const struct schema actor_schema = SCHEMA("Actor", struct doc_actor, actor_fields);

struct doc_event {
	const char *status, *id, *from, *type, *action, *scope, *name, *network, *health;
	struct doc_actor actor;
	struct pairs attributes;
	int64_t time, time_nano;
	const char *exit_code;
};

/* clang-format off */
/* What docker writes: old clients know status, id and from, for containers and images. */
static const struct field json_fields[] = {
	FIELD(struct doc_event, status,    "status",   STR, FIELD_OMIT_EMPTY),
	FIELD(struct doc_event, id,        "id",       STR, FIELD_OMIT_EMPTY),
	FIELD(struct doc_event, from,      "from",     STR, FIELD_OMIT_EMPTY),
	FIELD(struct doc_event, type,      "Type",     STR, 0),
	FIELD(struct doc_event, action,    "Action",   STR, 0),
	FIELD_OBJ(struct doc_event, actor, "Actor",    &actor_schema, 0),
	FIELD(struct doc_event, scope,     "scope",    STR, 0),
	FIELD(struct doc_event, time,      "time",     I64, 0),
	FIELD(struct doc_event, time_nano, "timeNano", I64, 0),
};
static const struct schema json_schema = SCHEMA("event", struct doc_event, json_fields);

/* What templates see: the words of docker's and of podman's. */
static const struct field template_fields[] = {
	FIELD(struct doc_event, status,    "Status",   STR, 0),
	FIELD(struct doc_event, id,        "ID",       STR, 0),
	FIELD(struct doc_event, from,      "From",     STR, 0),
	FIELD(struct doc_event, type,      "Type",     STR, 0),
	FIELD(struct doc_event, action,    "Action",   STR, 0),
	FIELD_OBJ(struct doc_event, actor, "Actor",    &actor_schema, 0),
	FIELD(struct doc_event, scope,     "Scope",    STR, 0),
	FIELD(struct doc_event, time,      "Time",     I64, 0),
	FIELD(struct doc_event, time_nano, "TimeNano", I64, 0),
	FIELD(struct doc_event, attributes, "Attributes", PAIRS, 0),
	FIELD(struct doc_event, from,      "Image",    STR, 0),
	FIELD(struct doc_event, name,      "Name",     STR, 0),
	FIELD(struct doc_event, network,   "Network",  STR, 0),
	FIELD(struct doc_event, health,    "HealthStatus", STR, 0),
	FIELD(struct doc_event, exit_code, "ContainerExitCode", STR, 0),
};
static const struct schema template_schema = SCHEMA("event", struct doc_event, template_fields);
/* clang-format on */

static const char *attribute(const struct event *ev, const char *key)
{
	const char *value = pairs_find(&ev->attributes, key);

	return value ? value : "";
}

static const char *shown_id(const struct printer *p, const struct event *ev, struct arena *a)
{
	return p->whole_ids || ev->type == EVENT_VOLUME || strlen(ev->id) != 64 ? ev->id : arena_strndup(a, ev->id, 12);
}

static struct doc_event document_of(const struct printer *p, const struct event *ev, struct arena *a)
{
	bool old = ev->type == EVENT_CONTAINER || ev->type == EVENT_IMAGE;
	const char *health = str_after(ev->action, "health_status: ");

	return (struct doc_event){
		.status = old || !p->json ? ev->action : "", .id = old || !p->json ? shown_id(p, ev, a) : "",
		.from = ev->type == EVENT_CONTAINER ? attribute(ev, "image") : "", .type = enumtab_name(&event_types, (int)ev->type),
		.action = ev->action, .scope = "local", .name = attribute(ev, "name"),
		.network = ev->type == EVENT_NETWORK ? attribute(ev, "name") : "", .health = health ? health : "",
		.actor = { shown_id(p, ev, a), ev->attributes }, .attributes = ev->attributes,
		.time = ev->time_nano / 1000000000, .time_nano = ev->time_nano, .exit_code = attribute(ev, "exitCode"),
	};
}

/* ---- lines -------------------------------------------------------------------------------------------------------------------------------------- */

/* Local time with its offset: "2026-01-02T03:04:05.000000001+01:00". */
static void put_time(int64_t time_nano, struct buf *out)
{
	time_t seconds = (time_t)(time_nano / 1000000000);
	char text[40], zone[8];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof zone, "%z", &tm);
	buf_printf(out, "%s.%09lld", text, (long long)(time_nano % 1000000000));
	if (streq(zone, "+0000"))
		buf_add_char(out, 'Z');
	else
		buf_printf(out, "%.3s:%s", zone, zone + 3);
}

static int by_key(const void *x, const void *y)
{
	return strcmp(((const struct pair *)x)->key, ((const struct pair *)y)->key);
}

static void put_line(const struct printer *p, const struct event *ev, struct arena *a, struct buf *out)
{
	struct pair *sorted = arena_array(a, struct pair, ev->attributes.n + 1);

	put_time(ev->time_nano, out);
	buf_printf(out, " %s %s %s", enumtab_name(&event_types, (int)ev->type), ev->action, shown_id(p, ev, a));
	if (ev->attributes.n) {
		memcpy(sorted, ev->attributes.v, ev->attributes.n * sizeof *sorted);
		qsort(sorted, ev->attributes.n, sizeof *sorted, by_key);
	}
	for (size_t i = 0; i < ev->attributes.n; i++)
		buf_printf(out, "%s%s=%s", i ? ", " : " (", sorted[i].key, sorted[i].value);
	if (ev->attributes.n)
		buf_add_char(out, ')');
}

static int event_show(void *arg, const struct event *ev)
{
	struct printer *p = arg;
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf out = BUF(LIMIT_DOCUMENT), json = BUF(LIMIT_DOCUMENT);
	struct doc_event doc = document_of(p, ev, &a);
	int r = 0;

	if (p->json)
		r = json_encode(&json_schema, &doc, JSON_INDENT_NONE, &out);
	else if (p->format) {
		r = json_encode(&template_schema, &doc, JSON_INDENT_NONE, &json);
		if (r == 0)
			r = template_render_row(p->format, buf_str(&json), &out, p->e);
	} else {
		char *line;

		put_line(p, ev, &a, &out);
		/* Labels and commands are anybody's words: no line of ours may do something to a terminal. */
		line = text_calm(arena_strndup(&a, buf_text(&out), out.n));
		printf("%s\n", line);
	}
	if (r == 0 && (p->json || p->format))
		printf("%s\n", buf_text(&out));
	/* Whoever reads along shall not wait for more to come. */
	if (r == 0 && fflush(stdout) != 0)
		r = err_sys(p->e, -errno, "write events");
	return r;
}

static bool is_json(const char *format)
{
	return streq(format, "json") || streq(format, "{{json .}}") || streq(format, "{{ json . }}");
}

static int events_run(struct cli *c, const void *options, struct err *e)
{
	const struct events_options *o = options;
	struct printer p = { .format = o->format, .json = is_json(o->format), .whole_ids = o->no_trunc, .e = e };
	struct engine_events_options events = o->events;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	events.stream &= !o->no_stream;
	return r < 0 ? r : engine_events(en, &events, event_show, &p, e);
}

const struct command events_command = {
	.names = { "events", "system events" },
	.group = "System",
	.summary = "Tell what happens to containers, images, networks and volumes",
	.opts = { events_opts },
	.options_size = sizeof(struct events_options),
	.defaults = &events_defaults,
	.run = events_run,
};
