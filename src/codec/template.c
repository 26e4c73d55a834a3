/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The template is interpreted as it is read: a cursor walks the text, `range` sets it back for every element, and branches not taken are walked
 * with output off. Values are jansson's; whatever an expression makes is kept alive by `pool` until the end.
 */
#include "codec/template.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "base/limits.h"
#include "base/scope.h"

enum { MAX_ARGS = 8, MAX_NESTING = 32 };

struct render {
	const char *text;
	const char *at;      /* cursor */
	json_t *root;
	json_t *pool;        /* array that owns what expressions make */
	struct buf *out;
	bool off;            /* walking a branch not taken */
	int depth;
	struct err *e;
};

static void value_free(json_t **j)
{
	json_decref(*j);
}

static json_t *keep(struct render *t, json_t *fresh)
{
	json_array_append_new(t->pool, fresh);
	return fresh;
}

static json_t *text_value(struct render *t, const char *s, size_t n)
{
	json_t *j = json_stringn(s, n);

	return keep(t, j ? j : json_string(""));
}

static int fail(struct render *t, const char *what)
{
	return err_set(t->e, ERR_INVALID, "template: %s at '%.20s'", what, t->at);
}

/* ---- printing values as Go does ---- */

static void put_value(const json_t *j, struct buf *out)
{
	const char *key, *gap = "";
	json_t *v;
	size_t i;

	switch (json_typeof(j)) {
	case JSON_STRING:
		buf_add(out, json_string_value(j), json_string_length(j));
		break;
	case JSON_INTEGER:
		buf_printf(out, "%lld", (long long)json_integer_value(j));
		break;
	case JSON_REAL:
		buf_printf(out, "%g", json_real_value(j));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		buf_add_str(out, json_is_true(j) ? "true" : "false");
		break;
	case JSON_NULL:
		buf_add_str(out, "<no value>");
		break;
	case JSON_ARRAY:
		buf_add_char(out, '[');
		json_array_foreach(j, i, v) {
			buf_add_str(out, i ? " " : "");
			put_value(v, out);
		}
		buf_add_char(out, ']');
		break;
	case JSON_OBJECT:
		buf_add_str(out, "map[");
		json_object_foreach((json_t *)(uintptr_t)j, key, v) {
			buf_printf(out, "%s%s:", gap, key);
			put_value(v, out);
			gap = " ";
		}
		buf_add_char(out, ']');
		break;
	}
}

static bool is_true(const json_t *j)
{
	switch (json_typeof(j)) {
	case JSON_STRING:
		return json_string_length(j) > 0;
	case JSON_INTEGER:
		return json_integer_value(j) != 0;
	case JSON_REAL:
		return json_real_value(j) < 0 || json_real_value(j) > 0;
	case JSON_TRUE:
		return true;
	case JSON_FALSE:
	case JSON_NULL:
		return false;
	case JSON_ARRAY:
		return json_array_size(j) > 0;
	case JSON_OBJECT:
		return json_object_size(j) > 0;
	}
	return false;
}

/* ---- functions ---- */

typedef json_t *(*template_fn)(struct render *t, json_t *const *v, size_t n);

static json_t *fn_json(struct render *t, json_t *const *v, size_t n)
{
	scoped_free char *text = json_dumps(v[0], JSON_ENCODE_ANY | JSON_COMPACT);

	return text_value(t, text ? text : "null", text ? strlen(text) : 4);
}

static json_t *fn_len(struct render *t, json_t *const *v, size_t n)
{
	size_t len = json_is_array(v[0]) ? json_array_size(v[0]) : json_is_object(v[0]) ? json_object_size(v[0]) : json_string_length(v[0]);

	return keep(t, json_integer((json_int_t)len));
}

static json_t *fn_index(struct render *t, json_t *const *v, size_t n)
{
	json_t *at = v[0];

	for (size_t i = 1; i < n && at; i++) {
		if (json_is_object(at) && json_is_string(v[i]))
			at = json_object_get(at, json_string_value(v[i]));
		else if (json_is_array(at) && json_is_integer(v[i]))
			at = json_array_get(at, (size_t)json_integer_value(v[i]));
		else
			at = NULL;
	}
	return at ? at : json_null();
}

static json_t *fn_join(struct render *t, json_t *const *v, size_t n)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	json_t *item;
	size_t i;

	json_array_foreach(v[0], i, item) {
		if (i)
			put_value(v[1], &b);
		put_value(item, &b);
	}
	return text_value(t, buf_text(&b), b.n);
}

