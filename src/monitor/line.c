/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/line.h"

static void hold(struct line *l, struct str *in, size_t n)
{
	memcpy(l->held + l->n, in->p, n);
	l->n += n;
	in->p += n;
	in->n -= n;
}

/* How many of the @n bytes at @p to let go so that no UTF-8 character is torn at the end. Bytes that are no UTF-8 are cut anywhere. */
static size_t whole_characters(const char *p, size_t n)
{
	for (size_t back = 1; back <= 3 && back <= n; back++) {
		unsigned char c = (unsigned char)p[n - back];
		size_t size = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

		if (c >= 0xc0)
			return size > back ? n - back : n;
		if (c < 0x80)
			return n;
	}
	return n;
}

/* The line is longer than we hold: part of it goes out, a torn character stays. */
static void part(struct line *l, line_fn fn, void *arg)
{
	size_t n = whole_characters(l->held, l->n);

	fn(arg, (struct str){ l->held, n }, false);
	l->parted = true;
	memmove(l->held, l->held + n, l->n - n);
	l->n -= n;
}

void line_feed(struct line *l, struct str in, line_fn fn, void *arg)
{
	while (in.n) {
		size_t room = sizeof l->held - l->n, look = in.n < room ? in.n : room;
		const char *end = memchr(in.p, '\n', look);

		if (end && !l->n) {
			size_t n = (size_t)(end - in.p) + 1;

			fn(arg, (struct str){ in.p, n }, true);
			in.p += n;
			in.n -= n;
			l->parted = false;
		} else if (end) {
			hold(l, &in, (size_t)(end - in.p) + 1);
			fn(arg, (struct str){ l->held, l->n }, true);
			l->n = 0;
			l->parted = false;
		} else {
			hold(l, &in, look);
			if (l->n == sizeof l->held)
				part(l, fn, arg);
		}
	}
}

void line_finish(struct line *l, line_fn fn, void *arg)
{
	if (l->n || l->parted)
		fn(arg, (struct str){ l->held, l->n }, true);
	l->n = 0;
	l->parted = false;
}
