/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * vec: a growing list in an arena.
 *
 * Any struct with members `v`, `n` and `cap` is one: `struct VEC(struct mount_op) ops = { 0 }; *vec_push(a, &ops) = (struct mount_op){ … };`
 * The memory a list outgrows stays in the arena until that dies; lists double, so the waste is bounded by the list itself.
 * For the plain lists of base/str.h (no cap member) there are strs_push and pairs_push, which double at powers of two.
 */
#include <string.h>

#include "base/arena.h"
#include "base/str.h"

#define VEC(type)           \
	{                   \
		type *v;    \
		size_t n, cap; \
	}

/* Adds one zeroed element and returns its address, valid until the next push. */
#define vec_push(a, vec)                                                                             \
	({                                                                                           \
		__typeof__(vec) _vec = (vec);                                                        \
		if (_vec->n == _vec->cap) {                                                          \
			size_t _cap = _vec->cap ? _vec->cap * 2 : 8;                                 \
			__typeof__(_vec->v) _v = arena_alloc_n((a), _cap, sizeof *_vec->v);          \
			if (_vec->n)                                                                 \
				memcpy(_v, _vec->v, _vec->n * sizeof *_vec->v);                      \
			_vec->v = _v;                                                                \
			_vec->cap = _cap;                                                            \
		}                                                                                    \
		&_vec->v[_vec->n++];                                                                 \
	})

/* Walks a list (anything with v and n): `VEC_EACH(const struct mount_op, op, &ops) …` */
#define VEC_EACH(type, item, list) for (type *item = (list)->v; (list)->n > 0 && item < (list)->v + (list)->n; item++)

/* True when a list without a cap member must grow: it holds 0, 1, 2, 4, 8 … elements. */
static inline int vec_at_power(size_t n)
{
	return (n & (n - 1)) == 0;
}

/* Appends the pointer @s (borrowed) to a list. */
static inline void strs_push(struct arena *a, struct strs *list, const char *s)
{
	if (vec_at_power(list->n)) {
		const char **v = arena_array(a, const char *, list->n ? list->n * 2 : 1);

		if (list->n)
			memcpy(v, list->v, list->n * sizeof *v);
		list->v = v;
	}
	list->v[list->n++] = s;
}

/* Appends a pair (borrowed strings), or replaces the value of a key that is there already. */
static inline void pairs_set(struct arena *a, struct pairs *list, const char *key, const char *value)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->v[i].key, key) == 0) {
			list->v[i].value = value;
			return;
		}
	}
	if (vec_at_power(list->n)) {
		struct pair *v = arena_array(a, struct pair, list->n ? list->n * 2 : 1);

		if (list->n)
			memcpy(v, list->v, list->n * sizeof *v);
		list->v = v;
	}
	list->v[list->n++] = (struct pair){ key, value };
}

/* A NULL-terminated copy of the list, for execve and friends. */
static inline char **strs_argv(struct arena *a, const struct strs *list)
{
	char **argv = arena_array(a, char *, list->n + 1);

	if (list->n)
		memcpy(argv, list->v, list->n * sizeof *argv);
	return argv;
}