static json_t *change_case(struct render *t, const json_t *v, int (*first)(int), int (*rest)(int))
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	put_value(v, &b);
	for (size_t i = 0; i < b.n; i++) {
		int (*change)(int) = i ? rest : first;

		if (change)
			b.p[i] = (char)change((unsigned char)b.p[i]);
	}
	return text_value(t, buf_text(&b), b.n);
}

static json_t *fn_upper(struct render *t, json_t *const *v, size_t n)
{
	return change_case(t, v[0], toupper, toupper);
}

static json_t *fn_lower(struct render *t, json_t *const *v, size_t n)
{
	return change_case(t, v[0], tolower, tolower);
}

static json_t *fn_title(struct render *t, json_t *const *v, size_t n)
{
	return change_case(t, v[0], toupper, NULL);
}

static json_t *print_all(struct render *t, json_t *const *v, size_t n, const char *gap, const char *end)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);

	for (size_t i = 0; i < n; i++) {
		buf_add_str(&b, i ? gap : "");
		put_value(v[i], &b);
	}
	buf_add_str(&b, end);
	return text_value(t, buf_text(&b), b.n);
}

static json_t *fn_print(struct render *t, json_t *const *v, size_t n)
{
	return print_all(t, v, n, "", "");
}

static json_t *fn_println(struct render *t, json_t *const *v, size_t n)
{
	return print_all(t, v, n, " ", "\n");
}

static json_t *fn_eq(struct render *t, json_t *const *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (json_equal(v[0], v[i]))
			return json_true();
	return json_false();
}

static json_t *fn_ne(struct render *t, json_t *const *v, size_t n)
{
	return json_boolean(!json_equal(v[0], v[1]));
}

static json_t *fn_not(struct render *t, json_t *const *v, size_t n)
{
	return json_boolean(!is_true(v[0]));
}

static json_t *fn_and(struct render *t, json_t *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_true(v[i]))
			return v[i];
	return v[n - 1];
}

static json_t *fn_or(struct render *t, json_t *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_true(v[i]))
			return v[i];
	return v[n - 1];
}

static const struct {
	const char *name;
	size_t min, max;
	template_fn call;
} functions[] = {
	/* clang-format off */
	{ "json",    1, 1,        fn_json    }, { "len",     1, 1, fn_len   }, { "index", 2, MAX_ARGS, fn_index },
	{ "join",    2, 2,        fn_join    }, { "upper",   1, 1, fn_upper }, { "lower", 1, 1,        fn_lower },
	{ "title",   1, 1,        fn_title   }, { "eq",      2, MAX_ARGS, fn_eq }, { "ne", 2, 2,       fn_ne    },
	{ "not",     1, 1,        fn_not     }, { "and",     1, MAX_ARGS, fn_and }, { "or", 1, MAX_ARGS, fn_or  },
	{ "print",   0, MAX_ARGS, fn_print   }, { "println", 0, MAX_ARGS, fn_println },
	/* clang-format on */
};

/* ---- expressions ---- */

static void skip_blanks(struct render *t)
{
	while (*t->at == ' ' || *t->at == '\t' || *t->at == '\n')
		t->at++;
}

