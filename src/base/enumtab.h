/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * enumtab: words <-> enum values, one table each.
 *
 *     static const char *const words[] = { [NS_PID] = "pid", [NS_NET] = "network" };
 *     const struct enumtab ns_kinds = ENUMTAB("namespace type", words, NS_COUNT);
 *
 * ENUMTAB checks at compile time that every value has a place; one generic test (enumtab_check) that every place has a word and that no
 * word stands twice. Tables whose values are not small and dense use `struct numtab`.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct enumtab {
	const char *what;            /* for messages: "unknown <what> 'x'" */
	const char *const *words;
	size_t n;
};

#define ENUMTAB(what_, words_, count)                                                                      \
	{                                                                                                  \
		.what = (what_), .words = (words_),                                                        \
		.n = sizeof(struct { _Static_assert(sizeof(words_) / sizeof *(words_) == (count),          \
						"a value has no word"); char c; })                         \
			* 0 + (count),                                                                     \
	}

/* The word of a value; NULL when out of range. */
const char *enumtab_name(const struct enumtab *t, int value);

/* The value of a word. Errors: -EINVAL if no value has it. */
int enumtab_find(const struct enumtab *t, const char *word);

/* True if every value has a non-empty, unique word. For tests. */
bool enumtab_check(const struct enumtab *t);

/* Words for sparse numbers such as kernel flags; ends with a NULL word. */
struct numtab {
	const char *word;
	uint64_t value;
};

/* The row of a word, or NULL. */
const struct numtab *numtab_find(const struct numtab *t, const char *word);

/* The word of a value, or NULL; the first of several. */
const char *numtab_name(const struct numtab *t, uint64_t value);
