/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logs: what a container wrote, from its json-file log: {"log":"text\n","stream":"stdout","time":"…"} a line.
 *
 * Following waits for the file to change (inotify) and for the monitor to end; what was written before it ended is always shown.
 */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/vec.h"
#include "engine/store.h"
#include "os/file.h"

enum { READ_CHUNK = 64 * 1024, LINE_MAX_BYTES = 4 * 1024 * 1024 };

struct log_record {
	struct str log;              /* whatever the program wrote: NUL bytes too */
	const char *stream, *time;
};
static const struct field record_fields[] = {
	FIELD(struct log_record, log, "log", BYTES, 0),
	FIELD(struct log_record, stream, "stream", STR, 0),
	FIELD(struct log_record, time, "time", STR, 0),
};
static const struct schema record_schema = SCHEMA("log record", struct log_record, record_fields);

struct reader {
	const struct container_logs_options *o;
	struct timespec since, until;
	bool has_since, has_until;
	int file, out, err;
	struct buf pending;          /* bytes after the last complete line */
	bool past_until;
};

static bool is_before(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

/* RFC 3339, unix seconds, or an age such as "10m". */
static int moment_parse(const char *text, struct timespec *ret, struct err *e)
{
	int64_t n;

	if (text_time_parse(text, ret) == 0)
		return 0;
	if (parse_i64(text, &n) == 0) {
		*ret = (struct timespec){ .tv_sec = n };
		return 0;
	}
	if (parse_duration(text, &n) < 0)
		return err_set(e, ERR_INVALID, "'%s' is neither a time nor an age", text);
	clock_gettime(CLOCK_REALTIME, ret);
	ret->tv_sec -= n / 1000000000;
	return 0;
}

/* Prints one line of the file, if it is wanted. @a is scratch. */
static int record_print(struct reader *r, struct str line, struct arena *a, struct err *e)
{
	struct log_record rec = { 0 };
	struct err ignored = { 0 };  /* a line cut off by a crash is not worth losing the rest */
	struct timespec t = { 0 };
	bool is_err;
	int fd, n;

	if (json_decode(line, &record_schema, 0, a, &rec, &ignored) < 0 || !rec.log.p)
		return 0;
	is_err = streq(rec.stream, "stderr");
	if (is_err ? r->o->no_stderr : r->o->no_stdout)
		return 0;
	if ((r->has_since || r->has_until) && rec.time && text_time_parse(rec.time, &t) < 0)
		return 0;
	if (r->has_since && is_before(t, r->since))
		return 0;
	r->past_until = r->has_until && is_before(r->until, t);
	if (r->past_until)
		return 0;
	fd = is_err ? r->err : r->out;
	if (r->o->timestamps && rec.time) {
		const char *stamp = arena_printf(a, "%s ", rec.time);

		n = fd_write_all(fd, stamp, strlen(stamp));
		if (n < 0)
			return err_sys(e, n, "write");
	}
	n = fd_write_all(fd, rec.log.p, rec.log.n);
	return n < 0 ? err_sys(e, n, "write") : 0;
}

/* Reads what is there now and prints complete lines. */
static int drain(struct reader *r, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct arena_mark mark = arena_mark(&a);

	for (;;) {
		char *room = buf_room(&r->pending, READ_CHUNK), *end;
		ssize_t n = room ? read(r->file, room, READ_CHUNK) : 0;
		size_t done = 0;

		if (n < 0)
			return err_sys(e, -errno, "read the log");
		if (n == 0)
			return 0;
		buf_grow(&r->pending, (size_t)n);
		while ((end = memchr(r->pending.p + done, '\n', r->pending.n - done)) && !r->past_until) {
			struct str line = { r->pending.p + done, (size_t)(end - r->pending.p) - done };
			int x = record_print(r, line, &a, e);

			if (x < 0)
				return x;
			done += line.n + 1;
			arena_reset(&a, mark);
		}
		buf_drop(&r->pending, done);
		if (r->past_until)
			return 0;
	}
}

/* Moves to where the last @tail lines begin. */
static int seek_tail(struct reader *r, int64_t tail, struct err *e)
{
	char chunk[8192];
	off_t at = lseek(r->file, 0, SEEK_END);
	int64_t seen = 0;

	if (at < 0)
		return err_sys(e, -errno, "seek in the log");
	for (bool last = true; at > 0; ) {
		off_t from = at > (off_t)sizeof chunk ? at - (off_t)sizeof chunk : 0;
		ssize_t n = pread(r->file, chunk, (size_t)(at - from), from);

		if (n <= 0)
			break;
		while (n-- > 0) {
			if (chunk[n] == '\n' && !last && ++seen == tail) {
				lseek(r->file, from + n + 1, SEEK_SET);
				return 0;
			}
			last = false;
			if (tail == 0)
				return 0;
		}
		at = from;
	}
	lseek(r->file, 0, SEEK_SET);
	return 0;
}

/* Prints on until the monitor has ended. */
static int follow(struct reader *r, const struct holding *h, const char *path, struct arena *a, struct err *e)
{
	scoped_fd int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), monitor = -EBADF;
	struct monitor_frame *f = arena_new(a, struct monitor_frame);
	struct pollfd p[2];
	struct err ignored = { 0 };
	char events[sizeof(struct inotify_event) + NAME_MAX + 1];

	if (watch < 0 || inotify_add_watch(watch, path, IN_MODIFY) < 0)
		return err_sys(e, -errno, "watch the log");
	if (monitor_connect(h->live_path, &monitor, &ignored) < 0)
		return drain(r, e);
	p[0] = (struct pollfd){ .fd = watch, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = monitor, .events = POLLIN };
	while (!r->past_until) {
		int x = drain(r, e);

		if (x < 0)
			return x;
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_sys(e, -errno, "wait for the log");
		while (p[0].revents && read(watch, events, sizeof events) > 0)
			;
		if (p[1].revents && monitor_receive(monitor, f, &ignored) <= 0)
			return drain(r, e);
	}
	return 0;
}

static int reader_begin(struct reader *r, const struct container_logs_options *o, struct err *e)
{
	int x = 0;

	r->o = o;
	r->has_since = o->since;
	r->has_until = o->until;
	if (o->since)
		x = moment_parse(o->since, &r->since, e);
	if (x == 0 && o->until)
		x = moment_parse(o->until, &r->until, e);
	return x;
}

int container_logs(struct engine *en, const char *ref, const struct container_logs_options *o, int out, int err_fd, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	scoped_fd int file = -EBADF;
	struct reader r = { .out = out, .err = err_fd, .pending = BUF(LINE_MAX_BYTES) };
	const char *id;
	int x = container_find(en, ref, &a, &id, e);

	if (x == 0)
		x = store_open(en, id, &a, &h, e);
	if (x == 0)
		x = reader_begin(&r, o, e);
	if (x < 0)
		return x;
	file = open(h.c.log_path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return errno == ENOENT ? 0 : err_sys(e, -errno, "open '%s'", h.c.log_path);
	r.file = file;
	if (o->tail >= 0)
		x = seek_tail(&r, o->tail, e);
	if (x == 0)
		x = o->follow ? follow(&r, &h, h.c.log_path, &a, e) : drain(&r, e);
	buf_done(&r.pending);
	return x;
}