static bool at_close(const struct render *t)
{
	return strncmp(t->at, "}}", 2) == 0 || strncmp(t->at, "-}}", 3) == 0;
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* ".A.B" from @from on; a missing key is null. */
static int read_path(struct render *t, json_t *from, json_t **ret)
{
	while (*t->at == '.') {
		const char *start = ++t->at;
		char name[128];

		while (is_word_char(*t->at))
			t->at++;
		if (t->at == start)
			break;
		if ((size_t)(t->at - start) >= sizeof name)
			return fail(t, "name too long");
		snprintf(name, sizeof name, "%.*s", (int)(t->at - start), start);
		from = json_is_object(from) ? json_object_get(from, name) : NULL;
		from = from ? from : json_null();
	}
	*ret = from;
	return 0;
}

static int read_quoted(struct render *t, json_t **ret)
{
	scoped_buf struct buf b = BUF(LIMIT_PROC_FILE);
	char quote = *t->at++;

	while (*t->at && *t->at != quote) {
		char c = *t->at++;

		if (c == '\\' && quote == '"' && *t->at) {
			c = *t->at++;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		buf_add_char(&b, c);
	}
	if (*t->at != quote)
		return fail(t, "unterminated string");
	t->at++;
	*ret = text_value(t, buf_text(&b), b.n);
	return 0;
}

static int read_pipeline(struct render *t, json_t *dot, json_t **ret);

/* One operand; *ret NULL if there is none here. */
static int read_operand(struct render *t, json_t *dot, json_t **ret)
{
	int r;

	skip_blanks(t);
	*ret = NULL;
	if (*t->at == '.')
		return read_path(t, dot, ret);
	if (*t->at == '$') {
		t->at++;
		return read_path(t, t->root, ret);
	}
	if (*t->at == '"' || *t->at == '`')
		return read_quoted(t, ret);
	if (isdigit((unsigned char)*t->at) || (*t->at == '-' && isdigit((unsigned char)t->at[1]))) {
		char *end;

		*ret = keep(t, json_integer(strtoll(t->at, &end, 10)));
		t->at = end;
		return 0;
	}
	if (*t->at != '(')
		return 0;
	if (++t->depth > MAX_NESTING)
		return fail(t, "nested too deep");
	t->at++;
	r = read_pipeline(t, dot, ret);
	t->depth--;
	if (r < 0)
		return r;
	if (*t->at != ')')
		return fail(t, "missing )");
	t->at++;
	return read_path(t, *ret, ret);
}

static int read_args(struct render *t, json_t *dot, json_t **v, size_t *n)
{
	for (;;) {
		json_t *arg;
		int r = read_operand(t, dot, &arg);

		if (r < 0 || !arg)
			return r;
		if (*n == MAX_ARGS)
			return fail(t, "too many arguments");
		v[(*n)++] = arg;
	}
}

/* A call or an operand; @piped (or NULL) becomes the last argument. */
static int read_command(struct render *t, json_t *dot, json_t *piped, json_t **ret)
{
	json_t *v[MAX_ARGS + 1];
	size_t n = 0, i;
	const char *word;
	int r;

	skip_blanks(t);
	word = t->at;
	if (!isalpha((unsigned char)*word)) {
		r = read_operand(t, dot, ret);
		return r < 0 ? r : !*ret || piped ? fail(t, "expected a value") : 0;
	}
	while (is_word_char(*t->at))
		t->at++;
	n = (size_t)(t->at - word);
	if ((n == 4 && strncmp(word, "true", 4) == 0) || (n == 5 && strncmp(word, "false", 5) == 0)) {
		*ret = json_boolean(*word == 't');
		return 0;
	}
	for (i = 0; i < ARRAY_LEN(functions); i++)
		if (strlen(functions[i].name) == n && strncmp(functions[i].name, word, n) == 0)
			break;
	if (i == ARRAY_LEN(functions)) {
		t->at = word;
		return fail(t, "unknown function");
	}
	n = 0;
	r = read_args(t, dot, v, &n);
	if (r < 0)
		return r;
	if (piped)
		v[n++] = piped;
	if (n < functions[i].min || n > functions[i].max)
		return fail(t, "wrong number of arguments");
	*ret = functions[i].call(t, v, n);
	return 0;
}

static int read_pipeline(struct render *t, json_t *dot, json_t **ret)
{
	json_t *value = NULL;

	for (;;) {
		int r = read_command(t, dot, value, &value);

		if (r < 0)
			return r;
		skip_blanks(t);
		if (*t->at != '|')
			break;
		t->at++;
	}
	*ret = value;
	return 0;
}

/* ---- text and actions ---- */

static void put_text(struct render *t, const char *from, const char *to)
{
	if (!t->off && to > from)
		buf_add(t->out, from, (size_t)(to - from));
}

static int read_close(struct render *t)
{
	skip_blanks(t);
	if (!at_close(t))
		return fail(t, "unexpected text");
	if (*t->at == '-') {
		t->at += 3;
		while (isspace((unsigned char)*t->at))
			t->at++;
	} else {
		t->at += 2;
	}
	return 0;
}

/* Moves past a keyword of an action. */
static bool take_word(struct render *t, const char *word)
{
	size_t n = strlen(word);

	skip_blanks(t);
	if (strncmp(t->at, word, n) != 0 || is_word_char(t->at[n]))
		return false;
	t->at += n;
	return true;
}

enum ending { ENDING_TEXT, ENDING_ELSE, ENDING_END };

static int render_until(struct render *t, json_t *dot, enum ending *ret);

/* A block's body with output on or off. */
static int render_body(struct render *t, json_t *dot, bool take, enum ending *ret)
{
	bool was_off = t->off;
	int r;

	t->off |= !take;
	r = render_until(t, dot, ret);
	t->off = was_off;
	if (r == 0 && *ret == ENDING_TEXT)
		return fail(t, "missing {{end}}");
	return r;
}

/* Body and, if there is one, the else branch: @take says which of the two is shown. */
static int render_branches(struct render *t, json_t *dot, json_t *inner, bool take)
{
	enum ending ending;
	int r = render_body(t, inner, take, &ending);

	if (r < 0 || ending == ENDING_END)
		return r;
	r = render_body(t, dot, !take, &ending);
	return r < 0 ? r : ending == ENDING_ELSE ? fail(t, "second {{else}}") : 0;
}

static int render_range(struct render *t, json_t *dot, json_t *over)
{
	const char *body = t->at, *key;
	bool some = is_true(over) && !t->off;
	enum ending ending;
	json_t *item;
	size_t i;
	int r;

	if (!some)
		return render_branches(t, dot, dot, false);
	if (json_is_array(over)) {
		json_array_foreach(over, i, item) {
			t->at = body;
			r = render_body(t, item, true, &ending);
			if (r < 0)
				return r;
		}
	} else if (json_is_object(over)) {
		json_object_foreach(over, key, item) {
			t->at = body;
			r = render_body(t, item, true, &ending);
			if (r < 0)
				return r;
		}
	} else {
		return fail(t, "range over what is no list");
	}
	return ending == ENDING_ELSE ? render_body(t, dot, false, &ending) : 0;
}

/* The inside of "{{…}}"; the cursor stands after the opening braces. */
static int render_action(struct render *t, json_t *dot, enum ending *ret)
{
	bool is_if, is_with, is_range;
	json_t *value = NULL;
	int r;

	*ret = ENDING_TEXT;
	if (take_word(t, "end")) {
		*ret = ENDING_END;
		return read_close(t);
	}
	if (take_word(t, "else")) {
		*ret = ENDING_ELSE;
		return read_close(t);
	}
	is_if = take_word(t, "if");
	is_with = !is_if && take_word(t, "with");
	is_range = !is_if && !is_with && take_word(t, "range");
	r = read_pipeline(t, dot, &value);
	if (r == 0)
		r = read_close(t);
	if (r < 0)
		return r;
	if (is_range)
		return render_range(t, dot, value);
	if (is_if || is_with)
		return render_branches(t, dot, is_with ? value : dot, is_true(value));
	if (!t->off)
		put_value(value, t->out);
	return 0;
}

static int render_until(struct render *t, json_t *dot, enum ending *ret)
{
	int r = 0;

	*ret = ENDING_TEXT;
	if (++t->depth > MAX_NESTING)
		return fail(t, "nested too deep");
	while (r == 0 && *t->at && *ret == ENDING_TEXT) {
		const char *open = strstr(t->at, "{{"), *end = open ? open : t->at + strlen(t->at);

		if (open && open[2] == '-' && isspace((unsigned char)open[3]))
			while (end > t->at && isspace((unsigned char)end[-1]))
				end--;
		put_text(t, t->at, end);
		t->at = !open ? end : open + (open[2] == '-' && isspace((unsigned char)open[3]) ? 4 : 2);
		if (!open)
			break;
		if (strncmp(t->at, "/*", 2) == 0) {
			const char *close = strstr(t->at, "*/");

			if (!close)
				return fail(t, "unterminated comment");
			t->at = close + 2;
			r = read_close(t);
		} else {
			r = render_action(t, dot, ret);
		}
	}
	t->depth--;
	return r;
}

int template_render(const char *text, struct str json, struct buf *out, struct err *e)
{
	SCOPED(value_free) json_t *root = json_loadb(json.p, json.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	SCOPED(value_free) json_t *pool = json_array();
	struct render t = { .text = text, .at = text, .root = root, .pool = pool, .out = out, .e = e };
	enum ending ending;
	int r;

	if (!root)
		return err_set(e, ERR_INTERNAL, "template: the document is no JSON");
	r = render_until(&t, root, &ending);
	if (r < 0)
		return r;
	if (ending != ENDING_TEXT)
		return fail(&t, ending == ENDING_END ? "{{end}} without a block" : "{{else}} without a block");
	return buf_is_full(out) ? -E2BIG : 0;
}
