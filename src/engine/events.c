/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/events.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/vec.h"
#include "engine/internal.h"
#include "os/file.h"

enum { READ_CHUNK = 64 * 1024, SECOND_NS = 1000000000 };

/* ---- saying ------------------------------------------------------------------------------------------------------------------------------------- */

struct pairs events_known(const struct container *c, struct arena *a)
{
	struct pairs known = { arena_array(a, struct pair, c->labels.n + 2), 0 };

	/* What says most comes first: of a line that is too long the end is left out. */
	known.v[known.n++] = (struct pair){ "image", c->request.image };
	known.v[known.n++] = (struct pair){ "name", c->name };
	for (size_t i = 0; i < c->labels.n; i++)
		if (!streq(c->labels.v[i].key, "image") && !streq(c->labels.v[i].key, "name"))
			known.v[known.n++] = c->labels.v[i];
	return known;
}

void container_event(const struct engine *en, const struct container *c, const char *action, ...)
{
	scoped_arena struct arena a = { 0 };
	struct pairs known = events_known(c, &a);
	va_list ap;

	va_start(ap, action);
	event_vnote(en->root, EVENT_CONTAINER, action, c->id, &known, ap);
	va_end(ap);
}

/* ---- times -------------------------------------------------------------------------------------------------------------------------------------- */

/* "2026-01-31", "2026-01-31T10:00", "2026-01-31T10:00:00": local time. */
static bool local_time_parse(const char *text, int64_t *ret)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S" };

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(text, forms[i], &tm);

		if (end && !*end) {
			*ret = (int64_t)mktime(&tm) * SECOND_NS;
			return true;
		}
	}
	return false;
}

/* "1136073600.000000001" */
static bool unix_time_parse(const char *text, int64_t *ret)
{
	return text[0] >= '0' && text[0] <= '9' && parse_nano(text, ret) == 0;
}

