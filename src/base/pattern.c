/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pattern.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/scope.h"

enum { REPEAT_MAX = 255, ANY_NUMBER = REPEAT_MAX + 1, DEPTH_MAX = 32 };

/* SPLIT goes on at the next op and at @to, JUMP only at @to; both are distances. */
enum pattern_kind { PATTERN_SET, PATTERN_BEGIN, PATTERN_END, PATTERN_SPLIT, PATTERN_JUMP, PATTERN_FOUND };

struct pattern_op {
	enum pattern_kind kind;
	int to;
	uint32_t set[8]; /* the bytes it takes */
};

struct parser {
	const char *at;
	struct arena *a;
	struct pattern *p;
	int depth; /* of groups we are in */
};

static void set_add(uint32_t set[8], int c)
{
	set[(unsigned char)c / 32] |= 1u << ((unsigned char)c % 32);
}

static bool set_has(const uint32_t set[8], int c)
{
	return set[(unsigned char)c / 32] >> ((unsigned char)c % 32) & 1;
}

static struct pattern_op *emit(struct parser *x, enum pattern_kind kind)
{
	struct pattern_op *op = vec_push(x->a, x->p);

	op->kind = kind;
	return op;
}

/* Takes the ops from @from on out of the program, to be put back in other company: distances inside them stay right. */
static struct pattern take_out(struct parser *x, size_t from)
{
	struct pattern out = { .n = x->p->n - from };

	out.v = arena_memdup(x->a, x->p->v + from, out.n * sizeof *out.v);
	x->p->n = from;
	return out;
}

static int put_back(struct parser *x, const struct pattern *body)
{
	if (x->p->n + body->n > LIMIT_PATTERN_OPS)
		return -E2BIG;
	for (size_t i = 0; i < body->n; i++)
		*vec_push(x->a, x->p) = body->v[i];
	return 0;
}

/* ---- sets ----------------------------------------------------------------------------------------------------------------------------- */

/* "[:alpha:]" */
static int parse_class(struct parser *x, uint32_t set[8])
{
	static const struct {
		const char *name;
		int (*has)(int c);
	} classes[] = {
		{ "[:alnum:]", isalnum }, { "[:alpha:]", isalpha }, { "[:blank:]", isblank }, { "[:cntrl:]", iscntrl },
		{ "[:digit:]", isdigit }, { "[:graph:]", isgraph }, { "[:lower:]", islower }, { "[:print:]", isprint },
		{ "[:punct:]", ispunct }, { "[:space:]", isspace }, { "[:upper:]", isupper }, { "[:xdigit:]", isxdigit },
	};

	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		size_t n = strlen(classes[i].name);

		if (strncmp(x->at, classes[i].name, n) != 0)
			continue;
		for (int c = 1; c < 128; c++)
			if (classes[i].has(c))
				set_add(set, c);
		x->at += n;
		return 0;
	}
	return -EINVAL;
}

/* One byte or "a-z". */
static int parse_range(struct parser *x, uint32_t set[8])
{
	int first = (unsigned char)*x->at++, last = first;

	if (x->at[0] == '-' && x->at[1] && x->at[1] != ']') {
		last = (unsigned char)x->at[1];
		x->at += 2;
	}
	if (!first || last < first || (first == '[' && strchr(".=", *x->at) && *x->at))
		return -EINVAL;
	for (int c = first; c <= last; c++)
		set_add(set, c);
	return 0;
}

/* What follows '['. A ']' that stands first is one of the set. */
static int parse_set(struct parser *x)
{
	uint32_t set[8] = { 0 };
	bool others = *x->at == '^';
	int r;

	x->at += others;
	do
		r = strncmp(x->at, "[:", 2) == 0 ? parse_class(x, set) : *x->at ? parse_range(x, set) : -EINVAL;
	while (r == 0 && *x->at != ']');
	if (r < 0)
		return r;
	x->at++;
	for (size_t i = 0; others && i < ARRAY_LEN(set); i++)
		set[i] = ~set[i];
	memcpy(emit(x, PATTERN_SET)->set, set, sizeof set);
	return 0;
}

/* ---- atoms, repetitions, alternatives ------------------------------------------------------------------------------------------------- */

static int parse_alternatives(struct parser *x);

static int parse_group(struct parser *x)
{
	int r;

	if (++x->depth > DEPTH_MAX)
		return -E2BIG;
	r = parse_alternatives(x);
	x->depth--;
	return r < 0 ? r : *x->at++ == ')' ? 0 : -EINVAL;
}

static int parse_atom(struct parser *x)
{
	char c = *x->at++;

	switch (c) {
	case '(':
		return parse_group(x);
	case '[':
		return parse_set(x);
	case '^':
		emit(x, PATTERN_BEGIN);
		return 0;
	case '$':
		emit(x, PATTERN_END);
		return 0;
	case '.':
		memset(emit(x, PATTERN_SET)->set, 0xff, sizeof(uint32_t[8]));
		return 0;
	case '*':
	case '+':
	case '?':
	case '{':
		return -EINVAL; /* nothing to repeat */
	case '\\':
		c = *x->at++;
		break;
	}
	if (!c)
		return -EINVAL;
	set_add(emit(x, PATTERN_SET)->set, c);
	return 0;
}

static int parse_count(struct parser *x, int *ret)
{
	int n = 0;

	if (!isdigit((unsigned char)*x->at))
		return -EINVAL;
	while (isdigit((unsigned char)*x->at) && n <= REPEAT_MAX)
		n = n * 10 + (*x->at++ - '0');
	*ret = n;
	return n > REPEAT_MAX ? -EINVAL : 0;
}

