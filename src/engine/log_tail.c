/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log_tail.h"

#include <errno.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/limits.h"
#include "engine/log_record.h"

enum { CHUNK = 64 * 1024 };

/* A piece of a file, read backwards: @n bytes of it that end at @p + @end; in the file they begin at @at. What is done with is cut off at the end. */
struct window {
	char *p;
	size_t size, end, n;
	off_t at;
};

static char *begin_of(const struct window *w)
{
	return w->p + w->end - w->n;
}

static void keep_first(struct window *w, size_t n)
{
	w->end -= w->n - n;
	w->n = n;
}

/* Makes room for @want bytes before what is there. */
static void make_room(struct window *w, size_t want)
{
	size_t size = w->size;
	char *p = w->p;

	if (w->end - w->n >= want)
		return;
	while (size < w->n + want)
		size = size ? size * 2 : CHUNK;
	if (size > w->size)
		p = alloc_or_die(size);
	if (w->n)
		memmove(p + size - w->n, begin_of(w), w->n);
	if (p != w->p)
		free(w->p);
	w->p = p;
	w->size = w->end = size;
}

/* Reads what stands before. Returns 0 at the beginning of the file. */
static int read_before(struct window *w, int fd, struct err *e)
{
	size_t want = w->at > CHUNK ? CHUNK : (size_t)w->at;
	ssize_t got;

	if (!want)
		return 0;
	if (w->n > LIMIT_LOG_TEXT)
		return err_set(e, ERR_CORRUPT, "the log has a record of more than %d bytes", LIMIT_LOG_TEXT);
	make_room(w, want);
	got = pread(fd, begin_of(w) - want, want, w->at - (off_t)want);
	if (got < 0)
		return err_sys(e, -errno, "read the log");
	if ((size_t)got < want) /* cut meanwhile: what is left begins nothing */
		return 0;
	w->n += want;
	w->at -= (off_t)want;
	return 1;
}

struct counting {
	enum monitor_log driver;
	int64_t left;                /* lines still wanted */
	bool any;                    /* a record was seen: the last one of all ends a line in any case */
};

/* True if the lines wanted begin behind this record. */
static bool is_enough(struct counting *c, struct str record)
{
	scoped_arena struct arena a = { 0 };
	struct log_record r;

	if (!log_record_parse(c->driver, record, &a, &r))
		return false;
	if (r.ends || !c->any)
		c->left--;
	c->any = true;
	return c->left < 0;
}

/* One file. Returns 1 and sets *ret if its lines are enough. */
static int seek_in(int fd, struct counting *c, off_t *ret, struct err *e)
{
	struct window w = { .at = lseek(fd, 0, SEEK_END) };
	int r = w.at < 0 ? err_sys(e, -errno, "seek in the log") : 1;

	while (r > 0) {
		/* The last byte of the window is the '\n' of a record: where does that begin? */
		char *begin = begin_of(&w), *before = w.n > 1 ? memrchr(begin, '\n', w.n - 1) : NULL;
		size_t from = before ? (size_t)(before + 1 - begin) : 0;

		if (!before) {
			r = read_before(&w, fd, e);
			if (r != 0)
				continue;
		}
		if (w.n && is_enough(c, (struct str){ begin_of(&w) + from, w.n - from - 1 })) {
			*ret = w.at + (off_t)w.n;
			free(w.p);
			return 1;
		}
		keep_first(&w, from);
		r = from > 0;
	}
	free(w.p);
	return r;
}

int log_tail_seek(struct log_chain *c, enum monitor_log driver, int64_t lines, struct err *e)
{
	struct counting k = { .driver = driver, .left = lines };
	off_t at = 0;
	int r = log_chain_newest(c, e);

	if (r < 0)
		return r;
	if (lines == 0)
		return lseek(c->fd, 0, SEEK_END) < 0 ? err_sys(e, -errno, "seek in the log") : 0;
	do {
		at = 0;
		r = seek_in(c->fd, &k, &at, e);
		if (r == 0)
			r = log_chain_older(c, e) > 0 ? 2 : 0;
	} while (r == 2);
	if (r < 0)
		return r;
	return lseek(c->fd, at, SEEK_SET) < 0 ? err_sys(e, -errno, "seek in the log") : 0;
}
