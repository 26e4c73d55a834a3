/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * buf: the one growable buffer, born with a maximum.
 *
 * `scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);` A write that would pass the maximum changes nothing, marks the buffer `full`, and returns
 * -E2BIG; later writes fail too, so a sequence may be written without looking and checked once with buf_is_full(). The contents are always
 * followed by a NUL, so buf_text() is a C string.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/scope.h"
#include "base/str.h"

struct buf {
	char *p;
	size_t n, size, max;
	bool full;
};

#define BUF(maximum) ((struct buf){ .max = (maximum) })

void buf_done(struct buf *b);
#define scoped_buf SCOPED(buf_done)

/* Appends. Errors: -E2BIG past the maximum. */
int buf_add(struct buf *b, const void *p, size_t n);
int buf_add_str(struct buf *b, const char *s);
int buf_add_char(struct buf *b, char c);
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Makes room for @n more bytes and returns where they go (then add them with buf_grow), or NULL past the maximum. */
char *buf_room(struct buf *b, size_t n);
void buf_grow(struct buf *b, size_t n);

/* Forgets the contents, keeps the memory; drops the first @n bytes. */
void buf_clear(struct buf *b);
void buf_drop(struct buf *b, size_t n);

static inline bool buf_is_full(const struct buf *b)
{
	return b->full;
}

/* The contents as a C string, borrowed until the next change. Never NULL. */
static inline const char *buf_text(const struct buf *b)
{
	return b->p ? b->p : "";
}

static inline struct str buf_str(const struct buf *b)
{
	return (struct str){ buf_text(b), b->n };
}
