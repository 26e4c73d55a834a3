/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/event.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/vec.h"
#include "codec/json.h"
#include "os/fd.h"
#include "os/file.h"

static const char *const type_words[] = {
	[EVENT_CONTAINER] = "container", [EVENT_IMAGE] = "image", [EVENT_NETWORK] = "network", [EVENT_POD] = "pod",
	[EVENT_SECRET] = "secret", [EVENT_SYSTEM] = "system", [EVENT_VOLUME] = "volume",
};
const struct enumtab event_types = ENUMTAB("event type", type_words, EVENT_TYPE_COUNT);

#define LINE_BEGIN "{\"Type\":"

/* clang-format off */
static const struct field event_fields[] = {
	FIELD_ENUM(struct event, type,  "Type",       &event_types, FIELD_REQUIRED),
	FIELD(struct event, action,     "Action",     STR,   FIELD_REQUIRED),
	FIELD(struct event, id,         "ID",         STR,   FIELD_REQUIRED),
	FIELD(struct event, attributes, "Attributes", PAIRS, 0),
	FIELD(struct event, time_nano,  "timeNano",   I64,   FIELD_REQUIRED),
};
/* clang-format on */
static const struct schema event_schema = SCHEMA("event", struct event, event_fields);

/* ---- writing ------------------------------------------------------------------------------------------------------------------------------------ */

static int64_t now_nano(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool line_fits(const struct event *ev, struct buf *line)
{
	buf_done(line);
	*line = BUF(LIMIT_EVENT);
	json_encode(&event_schema, ev, JSON_INDENT_NONE, line);
	buf_add_char(line, '\n');
	return !buf_is_full(line);
}

void event_print(const struct event *ev, struct buf *out)
{
	scoped_buf struct buf line = BUF(LIMIT_EVENT);
	struct event shown = *ev;
	size_t low = 0, high = shown.attributes.n; /* so many fit; so many perhaps */

	if (!shown.time_nano)
		shown.time_nano = now_nano();
	if (line_fits(&shown, &line)) {
		buf_add(out, line.p, line.n);
		return;
	}
	while (low + 1 < high) {
		shown.attributes.n = (low + high) / 2;
		if (line_fits(&shown, &line))
			low = shown.attributes.n;
		else
			high = shown.attributes.n;
	}
	shown.attributes.n = low;
	if (line_fits(&shown, &line))
		buf_add(out, line.p, line.n);
}

/* The journal open for appending. Its directory comes with the first event. */
static int journal_open(const char *root)
{
	char path[LIMIT_PATH];
	int fd;

	if ((size_t)snprintf(path, sizeof path, "%s/" EVENT_DIRECTORY "/" EVENT_JOURNAL, root) >= sizeof path)
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? -errno : fd;
	path[strlen(path) - strlen("/" EVENT_JOURNAL)] = '\0';
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	path[strlen(path)] = '/';
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

/* One of those who find it too long renames it: the lock is that of the file itself, and only while it has its name. */
static void journal_rotate(const char *root, int fd)
{
	char path[LIMIT_PATH];
	scoped_fd int dir = -EBADF;
	struct stat ours, there;

	if ((size_t)snprintf(path, sizeof path, "%s/" EVENT_DIRECTORY, root) >= sizeof path || (dir = dir_open(AT_FDCWD, path)) < 0)
		return;
	if (lock_fd_try(fd, FILE_LOCK_EXCLUSIVE) < 0 || fstat(fd, &ours) < 0 || fstatat(dir, EVENT_JOURNAL, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (ours.st_ino == there.st_ino && ours.st_dev == there.st_dev)
		(void)renameat(dir, EVENT_JOURNAL, dir, EVENT_JOURNAL_OLD); /* it stays too long, until the next event */
}

void event_append(const char *root, const struct event *ev)
{
	scoped_buf struct buf line = BUF(LIMIT_EVENT);
	scoped_fd int fd = -EBADF;

	event_print(ev, &line);
	if (line.n == 0 || (fd = journal_open(root)) < 0)
		return;
	if (write(fd, line.p, line.n) < 0)
		return;
	/* After a write with O_APPEND the offset is the end of the line. */
	if (lseek(fd, 0, SEEK_CUR) > LIMIT_EVENT_JOURNAL)
		journal_rotate(root, fd);
}

void event_vnote(const char *root, enum event_type type, const char *action, const char *id, const struct pairs *known, va_list ap)
{
	scoped_arena struct arena a = { 0 };
	struct event ev = { .type = type, .action = action, .id = id };
	size_t n_words;
	const char *key;

	while ((key = va_arg(ap, const char *))) {
		const char *value = va_arg(ap, const char *);

		if (value)
			pairs_set(&a, &ev.attributes, key, value);
	}
	n_words = ev.attributes.n;
	if (known->n) {
		struct pair *v = arena_array(&a, struct pair, n_words + known->n);

		if (n_words)
			memcpy(v, ev.attributes.v, n_words * sizeof *v);
		ev.attributes.v = v;
	}
	for (size_t i = 0; i < known->n; i++)
		if (!pairs_find(&(struct pairs){ ev.attributes.v, n_words }, known->v[i].key))
			ev.attributes.v[ev.attributes.n++] = known->v[i];
	event_append(root, &ev);
}

void event_note(const char *root, enum event_type type, const char *action, const char *id, ...)
{
	va_list ap;

	va_start(ap, id);
	event_vnote(root, type, action, id, &(struct pairs){ 0 }, ap);
	va_end(ap);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------------------------ */

/* Where the last record in @line begins: before it there may be half of one whose writer was killed. */
static struct str line_heal(struct str line)
{
	struct str rest = line;

	for (const char *at; rest.n > 1 && (at = memmem(rest.p + 1, rest.n - 1, LINE_BEGIN, sizeof LINE_BEGIN - 1));)
		rest = line = (struct str){ at, (size_t)(line.p + line.n - at) };
	return line;
}

int event_next(struct str *text, struct arena *a, struct event *ret)
{
	while (text->n) {
		struct str line = line_heal(str_cut(*text, '\n', text));
		struct err ignored;  /* a damaged line says nothing */

		if (line.n && json_decode(line, &event_schema, 0, a, ret, &ignored) == 0)
			return 1;
	}
	return 0;
}
