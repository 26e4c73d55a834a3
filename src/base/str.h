/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * str: a view of bytes that somebody else owns, and the few questions we ask of C strings.
 *
 * Floors that read outside bytes (codec, spec) pass `struct str` by value; floors that talk to the kernel pass NUL-terminated strings.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

/* A list of C strings, and a list of key/value pairs in document order; both usually in an arena. */
struct strs {
	const char **v;
	size_t n;
};
struct pair {
	const char *key;
	const char *value;
};
struct pairs {
	struct pair *v;
	size_t n;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
#define STR_FMT "%.*s"
#define STR_ARG(s) ((int)(s).n), ((s).p)

static inline struct str str_of(const char *s)
{
	return (struct str){ s, s ? strlen(s) : 0 };
}

/* Both NULL, or both the same text. */
static inline bool streq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is(struct str a, const char *b)
{
	return str_eq(a, str_of(b));
}

/* The rest of @s after @prefix, or NULL if it does not start so. */
static inline const char *str_after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

static inline bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

/* Cuts @s at the first @sep: returns the part before, and leaves in *rest what follows (p == NULL if there was no separator). */
struct str str_cut(struct str s, char sep, struct str *rest);

/* @s without leading and trailing blanks, tabs and line ends. */
struct str str_trim(struct str s);

/* Looks a key up in a list of pairs; the last one wins. NULL if absent. */
const char *pairs_find(const struct pairs *p, const char *key);

bool strs_has(const struct strs *s, const char *word);
