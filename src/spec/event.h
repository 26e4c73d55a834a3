/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * event: what happened, one line of JSON each, in a journal that everybody appends to: engine, network, image store and monitors.
 *
 *     event_note(root, EVENT_VOLUME, "create", name, "driver", "local", NULL);
 *
 * The journal is <root>/events/log: {"Type":…,"Action":…,"ID":…,"Attributes":{…},"timeNano":…} and a line end, written by one write(2) with O_APPEND, so that
 * writers need no lock. A line is at most LIMIT_EVENT bytes; attributes that do not fit are left out, the last ones first. A writer that is killed in the
 * middle of its line leaves half of one, at whose end the next begins: event_lines() cuts there, since `{"Type":` cannot stand inside a JSON string.
 * Past LIMIT_EVENT_JOURNAL bytes the file becomes log.1 (whose contents go) and a new one begins.
 *
 * Cost: one open and one write, nothing is synced. An event that cannot be written (disk full) is lost; what it tells of is done all the same, so there
 * is no error to hear of.
 */
#include <stdarg.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/enumtab.h"
#include "base/err.h"
#include "base/str.h"

#define EVENT_DIRECTORY "events"
#define EVENT_JOURNAL "log"
#define EVENT_JOURNAL_OLD "log.1"

enum event_type { EVENT_CONTAINER, EVENT_IMAGE, EVENT_NETWORK, EVENT_POD, EVENT_SECRET, EVENT_SYSTEM, EVENT_VOLUME, EVENT_TYPE_COUNT };
extern const struct enumtab event_types;

struct event {
	enum event_type type;
	const char *action;          /* docker's word: "start", "die", "exec_create: sh" */
	const char *id;              /* of a container or image, the name of a volume */
	struct pairs attributes;
	int64_t time_nano;           /* since 1970; 0: now, when it is appended */
};

/* Appends to the journal below @root, which is made if it is missing. */
void event_append(const char *root, const struct event *ev);

/* The same with attributes word by word: key, value, …, NULL. A NULL value leaves its key out. */
void event_note(const char *root, enum event_type type, const char *action, const char *id, ...) __attribute__((sentinel));

/* The same, followed by what is known of the object (@known, borrowed), which yields to a word of the same name. For those who say it in their own words. */
void event_vnote(const char *root, enum event_type type, const char *action, const char *id, const struct pairs *known, va_list ap);

/* Appends the line of @ev to @out, which has room for LIMIT_EVENT. For tests. */
struct buf;
void event_print(const struct event *ev, struct buf *out);

/*
 * Cuts the next event off *text, which ends with a line end; what is damaged is passed over. Returns 1 with *ret (strings in @a), 0 at the end.
 */
int event_next(struct str *text, struct arena *a, struct event *ret);
