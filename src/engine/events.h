/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * events: what happened to containers is said here; what happened to anything is read here, from the journal of spec/event.h.
 *
 *     container_event(en, c, "rename", "oldName", old, NULL);
 *
 * For a volume, network or image: event_note(engine_root(en), EVENT_VOLUME, "create", name, "driver", "local", NULL). The monitor says "start", "die", "oom", "kill", "attach" and
 * "health_status" of its container by itself.
 */
#include <stdbool.h>

#include "engine/engine.h"
#include "spec/event.h"

/* Appends an event of a container: its image, its name, further attributes (key, value, …, NULL; a NULL value leaves its key out), its labels. */
void container_event(const struct engine *en, const struct container *c, const char *action, ...) __attribute__((sentinel));

/* What every event of a container says: image, name, labels. In @a. For its monitor. */
struct pairs events_known(const struct container *c, struct arena *a);

struct engine_events_options {
	const char *since, *until;   /* RFC 3339, "2026-01-31", unix seconds with a fraction, an age ("10m"); NULL: now and for ever */
	struct strs filters;         /* KEY=VALUE: those of one key are alternatives (labels: all must hold), different keys must all hold */
	bool stream;                 /* wait for what is to come; otherwise what is there, all of it without @since */
};

/* Hears one event. Non-zero stops. */
typedef int (*engine_event_fn)(void *arg, const struct event *ev);

/* Gives the events that were asked for to @each, in the order they were written. Returns what @each returned. Errors: ERR_INVALID a time or filter. */
int engine_events(struct engine *en, const struct engine_events_options *o, engine_event_fn each, void *arg, struct err *e);

/* True if @ev passes all of @filters. Errors: ERR_INVALID for a filter that is not known. For tests. */
int events_match(const struct event *ev, const struct strs *filters, struct err *e);

/* A time as the options say it, in nanoseconds since 1970; @now is what an age counts from. Errors: ERR_INVALID. For tests. */
int events_moment(const char *text, int64_t now, int64_t *ret, struct err *e);
