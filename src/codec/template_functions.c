/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/template_functions.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/scope.h"
#include "codec/template_printf.h"

/* The arguments of a call, and where its error goes. */
struct call {
	const struct template_function *f;
	struct template_pool *pool;
	json_t *const *v;
	size_t n;
	struct err *e;
};

struct template_function {
	const char *name;
	size_t min, max;
	json_t *(*run)(const struct call *c); /* borrowed; NULL with the error filled */
};

static json_t *fail(const struct call *c, const char *why)
{
	err_set(c->e, ERR_INVALID, "error calling %s: %s", c->f->name, why);
	return NULL;
}

static json_t *fail_type(const struct call *c, const char *what, const json_t *v)
{
	err_set(c->e, ERR_INVALID, "error calling %s: %s of type %s", c->f->name, what, template_type(v));
	return NULL;
}

static json_t *text_of_buf(const struct call *c, const struct buf *b)
{
	return buf_is_full(b) ? fail(c, "result is too long") : template_text(c->pool, buf_str(b));
}

/* ---- values and lists ---- */

static json_t *fn_json(const struct call *c)
{
	scoped_free char *text = json_dumps(c->v[0], JSON_ENCODE_ANY | JSON_COMPACT);

	return template_text(c->pool, text ? str_of(text) : STR("null"));
}

static size_t length(const json_t *v)
{
	return json_is_array(v) ? json_array_size(v) : json_is_object(v) ? json_object_size(v) : json_string_length(v);
}

static json_t *fn_len(const struct call *c)
{
	if (!json_is_array(c->v[0]) && !json_is_object(c->v[0]) && !json_is_string(c->v[0]))
		return json_is_null(c->v[0]) ? fail(c, "len of nil pointer") : fail_type(c, "len", c->v[0]);
	return template_keep(c->pool, json_integer((json_int_t)length(c->v[0])));
}

/* A key that a map does not have is its element type's empty value, which prints as nothing where people ask: labels, ports. */
static json_t *fn_index(const struct call *c)
{
	json_t *at = c->v[0];

	for (size_t i = 1; i < c->n; i++) {
		if (json_is_object(at)) {
			if (!json_is_string(c->v[i]))
				return fail_type(c, "map key", c->v[i]);
			at = json_object_get(at, json_string_value(c->v[i]));
			at = at ? at : template_text(c->pool, STR(""));
		} else if (json_is_array(at)) {
			if (!json_is_integer(c->v[i]))
				return fail_type(c, "list index", c->v[i]);
			at = json_integer_value(c->v[i]) < 0 ? NULL : json_array_get(at, (size_t)json_integer_value(c->v[i]));
			if (!at)
				return fail(c, "index out of range");
		} else {
			return json_is_null(at) ? fail(c, "index of untyped nil") : fail_type(c, "can't index item", at);
		}
	}
	return at;
}

static json_t *fn_slice(const struct call *c)
{
	size_t bounds[2] = { 0, length(c->v[0]) };
	json_t *part, *item;
	size_t i;

	if (!json_is_array(c->v[0]) && !json_is_string(c->v[0]))
		return fail_type(c, "can't slice item", c->v[0]);
	for (i = 1; i < c->n; i++) {
		if (!json_is_integer(c->v[i]) || json_integer_value(c->v[i]) < 0 || (size_t)json_integer_value(c->v[i]) > length(c->v[0]))
			return fail(c, "index out of range");
		bounds[i - 1] = (size_t)json_integer_value(c->v[i]);
	}
	if (bounds[0] > bounds[1])
		return fail(c, "invalid slice index");
	if (json_is_string(c->v[0]))
		return template_text(c->pool, (struct str){ json_string_value(c->v[0]) + bounds[0], bounds[1] - bounds[0] });
	part = template_keep(c->pool, json_array());
	json_array_foreach(c->v[0], i, item)
		if (i >= bounds[0] && i < bounds[1])
			json_array_append(part, item);
	return part;
}

static json_t *fn_join(const struct call *c)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	json_t *item;
	size_t i;

	if (!json_is_array(c->v[0]) && !json_is_null(c->v[0]))
		return fail_type(c, "join", c->v[0]);
	json_array_foreach(c->v[0], i, item) {
		if (i)
			template_put(c->v[1], &b);
		template_put(item, &b);
	}
	return text_of_buf(c, &b);
}

