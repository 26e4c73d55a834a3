/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/headers.h"

#include <string.h>
#include <strings.h>

#include "base/parse.h"

static const char *blanks_skip(const char *s)
{
	return s + strspn(s, " \t");
}

/* A quoted string; *s is the quote. */
static const char *quoted_take(const char **s, struct arena *a)
{
	const char *p = *s + 1;
	char *out = arena_alloc(a, strlen(p) + 1);
	size_t n = 0;

	for (; *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		if (!*p)
			return NULL;
		out[n++] = *p;
	}
	*s = p + 1;
	return out;
}

const char *header_word(const char **s, const char *stops, struct arena *a)
{
	size_t n;

	if (**s == '"')
		return quoted_take(s, a);
	n = strcspn(*s, stops);
	*s += n;
	return n ? arena_strndup(a, *s - n, n) : NULL;
}

/* ---- Link: <URL>; name=value; …, <URL>; … ---- */

/* "next" among the words of a relation. */
static bool relation_is_next(const char *value)
{
	struct str rest = str_of(value);

	while (rest.p) {
		struct str word = str_cut(rest, ' ', &rest);

		if (word.n == 4 && strncasecmp(word.p, "next", 4) == 0)
			return true;
	}
	return false;
}

/* The parameters of a link, up to the comma or the end. False if they are no parameters. */
static bool parameters_read(const char **s, struct arena *a, bool *ret_next)
{
	bool known = false;
	const char *p;

	for (p = blanks_skip(*s); *p == ';'; p = blanks_skip(p)) {
		const char *name = blanks_skip(p + 1), *value = "";
		size_t n = strcspn(name, " \t=;,\"");

		p = blanks_skip(name + n);
		if (*p == '=') {
			p = blanks_skip(p + 1);
			value = header_word(&p, " \t;,\"", a);
		}
		if (!value)
			return false;
		/* Only the first relation counts. */
		if (!known && n == 3 && strncasecmp(name, "rel", 3) == 0) {
			known = true;
			*ret_next = relation_is_next(value);
		}
	}
	*s = p;
	return *p == 0 || *p == ',';
}

const char *header_link_next(const char *value, struct arena *a)
{
	const char *s = value, *end;

	while (*(s = s + strspn(s, " \t,")) == '<' && (end = strchr(s, '>'))) {
		const char *target = s + 1;
		bool next = false;

		s = end + 1;
		if (!parameters_read(&s, a, &next))
			return NULL;
		if (next)
			return arena_strndup(a, target, (size_t)(end - target));
	}
	return NULL;
}

/* ---- Warning: code agent "text" ["date"], … ---- */

void header_warnings(const char *value, size_t max, struct arena *a, struct strs *ret)
{
	const char *s = value;

	while (*(s = s + strspn(s, " \t,")) && ret->n < max) {
		size_t n = strcspn(s, " \t,\"");
		bool said = n == 3 && strncmp(s, "299", 3) == 0;
		const char *text;

		s = blanks_skip(s + n);
		s = blanks_skip(s + strcspn(s, " \t,\"")); /* who says it */
		text = *s == '"' ? header_word(&s, "\"", a) : NULL;
		if (!text)
			return;
		if (said)
			strs_push(a, ret, text);
		s = blanks_skip(s);
		if (*s == '"' && !header_word(&s, "\"", a))
			return;
	}
}

/* ---- Range ---- */

bool header_range(const char *value, uint64_t *ret)
{
	const char *n = value ? str_after(value, "0-") : NULL;
	uint64_t last;

	if (!n || parse_u64(n, &last) < 0 || last == 0 || last == UINT64_MAX)
		return false;
	*ret = last + 1;
	return true;
}
