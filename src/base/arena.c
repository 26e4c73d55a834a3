/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

/* Four pages less malloc's own header; later blocks are as large as all before them, up to a limit: every block is a system call to get and one to give back. */
enum { BLOCK_SIZE = 16 * 1024 - 64, BLOCK_MAX = 64 * BLOCK_SIZE };

struct arena_block {
	struct arena_block *prev;
	size_t used, size;
	size_t held;   /* sizes of this and all before it */
	bool borrowed; /* stands in somebody's own memory */
	max_align_t data[];
};

static struct arena_block *block_push(struct arena *a, size_t need)
{
	size_t held = arena_held(a), usual = held < BLOCK_SIZE ? BLOCK_SIZE : held > BLOCK_MAX ? BLOCK_MAX : held;
	size_t size = need > usual ? need : usual;
	struct arena_block *b = alloc_or_die(sizeof *b + size);

	b->prev = a->head;
	b->used = 0;
	b->size = size;
	b->held = size + held;
	b->borrowed = false;
	a->head = b;
	return b;
}

struct arena arena_on(void *room, size_t size)
{
	struct arena_block *b = room;

	*b = (struct arena_block){ .size = size - sizeof *b, .borrowed = true };
	return (struct arena){ b };
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t align = _Alignof(max_align_t);
	struct arena_block *b = a->head;
	void *p;

	if (size > SIZE_MAX / 2)
		alloc_die(size);
	size = (size + align - 1) / align * align;
	if (!b || b->size - b->used < size)
		b = block_push(a, size);
	p = (char *)b->data + b->used;
	b->used += size;
	return memset(p, 0, size);
}

void *arena_alloc_n(struct arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		alloc_die(SIZE_MAX);
	return arena_alloc(a, total);
}

void *arena_grow(struct arena *a, void *v, size_t n, size_t size)
{
	void *bigger;

	if (n & (n - 1))
		return v;
	bigger = arena_alloc_n(a, n ? n * 2 : 1, size);
	if (n)
		memcpy(bigger, v, n * size);
	return bigger;
}

void *arena_memdup(struct arena *a, const void *p, size_t n)
{
	void *copy = arena_alloc(a, n);

	if (n)
		memcpy(copy, p, n);
	return copy;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy = arena_alloc(a, n + 1);

	if (n)
		memcpy(copy, s, n);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *s;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return arena_strndup(a, "", 0);
	s = arena_alloc(a, (size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	return s;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

/* On top of what is there: marks that were set stay true. */
void arena_take(struct arena *a, struct arena *from)
{
	size_t held = arena_held(a);
	struct arena_block *b = from->head;

	for (; b; b = b->prev) {
		b->held += held;
		if (!b->prev) {
			b->prev = a->head;
			break;
		}
	}
	if (from->head)
		a->head = from->head;
	from->head = NULL;
}

struct arena_mark arena_mark(const struct arena *a)
{
	return (struct arena_mark){ .head = a->head, .used = a->head ? a->head->used : 0 };
}

void arena_reset(struct arena *a, struct arena_mark m)
{
	while (a->head != m.head) {
		struct arena_block *b = a->head;

		a->head = b->prev;
		if (!b->borrowed)
			free(b);
	}
	if (a->head)
		a->head->used = m.used;
}

size_t arena_held(const struct arena *a)
{
	return a->head ? a->head->held : 0;
}

void arena_done(struct arena *a)
{
	arena_reset(a, (struct arena_mark){ 0 });
}