/* "{m}", "{m,}", "{m,n}" behind the brace. */
static int parse_bounds(struct parser *x, int *ret_min, int *ret_max)
{
	int r = parse_count(x, ret_min);

	*ret_max = *ret_min;
	if (r == 0 && *x->at == ',') {
		x->at++;
		*ret_max = ANY_NUMBER;
		r = *x->at == '}' ? 0 : parse_count(x, ret_max);
	}
	return r < 0 ? r : *x->at++ == '}' && *ret_min <= *ret_max ? 0 : -EINVAL;
}

/* Sets the bounds that follow; 0 if none do. */
static int parse_repeat(struct parser *x, int *ret_min, int *ret_max)
{
	static const struct {
		char sign;
		int min, max;
	} signs[] = { { '*', 0, ANY_NUMBER }, { '+', 1, ANY_NUMBER }, { '?', 0, 1 } };
	int r;

	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		if (*x->at != signs[i].sign)
			continue;
		*ret_min = signs[i].min;
		*ret_max = signs[i].max;
		x->at++;
		return 1;
	}
	if (*x->at != '{')
		return 0;
	x->at++;
	r = parse_bounds(x, ret_min, ret_max);
	return r < 0 ? r : 1;
}

/* The ops from @from on, @min to @max times: copies in a row, those past the minimum each behind a way around it. */
static int repeat(struct parser *x, size_t from, int min, int max)
{
	struct pattern body = take_out(x, from);
	int n = (int)body.n, r = 0;

	for (int i = 0; r == 0 && i < min; i++)
		r = put_back(x, &body);
	if (max == ANY_NUMBER) {
		emit(x, PATTERN_SPLIT)->to = n + 2;
		r = r < 0 ? r : put_back(x, &body);
		emit(x, PATTERN_JUMP)->to = -(n + 1);
		return r;
	}
	for (int i = min; r == 0 && i < max; i++) {
		emit(x, PATTERN_SPLIT)->to = n + 1;
		r = put_back(x, &body);
	}
	return r;
}

static int parse_sequence(struct parser *x)
{
	while (*x->at && *x->at != '|' && !(*x->at == ')' && x->depth > 0)) {
		size_t from = x->p->n;
		bool anchor = *x->at == '^' || *x->at == '$';
		int min, max, r = parse_atom(x), again = 1;

		if (r == 0 && anchor && *x->at && strchr("*+?{", *x->at))
			return -EINVAL; /* a place cannot be repeated */
		while (r == 0 && again > 0) {
			again = parse_repeat(x, &min, &max);
			r = again < 0 ? again : again ? repeat(x, from, min, max) : 0;
		}
		if (r < 0)
			return r;
		if (x->p->n > LIMIT_PATTERN_OPS)
			return -E2BIG;
	}
	return 0;
}

/* Each but the last: a way to the next, itself, a jump behind the last. */
static int parse_alternatives(struct parser *x)
{
	struct VEC(size_t) jumps = { 0 };
	int r;

	for (;;) {
		size_t from = x->p->n;
		struct pattern body;

		r = parse_sequence(x);
		if (r < 0 || *x->at != '|')
			break;
		x->at++;
		body = take_out(x, from);
		emit(x, PATTERN_SPLIT)->to = (int)body.n + 2;
		r = put_back(x, &body);
		if (r < 0)
			break;
		*vec_push(x->a, &jumps) = x->p->n;
		emit(x, PATTERN_JUMP);
	}
	for (size_t i = 0; i < jumps.n; i++)
		x->p->v[jumps.v[i]].to = (int)(x->p->n - jumps.v[i]);
	return r;
}

int pattern_parse(const char *text, struct arena *a, struct pattern *ret)
{
	struct pattern p = { 0 };
	struct parser x = { .at = text, .a = a, .p = &p };
	int r = parse_alternatives(&x);

	if (r < 0)
		return r;
	emit(&x, PATTERN_FOUND);
	*ret = p;
	return 0;
}

/* ---- fitting -------------------------------------------------------------------------------------------------------------------------- */

/* The ops at which the text read so far may stand; each at most once. */
struct places {
	uint32_t seen[(LIMIT_PATTERN_OPS + 64) / 32];
	uint16_t v[LIMIT_PATTERN_OPS + 64];
	size_t n;
};

/* Follows what takes no byte. True if that leads to the end of the pattern. */
static bool places_add(struct places *s, const struct pattern *p, size_t at, bool begin, bool end)
{
	const struct pattern_op *op = &p->v[at];

	if (s->seen[at / 32] >> (at % 32) & 1)
		return false;
	s->seen[at / 32] |= 1u << (at % 32);
	switch (op->kind) {
	case PATTERN_SET:
		s->v[s->n++] = (uint16_t)at;
		return false;
	case PATTERN_BEGIN:
		return begin && places_add(s, p, at + 1, begin, end);
	case PATTERN_END:
		return end && places_add(s, p, at + 1, begin, end);
	case PATTERN_SPLIT:
		if (places_add(s, p, at + 1, begin, end))
			return true;
		return places_add(s, p, (size_t)((int)at + op->to), begin, end);
	case PATTERN_JUMP:
		return places_add(s, p, (size_t)((int)at + op->to), begin, end);
	case PATTERN_FOUND:
		return true;
	}
	return false;
}

bool pattern_fits(const struct pattern *p, const char *text)
{
	struct places now = { .n = 0 }, next;

	if (places_add(&now, p, 0, true, !*text))
		return true;
	for (; *text; text++) {
		next.n = 0;
		memset(next.seen, 0, sizeof next.seen);
		for (size_t i = 0; i < now.n; i++)
			if (set_has(p->v[now.v[i]].set, *text) && places_add(&next, p, now.v[i] + 1u, false, !text[1]))
				return true;
		if (places_add(&next, p, 0, false, !text[1]))
			return true;
		now = next;
	}
	return false;
}
