/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

struct str str_cut(struct str s, char sep, struct str *rest)
{
	const char *at = s.n ? memchr(s.p, sep, s.n) : NULL;

	if (!at) {
		*rest = (struct str){ NULL, 0 };
		return s;
	}
	*rest = (struct str){ at + 1, s.n - (size_t)(at + 1 - s.p) };
	return (struct str){ s.p, (size_t)(at - s.p) };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct str str_trim(struct str s)
{
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

const char *pairs_find(const struct pairs *p, const char *key)
{
	for (size_t i = p->n; i-- > 0;)
		if (strcmp(p->v[i].key, key) == 0)
			return p->v[i].value;
	return NULL;
}

bool strs_has(const struct strs *s, const char *word)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i], word) == 0)
			return true;
	return false;
}