static json_t *fn_split(const struct call *c)
{
	json_t *list = template_keep(c->pool, json_array());
	const char *at, *sep, *next;
	size_t n;

	if (!json_is_string(c->v[0]) || !json_is_string(c->v[1]))
		return fail_type(c, "split", json_is_string(c->v[0]) ? c->v[1] : c->v[0]);
	at = json_string_value(c->v[0]);
	sep = json_string_value(c->v[1]);
	n = strlen(sep);
	/* An empty separator cuts after each character. */
	while (n == 0 && *at) {
		size_t width = 1;

		while (((unsigned char)at[width] & 0xc0) == 0x80)
			width++;
		json_array_append_new(list, json_stringn(at, width));
		at += width;
	}
	for (; n > 0; at = next + n) {
		next = strstr(at, sep);
		json_array_append_new(list, next ? json_stringn(at, (size_t)(next - at)) : json_string(at));
		if (!next)
			break;
	}
	return list;
}

/* ---- text ---- */

static json_t *change_case(const struct call *c, bool words, int (*change)(int))
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	template_put(c->v[0], &b);
	for (size_t i = 0; i < b.n; i++)
		if (!words || i == 0 || isspace((unsigned char)b.p[i - 1]))
			b.p[i] = (char)change((unsigned char)b.p[i]);
	return text_of_buf(c, &b);
}

static json_t *fn_upper(const struct call *c)
{
	return change_case(c, false, toupper);
}

static json_t *fn_lower(const struct call *c)
{
	return change_case(c, false, tolower);
}

static json_t *fn_title(const struct call *c)
{
	return change_case(c, true, toupper);
}

/* pad TEXT BEFORE AFTER: that many blanks on both sides, of a text that is not empty. */
static json_t *fn_pad(const struct call *c)
{
	scoped_buf struct buf b = BUF(LIMIT_PROC_FILE);
	json_int_t before = json_integer_value(c->v[1]), after = json_integer_value(c->v[2]);

	if (before < 0 || after < 0 || before > LIMIT_PATH || after > LIMIT_PATH)
		return fail(c, "width is out of range");
	if (!template_is_true(c->v[0]))
		return c->v[0];
	buf_printf(&b, "%*s", (int)before, "");
	template_put(c->v[0], &b);
	buf_printf(&b, "%*s", (int)after, "");
	return text_of_buf(c, &b);
}

static json_t *fn_truncate(const struct call *c)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	json_int_t most = json_integer_value(c->v[1]);

	template_put(c->v[0], &b);
	if (most < 0 || (size_t)most >= b.n)
		return text_of_buf(c, &b);
	/* So many bytes, but no half character. */
	while (most > 0 && ((unsigned char)b.p[most] & 0xc0) == 0x80)
		most--;
	return template_text(c->pool, (struct str){ b.p, (size_t)most });
}

/* Go puts blanks between operands of print that are both no strings, and between all of println's. */
static json_t *print_all(const struct call *c, bool line)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	for (size_t i = 0; i < c->n; i++) {
		if (i > 0 && (line || (!json_is_string(c->v[i]) && !json_is_string(c->v[i - 1]))))
			buf_add_char(&b, ' ');
		template_put(c->v[i], &b);
	}
	if (line)
		buf_add_char(&b, '\n');
	return text_of_buf(c, &b);
}

static json_t *fn_print(const struct call *c)
{
	return print_all(c, false);
}

static json_t *fn_println(const struct call *c)
{
	return print_all(c, true);
}

/* ---- printf ---- */

static json_t *fn_printf(const struct call *c)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	const char *format = json_string_value(c->v[0]);

	if (!format)
		return fail_type(c, "format", c->v[0]);
	template_printf(format, c->v + 1, c->n - 1, &b);
	return text_of_buf(c, &b);
}

/* ---- truth ---- */

static json_t *fn_eq(const struct call *c)
{
	for (size_t i = 1; i < c->n; i++)
		if (json_equal(c->v[0], c->v[i]))
			return json_true();
	return json_false();
}

