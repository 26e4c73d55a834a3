/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bitlist.h"

#include <errno.h>

#include "base/str.h"

static void add(struct bitlist *b, size_t bit)
{
	b->words[bit / BITLIST_WORD] |= 1ul << bit % BITLIST_WORD;
	if (bit >= b->n)
		b->n = bit + 1;
}

static int number(struct str s, size_t *ret)
{
	size_t v = 0;

	if (s.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -EINVAL;
		v = v * 10 + (size_t)(s.p[i] - '0');
		if (v >= LIMIT_BITLIST)
			return -ERANGE;
	}
	*ret = v;
	return 0;
}

static int add_range(struct bitlist *b, struct str word)
{
	struct str last, first = str_cut(word, '-', &last);
	size_t from, to;
	int r = number(first, &from);

	to = from;
	if (r == 0 && last.p)
		r = number(last, &to);
	if (r < 0)
		return r;
	if (to < from)
		return -EINVAL;
	for (; from <= to; from++)
		add(b, from);
	return 0;
}

int bitlist_parse(const char *text, struct bitlist *ret)
{
	struct bitlist b = { 0 };
	struct str rest = str_of(text);

	while (rest.p) {
		struct str word = str_trim(str_cut(rest, ',', &rest));
		int r = word.n ? add_range(&b, word) : 0;

		if (r < 0)
			return r;
	}
	*ret = b;
	return 0;
}

bool bitlist_has(const struct bitlist *b, size_t bit)
{
	return bit < b->n && b->words[bit / BITLIST_WORD] >> bit % BITLIST_WORD & 1;
}
