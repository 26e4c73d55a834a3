/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log_journal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/vec.h"
#include "codec/json.h"
#include "os/fd.h"
#include "os/proc.h"
#include "os/self.h"
#include "spec/monitor.h"

enum { READ_CHUNK = 64 * 1024, SETTLE_MS = 300 };

/* What we read of an entry. A message that is no text is a list of bytes. */
struct entry {
	struct str message;
	const char *priority, *partial, *time;
};
static const struct field entry_fields[] = {
	FIELD(struct entry, message, "MESSAGE", RAW, 0),
	FIELD(struct entry, priority, "PRIORITY", STR, 0),
	FIELD(struct entry, partial, "CONTAINER_PARTIAL_MESSAGE", STR, 0),
	FIELD(struct entry, time, "__REALTIME_TIMESTAMP", STR, 0),
};
static const struct schema entry_schema = SCHEMA("journal entry", struct entry, entry_fields);

struct text_message {
	struct str text;
};
static const struct field text_fields[] = { FIELD(struct text_message, text, "m", BYTES, 0) };
static const struct schema text_schema = SCHEMA("message", struct text_message, text_fields);
struct bytes_message {
	struct u32s bytes;
};
static const struct field bytes_fields[] = { FIELD(struct bytes_message, bytes, "m", U32S, 0) };
static const struct schema bytes_schema = SCHEMA("message", struct bytes_message, bytes_fields);

/* The message of an entry: its JSON value is a string or a list of numbers. */
static bool message_of(struct str json, struct arena *a, struct buf *out)
{
	struct str object = str_of(arena_printf(a, "{\"m\":" STR_FMT "}", STR_ARG(json)));
	struct bytes_message b;
	struct text_message t;
	struct err ignored;

	if (json_decode(object, &text_schema, 0, a, &t, &ignored) == 0)
		return buf_add(out, t.text.p, t.text.n) == 0;
	if (json_decode(object, &bytes_schema, 0, a, &b, &ignored) < 0)
		return false;
	for (size_t i = 0; i < b.bytes.n; i++)
		buf_add_char(out, (char)b.bytes.v[i]);
	return true;
}

static int print_entry(struct log_source *s, struct str line, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf message = BUF(LIMIT_LOG_TEXT);
	struct log_record r = { 0 };
	char when[TEXT_TIME_SIZE];
	struct entry entry;
	struct err ignored;          /* journalctl also says "-- No entries --" */
	uint64_t us = 0;

	if (json_decode(line, &entry_schema, 0, &a, &entry, &ignored) < 0 || !entry.message.p || !message_of(entry.message, &a, &message))
		return 0;
	r.ends = !streq(entry.partial, "true");
	if (r.ends)
		buf_add_char(&message, '\n');
	r.text = buf_str(&message);
	r.is_err = streq(entry.priority, "3");
	if (entry.time && parse_u64(entry.time, &us) == 0) {
		text_time((struct timespec){ .tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000 }, when);
		r.time = when;
	}
	return log_output_record(s, &r, e);
}

static int print_lines(struct log_source *s, struct buf *pending, struct err *e)
{
	size_t done = 0;
	char *end;
	int r = 0;

	while (r == 0 && !s->past_until && (end = memchr(pending->p + done, '\n', pending->n - done))) {
		r = print_entry(s, (struct str){ pending->p + done, (size_t)(end - pending->p) - done }, e);
		done = (size_t)(end - pending->p) + 1;
	}
	buf_drop(pending, done);
	return r < 0 ? r : log_output_flush(s->out, e);
}

static int journalctl_start(const struct log_source *s, const char *id, int out, struct arena *a, struct proc *ret, struct err *e)
{
	const struct container_logs_options *o = s->out->o;
	const char *const fixed[] = { "journalctl", "--quiet", "--no-pager", "--all", "--output=json", arena_printf(a, "CONTAINER_ID_FULL=%s", id) };
	struct proc_fd fds[] = { { out, 1 } };
	struct strs words = { 0 };
	char *path;
	int r = self_find_in_path("journalctl", a, &path);

	if (r < 0)
		return err_set(e, ERR_NOT_FOUND, "the log is in the journal, and journalctl, which reads it, is not installed");
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		strs_push(a, &words, fixed[i]);
	if (o->tail >= 0)
		strs_push(a, &words, arena_printf(a, "--lines=%lld", (long long)o->tail));
	else if (o->follow)
		strs_push(a, &words, "--no-tail");
	if (o->follow)
		strs_push(a, &words, "--follow");
	if (s->out->has_since)
		strs_push(a, &words, arena_printf(a, "--since=@%lld", (long long)s->out->since.tv_sec));
	r = proc_spawn(&PROC_SPAWN(.path = path, .argv = strs_argv(a, &words), .fds = fds, .n_fds = ARRAY_LEN(fds)), ret);
	return r < 0 ? err_sys(e, r, "start '%s'", path) : 0;
}

/* Reads until journalctl or, some time before, the container has ended. */
static int read_all(struct log_source *s, int from, int monitor, struct arena *a, struct err *e)
{
	struct monitor_frame *f = arena_new(a, struct monitor_frame);
	struct pollfd p[] = { { .fd = from, .events = POLLIN }, { .fd = monitor, .events = POLLIN } };
	scoped_buf struct buf pending = BUF(LIMIT_LOG_TEXT);
	bool ended = s->out->o->follow && monitor < 0;
	int r = 0;

	while (r == 0 && !s->past_until) {
		int patience = log_output_patience(s->out), n;
		char *room;
		ssize_t got;

		n = poll(p, ARRAY_LEN(p), ended ? SETTLE_MS : s->out->o->follow ? patience : -1);
		if (n < 0 && errno != EINTR)
			return err_sys(e, -errno, "wait for journalctl");
		if (n == 0)
			return 0;
		if (p[1].revents && monitor_receive(monitor, f, e) <= 0) {
			ended = true;
			p[1].fd = -1;
		}
		if (n < 0 || !p[0].revents)
			continue;
		room = buf_room(&pending, READ_CHUNK);
		got = room ? read(from, room, READ_CHUNK) : 0;
		if (got <= 0)
			return got < 0 ? err_sys(e, -errno, "read from journalctl") : 0;
		buf_grow(&pending, (size_t)got);
		r = print_lines(s, &pending, e);
	}
	return r;
}

int log_journal_print(struct log_source *s, const char *id, int monitor, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_proc struct proc p = PROC_NONE;
	scoped_fd int ours = -EBADF, theirs = -EBADF;
	int ends[2], r = fd_pipe(ends, 0);

	if (r < 0)
		return err_sys(e, r, "make a pipe for journalctl");
	ours = ends[0];
	theirs = ends[1];
	r = journalctl_start(s, id, theirs, &a, &p, e);
	fd_done(&theirs);
	if (r == 0)
		r = read_all(s, ours, monitor, &a, e);
	return r;
}