int events_moment(const char *text, int64_t now, int64_t *ret, struct err *e)
{
	struct timespec t;
	int64_t age;

	if (text_time_parse(text, &t) == 0) {
		*ret = (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec;
		return 0;
	}
	if (unix_time_parse(text, ret) || local_time_parse(text, ret))
		return 0;
	if (parse_duration(text, &age) < 0)
		return err_set(e, ERR_INVALID, "'%s' is no time: it takes RFC 3339, a date, seconds since 1970 or an age such as 10m", text);
	*ret = now - age;
	return 0;
}

/* ---- filters ------------------------------------------------------------------------------------------------------------------------------------ */

/* docker takes the beginning of an id or name. */
static bool is_named(const struct event *ev, enum event_type type, const char *value)
{
	const char *name = pairs_find(&ev->attributes, "name");

	return ev->type == type && (str_after(ev->id, value) || (name && str_after(name, value)));
}

static bool match_container(const struct event *ev, const char *value)
{
	return is_named(ev, EVENT_CONTAINER, value);
}

static bool match_network(const struct event *ev, const char *value)
{
	return is_named(ev, EVENT_NETWORK, value);
}

static bool match_volume(const struct event *ev, const char *value)
{
	return is_named(ev, EVENT_VOLUME, value);
}

static bool match_pod(const struct event *ev, const char *value)
{
	return is_named(ev, EVENT_POD, value);
}

static bool match_secret(const struct event *ev, const char *value)
{
	return is_named(ev, EVENT_SECRET, value);
}

/* A reference with or without its tag. */
static bool is_image(const char *reference, const char *value)
{
	size_t n = strlen(value);

	return reference && str_after(reference, value) && (!reference[n] || reference[n] == ':' || reference[n] == '@');
}

static bool match_image(const struct event *ev, const char *value)
{
	if (ev->type == EVENT_IMAGE) {
		const char *hex = str_after(ev->id, "sha256:");

		return is_image(ev->id, value) || (hex && str_after(hex, value)) || is_image(pairs_find(&ev->attributes, "name"), value);
	}
	return is_image(pairs_find(&ev->attributes, "image"), value);
}

/* Podman's words for what docker calls otherwise. */
static const struct pair podman_actions[] = {
	{ "died", "die" }, { "remove", "destroy" }, { "exec", "exec_start" }, { "exec_died", "exec_die" },
};

/* Also the beginning up to ':': of "exec_create: sh" and "health_status: healthy". */
static bool match_event(const struct event *ev, const char *value)
{
	const char *rest;

	for (size_t i = 0; i < ARRAY_LEN(podman_actions); i++)
		if (streq(value, podman_actions[i].key) && !streq(value, ev->action))
			value = podman_actions[i].value;
	rest = str_after(ev->action, value);
	return rest && (!*rest || *rest == ':');
}

static bool match_label(const struct event *ev, const char *value)
{
	struct str want, key = str_cut(str_of(value), '=', &want);

	for (size_t i = 0; i < ev->attributes.n; i++)
		if (str_is(key, ev->attributes.v[i].key))
			return !want.p || str_is(want, ev->attributes.v[i].value);
	return false;
}

static bool match_type(const struct event *ev, const char *value)
{
	return streq(enumtab_name(&event_types, (int)ev->type), value);
}

static bool match_scope(const struct event *ev, const char *value)
{
	return streq(value, "local");
}

static const struct event_filter {
	const char *key;
	bool (*match)(const struct event *ev, const char *value);
	bool all;                    /* every value must match, not only one */
} event_filters[] = {
	{ "container", match_container, false }, { "event", match_event, false },   { "image", match_image, false },
	{ "label", match_label, true },          { "network", match_network, false }, { "pod", match_pod, false },
	{ "scope", match_scope, false },         { "secret", match_secret, false }, { "type", match_type, false },
	{ "volume", match_volume, false },
};

int events_match(const struct event *ev, const struct strs *filters, struct err *e)
{
	enum { N = ARRAY_LEN(event_filters) };
	bool asked[N] = { false }, any[N] = { false }, every[N];

	memset(every, true, sizeof every);
	for (size_t i = 0; i < filters->n; i++) {
		struct str value, key = str_cut(str_of(filters->v[i]), '=', &value);
		size_t k = 0;
		bool is;

		while (k < N && !str_is(key, event_filters[k].key))
			k++;
		if (k == N || !value.p)
			return err_set(e, ERR_INVALID, "invalid filter '%s': container=, event=, image=, label=, network=, pod=, scope=, secret=, type= and "
				"volume= are known", filters->v[i]);
		is = event_filters[k].match(ev, value.p);
		asked[k] = true;
		any[k] |= is;
		every[k] &= is;
	}
	for (size_t k = 0; k < N; k++)
		if (asked[k] && !(event_filters[k].all ? every[k] : any[k]))
			return false;
	return true;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------------------------ */

/* One file of the journal, read up to where it ends now. */
struct tail {
	int fd;
	struct buf pending;          /* a line that has not ended yet */
};

struct reading {
	const struct engine_events_options *o;
	int64_t since, until;
	int dir, watch;              /* <root>/events; its inotify */
	struct tail now, before;     /* the journal, and the one before it, to which a writer may still append */
	engine_event_fn each;
	void *arg;
};

static void tail_done(struct tail *t)
{
	fd_done(&t->fd);
	buf_done(&t->pending);
}

static void reading_done(struct reading *r)
{
	tail_done(&r->now);
	tail_done(&r->before);
	fd_done(&r->watch);
	fd_done(&r->dir);
}

/* Gives the whole lines of @t->pending to the caller. */
static int lines_give(struct reading *r, struct tail *t, struct err *e)
{
	const char *end = t->pending.n ? memrchr(t->pending.p, '\n', t->pending.n) : NULL;
	scoped_arena struct arena a = { 0 };
	struct arena_mark mark = arena_mark(&a);
	struct event ev;
	struct str text;

	if (!end)
		return 0;
	text = (struct str){ t->pending.p, (size_t)(end + 1 - t->pending.p) };
	for (; event_next(&text, &a, &ev) > 0; arena_reset(&a, mark)) {
		int is;

		if (ev.time_nano < r->since || ev.time_nano > r->until)
			continue;
		is = events_match(&ev, &r->o->filters, e);
		if (is > 0)
			is = r->each(r->arg, &ev);
		if (is != 0)
			return is;
	}
	buf_drop(&t->pending, (size_t)(end + 1 - t->pending.p));
	return 0;
}

static int tail_read(struct reading *r, struct tail *t, struct err *e)
{
	int result = 0;

	while (t->fd >= 0 && result == 0) {
		char *room = buf_room(&t->pending, READ_CHUNK);
		ssize_t n = room ? read(t->fd, room, READ_CHUNK) : 0;

		if (n < 0)
			return err_sys(e, -errno, "read the journal of events");
		if (!room)
			buf_clear(&t->pending); /* no line is so long: this is no journal */
		if (n == 0 && room)
			break;
		buf_grow(&t->pending, (size_t)n);
		result = lines_give(r, t, e);
	}
	return result;
}

static ino_t inode_of(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static struct tail tail_open(int dir, const char *name)
{
	return (struct tail){ .fd = openat(dir, name, O_RDONLY | O_CLOEXEC), .pending = BUF(READ_CHUNK + LIMIT_EVENT_JOURNAL) };
}

/* Both files; a journal that becomes the one before it while we look is opened again. */
static void tails_open(struct reading *r)
{
	do {
		tail_done(&r->now);
		tail_done(&r->before);
		r->now = tail_open(r->dir, EVENT_JOURNAL);
		r->before = tail_open(r->dir, EVENT_JOURNAL_OLD);
	} while (r->now.fd >= 0 && inode_of(r->now.fd) == inode_of(r->before.fd));
}

/* Reads what came. A new journal begins: ours becomes the one before it, since somebody may be about to append his line there. */
static int tails_read(struct reading *r, struct err *e)
{
	int result = tail_read(r, &r->before, e);
	struct tail next;

	if (result == 0)
		result = tail_read(r, &r->now, e);
	next = tail_open(r->dir, EVENT_JOURNAL);
	if (next.fd < 0 || inode_of(next.fd) == inode_of(r->now.fd)) {
		tail_done(&next);
		return result;
	}
	tail_done(&r->before);
	r->before = r->now;
	r->now = next;
	return result == 0 ? tail_read(r, &r->now, e) : result;
}

static int64_t clock_nano(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec;
}

/* Waits for the journal to change. Returns 0 when the time that was asked for is over. */
static int change_wait(const struct reading *r, struct err *e)
{
	struct pollfd p = { .fd = r->watch, .events = POLLIN };
	char events[4096] __attribute__((aligned(8)));
	int64_t left = (r->until - clock_nano()) / 1000000;
	int n;

	if (r->until != INT64_MAX && left <= 0)
		return 0;
	n = poll(&p, 1, r->until == INT64_MAX ? -1 : left > INT32_MAX ? INT32_MAX : (int)left + 1);
	if (n < 0 && errno != EINTR)
		return err_sys(e, -errno, "wait for events");
	if (n > 0 && read(r->watch, events, sizeof events) < 0 && errno != EAGAIN)
		return err_sys(e, -errno, "wait for events");
	return 1;
}

/* The directory, which may not be there before the first event. */
static int directory_open(struct engine *en, struct reading *r, struct err *e)
{
	char path[LIMIT_PATH];

	if ((size_t)snprintf(path, sizeof path, "%s/" EVENT_DIRECTORY, en->root) >= sizeof path)
		return err_sys(e, -ENAMETOOLONG, "'%s/" EVENT_DIRECTORY "'", en->root);
	r->dir = r->o->stream ? dir_ensure(AT_FDCWD, path, 0700) : dir_open(AT_FDCWD, path);
	if (r->dir == -ENOENT)
		return 0;
	if (r->dir < 0)
		return err_sys(e, r->dir, "open '%s'", path);
	if (!r->o->stream)
		return 0;
	r->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (r->watch < 0 || inotify_add_watch(r->watch, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
		return err_sys(e, -errno, "watch '%s'", path);
	return 0;
}

static int times_read(struct reading *r, struct err *e)
{
	int64_t now = clock_nano();
	int result = 0;

	r->since = r->o->stream ? now : 0;
	r->until = r->o->stream ? INT64_MAX : now;
	if (r->o->since)
		result = events_moment(r->o->since, now, &r->since, e);
	else if (r->o->until)
		r->since = 0;
	if (result == 0 && r->o->until)
		result = events_moment(r->o->until, now, &r->until, e);
	return result;
}

int engine_events(struct engine *en, const struct engine_events_options *o, engine_event_fn each, void *arg, struct err *e)
{
	SCOPED(reading_done) struct reading r = { .o = o, .dir = -EBADF, .watch = -EBADF, .now.fd = -EBADF, .before.fd = -EBADF, .each = each, .arg = arg };
	int result = events_match(&(struct event){ .action = "", .id = "" }, &o->filters, e);

	if (result >= 0)
		result = times_read(&r, e);
	if (result == 0)
		result = directory_open(en, &r, e);
	if (result < 0 || r.dir < 0)
		return result;
	tails_open(&r);
	for (;;) {
		result = tails_read(&r, e);
		if (result != 0 || !o->stream)
			return result;
		result = change_wait(&r, e);
		if (result <= 0)
			return result;
	}
}
