/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logs: what containers wrote.
 *
 * A file log is read through all its files, oldest first or from where the last lines begin (log_tail), and followed across its turning over (log_chain).
 * Following waits for the file to change (inotify; where there are no watches left, by looking now and then) and for the monitor to end; what was
 * written before it ended is always shown. Several containers are printed one after the other, and followed together.
 */
#include "engine/engine.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "engine/log_chain.h"
#include "engine/log_journal.h"
#include "engine/log_output.h"
#include "engine/log_plan.h"
#include "engine/log_tail.h"
#include "engine/store.h"
#include "os/file.h"

enum { READ_CHUNK = 64 * 1024, LOOK_MS = 200, TURN_MS = 10 };

struct reader {
	const char *ref, *id;
	struct log_plan plan;
	struct log_source source;
	struct log_chain chain;
	struct buf pending;          /* bytes after the last complete record */
	int watches, watch;          /* the inotify instance, borrowed, and our watch in it */
	int monitor;                 /* owned; -EBADF: it does not run */
	bool over;
};

/* ---- one file log ------------------------------------------------------------------------------------------------------------------- */

/* The file of the chain is another one: wait for that. */
static void watch_file(struct reader *r)
{
	if (r->watches < 0)
		return;
	if (r->watch >= 0)
		inotify_rm_watch(r->watches, r->watch);
	r->watch = r->chain.fd < 0 ? -1 : inotify_add_watch(r->watches, fd_path(r->chain.fd).s, IN_MODIFY | IN_MOVE_SELF | IN_ATTRIB);
}

/* Prints the complete records that are pending. @a is scratch. */
static int print_pending(struct reader *r, struct arena *a, struct err *e)
{
	struct arena_mark mark = arena_mark(a);
	size_t done = 0;
	char *end;

	while (!r->source.past_until && (end = memchr(r->pending.p + done, '\n', r->pending.n - done))) {
		struct str line = { r->pending.p + done, (size_t)(end - r->pending.p) - done };
		struct log_record rec;
		int x = log_record_parse(r->plan.driver, line, a, &rec) ? log_output_record(&r->source, &rec, e) : 0;

		if (x < 0)
			return x;
		done += line.n + 1;
		arena_reset(a, mark);
	}
	buf_drop(&r->pending, done);
	return 0;
}

/* What to do at the end of a file: 1: read on, 0: there is no more now. */
static int end_of_file(struct reader *r, bool *turning, struct err *e)
{
	struct stat st;
	off_t at = lseek(r->chain.fd, 0, SEEK_CUR);
	int x;

	/* Somebody has cut the file: what it has is new. */
	if (fstat(r->chain.fd, &st) == 0 && st.st_size < at) {
		buf_clear(&r->pending);
		return lseek(r->chain.fd, 0, SEEK_SET) < 0 ? 0 : 1;
	}
	if (r->chain.next < 0) {
		x = log_chain_next(&r->chain, e);
		*turning = r->chain.turning;
		return x; /* what was written until the file was moved aside */
	}
	log_chain_go(&r->chain);
	watch_file(r);
	buf_clear(&r->pending);
	if (r->chain.gap && log_output_flush(r->source.out, e) == 0)
		dprintf(r->source.out->fds[1], "tare: %s: the log went on without its reader: lines are missing here\n", r->ref);
	r->chain.gap = false;
	return 1;
}

/* Reads what is there now and prints it. Sets *ret_turning if a new file is about to come. */
static int drain(struct reader *r, bool *ret_turning, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	int x = 1;

	*ret_turning = false;
	while (x > 0 && !r->source.past_until) {
		char *room = buf_room(&r->pending, READ_CHUNK);
		ssize_t n = 0;

		if (!room)
			buf_clear(&r->pending); /* no record of ours has so many bytes */
		else
			n = read(r->chain.fd, room, READ_CHUNK);
		if (n < 0)
			return err_sys(e, -errno, "read the log");
		buf_grow(&r->pending, (size_t)n);
		x = n ? print_pending(r, &a, e) : end_of_file(r, ret_turning, e);
		x = n && x == 0 ? 1 : x;
	}
	return x < 0 ? x : log_output_flush(r->source.out, e);
}

static int file_open(struct reader *r, struct err *e)
{
	int64_t tail = r->source.out->o->tail;
	int x = tail >= 0 ? log_tail_seek(&r->chain, r->plan.driver, tail, e) : log_chain_oldest(&r->chain, e);

	if (x == -ENOENT)
		return 0;
	if (x == 0)
		watch_file(r);
	return x;
}

/* ---- one container ------------------------------------------------------------------------------------------------------------------ */

/* As docker prints them: sorted, escaped as in a URL. */
static const char *details_of(const struct pairs *p, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	const char *last = NULL;

	for (size_t i = 0; i < p->n; i++) {
		const struct pair *least = NULL;

		for (size_t k = 0; k < p->n; k++)
			if ((!last || strcmp(p->v[k].key, last) > 0) && (!least || strcmp(p->v[k].key, least->key) < 0))
				least = &p->v[k];
		last = least->key;
		buf_add_str(&b, i ? "," : "");
		text_url(least->key, &b);
		buf_add_char(&b, '=');
		text_url(least->value, &b);
	}
	buf_add_char(&b, ' ');
	return arena_strdup(a, buf_text(&b));
}

