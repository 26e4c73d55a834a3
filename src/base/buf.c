/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

void buf_done(struct buf *b)
{
	scope_free(&b->p);
	*b = (struct buf){ .max = b->max };
}

char *buf_room(struct buf *b, size_t n)
{
	size_t size = b->size ? b->size : 128;

	if (b->full || n > b->max || b->n > b->max - n) {
		b->full = true;
		return NULL;
	}
	while (size < b->n + n + 1)
		size *= 2;
	if (size > b->size) {
		b->p = realloc_or_die(b->p, size);
		b->size = size;
	}
	return b->p + b->n;
}

void buf_grow(struct buf *b, size_t n)
{
	b->n += n;
	b->p[b->n] = '\0';
}

int buf_add(struct buf *b, const void *p, size_t n)
{
	char *at = buf_room(b, n);

	if (!at)
		return -E2BIG;
	if (n)
		memcpy(at, p, n);
	buf_grow(b, n);
	return 0;
}

int buf_add_str(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int buf_add_char(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	char *at;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return -EINVAL;
	at = buf_room(b, (size_t)n);
	if (!at)
		return -E2BIG;
	vsnprintf(at, (size_t)n + 1, fmt, ap);
	buf_grow(b, (size_t)n);
	return 0;
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return r;
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->full = false;
	if (b->p)
		b->p[0] = '\0';
}

void buf_drop(struct buf *b, size_t n)
{
	if (n > b->n)
		n = b->n;
	if (!n)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	b->p[b->n] = '\0';
}
