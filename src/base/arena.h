/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * arena: memory by lifetime.
 *
 * One arena per command, request or loaded document; everything in it dies together. A pointer stored in an arena object points into
 * the same arena, into static memory, or into something its comment names as outliving it. No cleanup hooks: kernel objects are scope
 * business. Allocation never returns NULL (out of memory ends the program with one line); whatever has a size decided outside is capped
 * by its reader (base/limits.h) before it comes here. Memory is zeroed.
 *
 * Life cycle: `scoped_arena struct arena a = { 0 };` is ready for use. Not thread-safe.
 */
#include <stdarg.h>
#include <stddef.h>

#include "base/scope.h"

struct arena_block;

struct arena {
	struct arena_block *head;
};

/* A place in an arena to return to. */
struct arena_mark {
	struct arena_block *head;
	size_t used;
};

void arena_done(struct arena *a);
#define scoped_arena SCOPED(arena_done)

/* An arena that uses up @room (at least 256 bytes, aligned for any type, borrowed: on the stack) before it asks the system for more. Not for arena_take(). */
struct arena arena_on(void *room, size_t size);

/* Bytes it has taken from the system, for what grows with every piece of something from outside. */
size_t arena_held(const struct arena *a);

/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull, malloc, alloc_size(2)));

/* One zeroed object, or @n of them. Overflow of n * size ends the program. */
#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc_n((a), (n), sizeof(type)))
void *arena_alloc_n(struct arena *a, size_t n, size_t size) __attribute__((returns_nonnull));

/* A list of @n elements without a capacity member, with room for one more: itself, or if @n is 0 or a power of two a copy twice as long. */
void *arena_grow(struct arena *a, void *v, size_t n, size_t size) __attribute__((returns_nonnull));

/* Copies of bytes and strings; arena_strdup(NULL) is NULL. */
void *arena_memdup(struct arena *a, const void *p, size_t n) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3), returns_nonnull));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0), returns_nonnull));

/* All that @from holds lives on with @a, and is freed with it; @from is empty. */
void arena_take(struct arena *a, struct arena *from);

/* Frees everything allocated since the mark was set. */
struct arena_mark arena_mark(const struct arena *a);
void arena_reset(struct arena *a, struct arena_mark m);