static json_t *fn_ne(const struct call *c)
{
	return json_boolean(!json_equal(c->v[0], c->v[1]));
}

/* -1, 0, 1; -2 if they have no order. */
static int order(const json_t *a, const json_t *b)
{
	double x, y;

	if (json_is_string(a) && json_is_string(b)) {
		int r = strcmp(json_string_value(a), json_string_value(b));

		return r < 0 ? -1 : r > 0;
	}
	if (json_is_integer(a) && json_is_integer(b))
		return json_integer_value(a) < json_integer_value(b) ? -1 : json_integer_value(a) > json_integer_value(b);
	if (!json_is_number(a) || !json_is_number(b))
		return -2;
	x = json_number_value(a);
	y = json_number_value(b);
	return x < y ? -1 : x > y;
}

/* True if the order of the two is one of the bits of @wanted: 1 less, 2 equal, 4 greater. */
static json_t *ordered(const struct call *c, unsigned wanted)
{
	int r = order(c->v[0], c->v[1]);

	return r == -2 ? fail(c, "incompatible types for comparison") : json_boolean(wanted >> (r + 1) & 1);
}

static json_t *fn_lt(const struct call *c)
{
	return ordered(c, 1);
}

static json_t *fn_le(const struct call *c)
{
	return ordered(c, 3);
}

static json_t *fn_gt(const struct call *c)
{
	return ordered(c, 4);
}

static json_t *fn_ge(const struct call *c)
{
	return ordered(c, 6);
}

static json_t *fn_not(const struct call *c)
{
	return json_boolean(!template_is_true(c->v[0]));
}

/* The first value that is (or-ed: is not) empty, else the last. */
static json_t *first_of(const struct call *c, bool wanted)
{
	for (size_t i = 0; i < c->n; i++)
		if (template_is_true(c->v[i]) == wanted)
			return c->v[i];
	return c->v[c->n - 1];
}

static json_t *fn_and(const struct call *c)
{
	return first_of(c, false);
}

static json_t *fn_or(const struct call *c)
{
	return first_of(c, true);
}

/* ---- the table ---- */

static const struct template_function functions[] = {
	/* clang-format off */
	{ "and",     1, TEMPLATE_MAX_ARGS, fn_and   }, { "eq",       2, TEMPLATE_MAX_ARGS, fn_eq       },
	{ "ge",      2, 2, fn_ge                    }, { "gt",       2, 2, fn_gt                       },
	{ "index",   1, TEMPLATE_MAX_ARGS, fn_index }, { "join",     2, 2, fn_join                     },
	{ "json",    1, 1, fn_json                  }, { "le",       2, 2, fn_le                       },
	{ "len",     1, 1, fn_len                   }, { "lower",    1, 1, fn_lower                    },
	{ "lt",      2, 2, fn_lt                    }, { "ne",       2, 2, fn_ne                       },
	{ "not",     1, 1, fn_not                   }, { "or",       1, TEMPLATE_MAX_ARGS, fn_or       },
	{ "pad",     3, 3, fn_pad                   }, { "print",    0, TEMPLATE_MAX_ARGS, fn_print    },
	{ "printf",  1, TEMPLATE_MAX_ARGS, fn_printf }, { "println", 0, TEMPLATE_MAX_ARGS, fn_println  },
	{ "slice",   1, 3, fn_slice                 }, { "split",    2, 2, fn_split                    },
	{ "title",   1, 1, fn_title                 }, { "truncate", 2, 2, fn_truncate                 },
	{ "upper",   1, 1, fn_upper                 },
	/* clang-format on */
};

const struct template_function *template_function_find(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(functions); i++)
		if (str_is(name, functions[i].name))
			return &functions[i];
	return NULL;
}

int template_call(const struct template_function *f, struct template_pool *p, json_t *const *v, size_t n, json_t **ret, struct err *e)
{
	struct call c = { f, p, v, n, e };
	json_t *made;

	if (n < f->min || n > f->max)
		return err_set(e, ERR_INVALID, "wrong number of args for %s: want %s%zu got %zu", f->name, f->max > f->min ? "at least " : "", f->min, n);
	made = f->run(&c);
	if (!made)
		return -EINVAL;
	*ret = made;
	return 0;
}