/* What stands before and after each line, as podman prints it. */
static void decorate(struct reader *r, const struct container *c, size_t number, size_t n, struct arena *a)
{
	static const char *const colors[] = { "\033[37m", "\033[31m", "\033[32m", "\033[33m", "\033[34m", "\033[35m", "\033[36m", "\033[91m" };
	const struct container_logs_options *o = r->source.out->o;
	const char *who = n < 2 ? "" : o->names ? arena_printf(a, "%s ", c->name) : arena_printf(a, SHORT_ID_FMT " ", c->id);

	r->source.before = o->color ? arena_printf(a, "%s%s", colors[number % ARRAY_LEN(colors)], who) : who;
	r->source.after = o->color ? "\033[0m" : "";
	r->source.details = o->details ? details_of(&r->plan.attributes, a) : "";
}

static int reader_open(struct reader *r, struct engine *en, size_t number, size_t n, struct arena *a, struct err *e)
{
	scoped_holding struct holding h = HOLDING_NONE;
	struct err ignored = { 0 };
	int x = container_find(en, r->ref, a, &r->id, e);

	if (x == 0)
		x = store_open(en, r->id, a, &h, e);
	if (x == 0)
		x = log_plan_make(&h.c, a, &r->plan, e);
	if (x < 0)
		return x;
	if (!log_plan_has_file(r->plan.driver) && r->plan.driver != MONITOR_LOG_JOURNALD)
		return err_set(e, ERR_UNSUPPORTED, "the log driver of container %s is %s, which keeps no log to read", r->ref,
			enumtab_name(&monitor_logs, (int)r->plan.driver));
	decorate(r, &h.c, number, n, a);
	r->chain.path = arena_strdup(a, h.c.log_path);
	if (r->source.out->o->follow && monitor_connect(h.live_path, &r->monitor, &ignored) < 0)
		r->monitor = -EBADF;
	return log_plan_has_file(r->plan.driver) ? file_open(r, e) : 0;
}

static void reader_done(struct reader *r)
{
	log_chain_done(&r->chain);
	buf_done(&r->pending);
	fd_done(&r->monitor);
}

/* ---- following ---------------------------------------------------------------------------------------------------------------------- */

/* Everything that is there of one container. Returns how long to wait at most before the next look. */
static int round_of(struct reader *r, int *patience, struct err *e)
{
	bool turning = false;
	int x = 0;

	if (r->over)
		return 0;
	if (r->chain.fd < 0)
		x = file_open(r, e);
	if (x == 0 && r->chain.fd >= 0)
		x = drain(r, &turning, e);
	/* Whoever has no monitor writes no more: that was all. */
	r->over = r->monitor < 0 || r->source.past_until;
	if (turning)
		*patience = TURN_MS;
	else if (!r->over && r->watch < 0 && (*patience < 0 || *patience > LOOK_MS))
		*patience = LOOK_MS;
	return x;
}

static void drop_events(int watches)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (watches >= 0 && read(watches, events, sizeof events) > 0)
		;
}

static int follow(struct reader *readers, size_t n, int watches, struct log_output *out, struct arena *a, struct err *e)
{
	struct pollfd *p = arena_array(a, struct pollfd, n + 1);
	struct monitor_frame *f = arena_new(a, struct monitor_frame);
	struct err ignored = { 0 };

	for (;;) {
		int until = log_output_patience(out), patience = -1;
		size_t open = 0;

		for (size_t i = 0; i < n; i++) {
			int x = round_of(&readers[i], &patience, e);

			if (x < 0)
				return x;
			open += !readers[i].over;
			p[i] = (struct pollfd){ .fd = readers[i].over ? -1 : readers[i].monitor, .events = POLLIN };
		}
		p[n] = (struct pollfd){ .fd = watches, .events = POLLIN };
		if (!open || until == 0)
			return 0;
		if (patience < 0 || (until >= 0 && until < patience))
			patience = until;
		if (poll(p, n + 1, patience) < 0 && errno != EINTR)
			return err_sys(e, -errno, "wait for the log");
		drop_events(watches);
		for (size_t i = 0; i < n; i++)
			if (p[i].revents && monitor_receive(readers[i].monitor, f, &ignored) <= 0)
				fd_done(&readers[i].monitor);
	}
}

/* One after the other: journals, which are followed to their end, and files if nothing is followed. */
static int print_all(struct reader *readers, size_t n, bool following, struct err *e)
{
	bool turning;
	int x = 0;

	for (size_t i = 0; i < n && x == 0; i++) {
		if (readers[i].plan.driver == MONITOR_LOG_JOURNALD) {
			x = log_journal_print(&readers[i].source, readers[i].id, readers[i].monitor, e);
			readers[i].over = true;
		} else if (!following && readers[i].chain.fd >= 0) {
			x = drain(&readers[i], &turning, e);
		}
	}
	return x;
}

int container_logs(struct engine *en, const struct strs *refs, const struct container_logs_options *o, int out_fd, int err_fd, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int watches = o->follow ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -EBADF;
	struct reader *readers = arena_array(&a, struct reader, refs->n);
	struct log_output out;
	size_t n = 0;
	int x = log_output_begin(&out, o, out_fd, err_fd, e);

	for (; x == 0 && n < refs->n; n++) {
		readers[n] = (struct reader){ .ref = refs->v[n], .source = { .out = &out }, .chain = LOG_CHAIN_NONE, .pending = BUF(LIMIT_LOG_TEXT),
			.watches = watches, .watch = -1, .monitor = -EBADF };
		x = reader_open(&readers[n], en, n, refs->n, &a, e);
	}
	if (x == 0)
		x = print_all(readers, n, o->follow, e);
	if (x == 0 && o->follow)
		x = follow(readers, n, watches, &out, &a, e);
	for (size_t i = 0; i < n; i++)
		reader_done(&readers[i]);
	log_output_done(&out);
	return x;
}
