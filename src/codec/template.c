/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The template is interpreted as it is read: a cursor walks the text, `range` sets it back for every element, and branches not taken are walked
 * with output off. Values are jansson's; whatever an expression makes is kept alive by the pool until the end.
 */
#include "codec/template.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/scope.h"
#include "codec/template_functions.h"

/* Nesting bounds the stack; work bounds loops in loops, far above what a listing of thousands needs. */
enum { MAX_NESTING = 32, MAX_VARIABLES = 64, MAX_WORK = 4 * 1024 * 1024 };

enum skip { SKIP_NONE, SKIP_BREAK, SKIP_CONTINUE };

struct variable {
	struct str name;
	json_t *value;
};

struct render {
	const char *text;
	const char *at;      /* cursor */
	json_t *root;
	struct template_pool pool;
	struct buf *out;
	bool row;            /* unknown keys of the root are errors */
	bool off;            /* walking a branch not taken */
	enum skip skip;      /* walking to the end of a loop's body */
	int loops;           /* we are in */
	int depth;
	size_t work;
	struct variable variables[MAX_VARIABLES];
	size_t n_variables;
	struct err *e;
};

static void value_free(json_t **j)
{
	json_decref(*j);
}

static bool is_off(const struct render *t)
{
	return t->off || t->skip != SKIP_NONE;
}

/* ---- errors ---- */

static int line_of(const struct render *t, const char *at, int *ret_column)
{
	int line = 1;

	*ret_column = 0;
	for (const char *p = t->text; p < at; p++, ++*ret_column) {
		if (*p == '\n') {
			line++;
			*ret_column = -1;
		}
	}
	return line;
}

static int fail(struct render *t, const char *what)
{
	int column;

	return err_set(t->e, ERR_INVALID, "template parsing error: template: :%d: %s", line_of(t, t->at, &column), what);
}

static int fail_at(struct render *t, const char *what, struct str word)
{
	int column;

	return err_set(t->e, ERR_INVALID, "template parsing error: template: :%d: %s \"%.*s\"", line_of(t, t->at, &column), what,
		word.n > 40 ? 40 : (int)word.n, word.p);
}

/* What went wrong with the value of the expression that stands from @from to the cursor. */
static int fail_value(struct render *t, const char *from, const char *why)
{
	int column, line = line_of(t, from, &column), n = t->at - from > 40 ? 40 : (int)(t->at - from);

	return err_set(t->e, ERR_INVALID, "template: :%d:%d: executing \"\" at <%.*s>: %s", line, column, n, from, why);
}

static int work_count(struct render *t)
{
	return ++t->work > MAX_WORK ? fail(t, "loops go on and on") : 0;
}

/* ---- operands ---- */

static void skip_blanks(struct render *t)
{
	while (isspace((unsigned char)*t->at))
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

static struct str read_word(struct render *t)
{
	const char *start = t->at;

	while (is_word_char(*t->at))
		t->at++;
	return (struct str){ start, (size_t)(t->at - start) };
}

static int key_unknown(struct render *t, const char *from, struct str name)
{
	scoped_buf struct buf b = BUF(LIMIT_LOG_RECORD);
	const char *key;
	json_t *v;

	buf_printf(&b, "can't evaluate field %.*s; there are", name.n > 40 ? 40 : (int)name.n, name.p);
	json_object_foreach(t->root, key, v)
		buf_printf(&b, " .%s", key);
	return fail_value(t, from, buf_text(&b));
}

/* ".A.B" from @from on; a missing key is null. */
static int read_path(struct render *t, json_t *from, json_t **ret)
{
	const char *start = t->at;

	while (*t->at == '.') {
		json_t *next = NULL;
		struct str name;

		t->at++;
		name = read_word(t);
		if (name.n == 0) {
			if (t->at != start + 1)
				return fail(t, "unexpected <.> in operand");
			break;
		}
		if (json_is_object(from))
			next = json_object_getn(from, name.p, name.n);
		else if (!json_is_null(from) && !is_off(t))
			return fail_value(t, start, "can't evaluate field in a value that has none");
		if (!next && t->row && from == t->root && !is_off(t))
			return key_unknown(t, start, name);
		from = next ? next : json_null();
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
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
		}
		buf_add_char(&b, c);
	}
	if (*t->at != quote)
		return fail(t, quote == '`' ? "unterminated raw quoted string" : "unterminated quoted string");
	t->at++;
	*ret = template_text(&t->pool, buf_str(&b));
	return 0;
}

static int read_number(struct render *t, json_t **ret)
{
	const char *start = t->at;
	char *end;
	long long integer = strtoll(start, &end, 0);

	if (*end == '.' || *end == 'e' || *end == 'E')
		*ret = template_keep(&t->pool, json_real(strtod(start, &end)));
	else
		*ret = template_keep(&t->pool, json_integer(integer));
	t->at = end;
	return is_word_char(*end) ? fail_at(t, "bad number syntax:", (struct str){ start, (size_t)(end - start) + 1 }) : 0;
}

static struct variable *variable_find(struct render *t, struct str name)
{
	for (size_t i = t->n_variables; i-- > 0;)
		if (str_eq(t->variables[i].name, name))
			return &t->variables[i];
	return NULL;
}

/* "$" is the document, "$name" a variable; each may be followed by a path. */
static int read_variable(struct render *t, json_t **ret)
{
	const char *start = t->at++;
	struct str name = read_word(t);
	struct variable *v = variable_find(t, name);

	if (name.n > 0 && !v)
		return fail_at(t, "undefined variable", (struct str){ start, name.n + 1 });
	return read_path(t, v ? v->value : t->root, ret);
}

static int read_pipeline(struct render *t, json_t *dot, json_t **ret);

static int read_parentheses(struct render *t, json_t *dot, json_t **ret)
{
	int r;

	if (++t->depth > MAX_NESTING)
		return fail(t, "nested too deep");
	t->at++;
	r = read_pipeline(t, dot, ret);
	t->depth--;
	if (r < 0)
		return r;
	if (*t->at != ')')
		return fail(t, "unclosed left paren");
	t->at++;
	return read_path(t, *ret, ret);
}

/* Functions without arguments may stand as one: printf "%d" (len .X) needs parentheses, true and nil do not. */
static int read_constant(struct render *t, json_t **ret)
{
	const char *start = t->at;
	struct str word = read_word(t);

	if (str_is(word, "true") || str_is(word, "false")) {
		*ret = json_boolean(*start == 't');
		return 0;
	}
	if (str_is(word, "nil")) {
		*ret = json_null();
		return 0;
	}
	t->at = start;
	return 0;
}

/* One operand; *ret NULL if there is none here. */
static int read_operand(struct render *t, json_t *dot, json_t **ret)
{
	skip_blanks(t);
	*ret = NULL;
	if (*t->at == '.' && isdigit((unsigned char)t->at[1]))
		return read_number(t, ret);
	if (*t->at == '.')
		return read_path(t, dot, ret);
	if (*t->at == '$')
		return read_variable(t, ret);
	if (*t->at == '"' || *t->at == '`')
		return read_quoted(t, ret);
	if (isdigit((unsigned char)*t->at) || ((*t->at == '-' || *t->at == '+') && isdigit((unsigned char)t->at[1])))
		return read_number(t, ret);
	if (*t->at == '(')
		return read_parentheses(t, dot, ret);
	return isalpha((unsigned char)*t->at) ? read_constant(t, ret) : 0;
}

/* ---- commands and pipelines ---- */

static int read_args(struct render *t, json_t *dot, json_t **v, size_t *n)
{
	for (;;) {
		json_t *arg;
		int r = read_operand(t, dot, &arg);

		if (r < 0 || !arg)
			return r;
		if (*n == TEMPLATE_MAX_ARGS)
			return fail(t, "too many arguments");
		v[(*n)++] = arg;
	}
}

static int read_call(struct render *t, json_t *dot, json_t *piped, json_t **ret)
{
	json_t *v[TEMPLATE_MAX_ARGS + 1];
	const char *start = t->at;
	struct str name = read_word(t);
	const struct template_function *f = template_function_find(name);
	struct err why;
	size_t n = 0;
	int r;

	if (!f) {
		int column, line = line_of(t, start, &column);

		return err_set(t->e, ERR_INVALID, "template parsing error: template: :%d: function \"%.*s\" not defined", line,
			name.n > 40 ? 40 : (int)name.n, name.p);
	}
	r = read_args(t, dot, v, &n);
	if (r < 0)
		return r;
	if (piped)
		v[n++] = piped;
	*ret = json_null();
	if (is_off(t) || template_call(f, &t->pool, v, n, ret, &why) == 0)
		return 0;
	return fail_value(t, start, why.msg);
}

/* A call or an operand; @piped (or NULL) becomes the last argument. */
static int read_command(struct render *t, json_t *dot, json_t *piped, json_t **ret)
{
	const char *start;
	json_t *extra;
	int r;

	skip_blanks(t);
	start = t->at;
	r = read_operand(t, dot, ret);
	if (r < 0)
		return r;
	if (!*ret && isalpha((unsigned char)*t->at))
		return read_call(t, dot, piped, ret);
	if (!*ret)
		return *t->at ? fail(t, at_close(t) ? "missing value for command" : "unexpected text in command") : fail(t, "unclosed action");
	r = piped ? 0 : read_operand(t, dot, &extra);
	if (r < 0)
		return r;
	if (piped || extra)
		return fail_value(t, start, "can't give argument to what is no function");
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

/* ---- variables ---- */

static int variable_declare(struct render *t, struct str name, json_t *value)
{
	if (t->n_variables == MAX_VARIABLES)
		return fail(t, "too many variables");
	t->variables[t->n_variables++] = (struct variable){ name, value };
	return 0;
}

/* "$x :=", "$x =", "$i, $x :=" before a pipeline. Returns how many names there are; 0 leaves the cursor where it was. */
static size_t read_declaration(struct render *t, struct str names[2], bool *ret_new)
{
	const char *start = t->at;
	size_t n = 0;

	skip_blanks(t);
	while (*t->at == '$' && n < 2) {
		t->at++;
		names[n++] = read_word(t);
		skip_blanks(t);
		if (*t->at != ',' || n == 2)
			break;
		t->at++;
		skip_blanks(t);
	}
	*ret_new = strncmp(t->at, ":=", 2) == 0;
	if (n > 0 && names[0].n > 0 && (*ret_new || (*t->at == '=' && n == 1))) {
		t->at += *ret_new ? 2 : 1;
		return n;
	}
	t->at = start;
	return 0;
}

static int variable_set(struct render *t, struct str name, bool is_new, json_t *value)
{
	struct variable *v = is_new ? NULL : variable_find(t, name);

	if (is_new)
		return variable_declare(t, name, value);
	if (!v)
		return fail_at(t, "undefined variable", name);
	if (!is_off(t))
		v->value = value;
	return 0;
}

/* ---- text and actions ---- */

static void put_text(struct render *t, const char *from, const char *to)
{
	if (!is_off(t) && to > from)
		buf_add(t->out, from, (size_t)(to - from));
}

static int read_close(struct render *t)
{
	skip_blanks(t);
	if (!*t->at)
		return fail(t, "unclosed action");
	if (!at_close(t))
		return fail_at(t, "unexpected text in command:", (struct str){ t->at, strcspn(t->at, " }") });
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

/* How a body ended. After ENDING_ELSE_IF and _WITH the cursor stands before the pipeline. */
enum ending { ENDING_TEXT, ENDING_ELSE, ENDING_ELSE_IF, ENDING_ELSE_WITH, ENDING_END };

static int render_until(struct render *t, json_t *dot, enum ending *ret);

/* A block's body with output on or off. What it declares is gone after it. */
static int render_body(struct render *t, json_t *dot, bool take, enum ending *ret)
{
	size_t n_variables = t->n_variables;
	bool was_off = t->off;
	int r;

	t->off |= !take;
	r = render_until(t, dot, ret);
	t->off = was_off;
	t->n_variables = n_variables;
	return r == 0 && *ret == ENDING_TEXT ? fail(t, "unexpected EOF") : r;
}

/* The pipeline of if and with, up to the closing braces. */
static int read_condition(struct render *t, json_t *dot, json_t **ret)
{
	struct str names[2];
	bool is_new;
	size_t n = read_declaration(t, names, &is_new);
	int r;

	if (n == 2)
		return fail(t, "too many declarations");
	r = read_pipeline(t, dot, ret);
	if (r == 0 && n == 1)
		r = variable_set(t, names[0], is_new, *ret);
	return r < 0 ? r : read_close(t);
}

/* if and with, and all their else branches: the first whose condition holds is shown. */
static int render_branches(struct render *t, json_t *dot, bool is_with)
{
	size_t n_variables = t->n_variables;
	bool done = false, take;
	enum ending ending;
	json_t *value;
	int r;

	for (;;) {
		r = read_condition(t, dot, &value);
		if (r < 0)
			return r;
		take = !done && template_is_true(value);
		done |= take;
		r = render_body(t, is_with ? value : dot, take, &ending);
		if (r < 0)
			return r;
		if (ending != ENDING_ELSE_IF && ending != ENDING_ELSE_WITH)
			break;
		is_with = ending == ENDING_ELSE_WITH;
	}
	if (ending == ENDING_ELSE)
		r = render_body(t, dot, !done, &ending);
	t->n_variables = n_variables;
	return r < 0 ? r : ending != ENDING_END ? fail(t, "unexpected {{else}}") : 0;
}

/* One turn of a loop. *ret_stop after {{break}}. */
static int render_turn(struct render *t, json_t *item, enum ending *ending, bool *ret_stop)
{
	int r = work_count(t);

	if (r == 0)
		r = render_body(t, item, true, ending);
	*ret_stop = t->skip == SKIP_BREAK;
	t->skip = SKIP_NONE;
	return r;
}

static int loop_declare(struct render *t, const struct str *names, size_t n, json_t *key, json_t *item)
{
	int r = n == 2 ? variable_declare(t, names[0], key) : 0;

	return r == 0 && n > 0 ? variable_declare(t, names[n - 1], item) : r;
}

static int render_turns(struct render *t, json_t *over, const struct str *names, size_t n, enum ending *ending, bool *ret_any, bool *ret_break)
{
	const char *body = t->at;
	size_t n_variables = t->n_variables;
	json_t *item, *key;
	bool stop = false;
	int r = 0;

	*ret_any = false;
	for (size_t i = 0; r == 0 && !stop && (item = template_each(&t->pool, over, i, &key)); i++) {
		t->at = body;
		*ret_any = true;
		r = loop_declare(t, names, n, key, item);
		if (r == 0)
			r = render_turn(t, item, ending, &stop);
		t->n_variables = n_variables;
	}
	*ret_break = stop;
	return r;
}

static int render_range(struct render *t, json_t *dot)
{
	const char *start = t->at;
	struct str names[2];
	bool is_new, any = false, stopped;
	size_t n = read_declaration(t, names, &is_new), n_variables = t->n_variables;
	enum ending ending = ENDING_END;
	json_t *over;
	int r = read_pipeline(t, dot, &over);

	if (r == 0 && !is_off(t) && !json_is_array(over) && !json_is_object(over) && !json_is_null(over))
		return fail_value(t, start, "range can't iterate over it");
	if (r == 0)
		r = read_close(t);
	if (r < 0)
		return r;
	t->loops++;
	if (!is_off(t))
		r = render_turns(t, over, names, n, &ending, &any, &stopped);
	if (r == 0 && !any) {
		/* Walked once without output, so that names in it are known and its end is found. */
		r = loop_declare(t, names, n, json_null(), json_null());
		if (r == 0)
			r = render_body(t, json_null(), false, &ending);
		t->n_variables = n_variables;
	}
	t->loops--;
	if (r == 0 && ending == ENDING_ELSE)
		r = render_body(t, dot, !any, &ending);
	return r < 0 ? r : ending != ENDING_END ? fail(t, "unexpected {{else}}") : 0;
}

/* {{break}} and {{continue}}: output is off until the loop's body ends. */
static int render_skip(struct render *t, enum skip skip)
{
	if (t->loops == 0)
		return fail(t, skip == SKIP_BREAK ? "{{break}} outside {{range}}" : "{{continue}} outside {{range}}");
	if (!is_off(t))
		t->skip = skip;
	return read_close(t);
}

static int render_else(struct render *t, enum ending *ret)
{
	*ret = take_word(t, "if") ? ENDING_ELSE_IF : take_word(t, "with") ? ENDING_ELSE_WITH : ENDING_ELSE;
	return *ret == ENDING_ELSE ? read_close(t) : 0;
}

/* A pipeline that is shown, or put into a variable. */
static int render_value(struct render *t, json_t *dot)
{
	struct str names[2];
	bool is_new;
	size_t n = read_declaration(t, names, &is_new);
	json_t *value;
	int r;

	if (n == 2)
		return fail(t, "too many declarations");
	r = read_pipeline(t, dot, &value);
	if (r == 0 && n == 1)
		r = variable_set(t, names[0], is_new, value);
	if (r == 0)
		r = read_close(t);
	if (r == 0 && n == 0 && !is_off(t))
		template_put(value, t->out);
	return r;
}

/* The inside of "{{…}}"; the cursor stands after the opening braces. */
static int render_action(struct render *t, json_t *dot, enum ending *ret)
{
	*ret = ENDING_TEXT;
	if (take_word(t, "end")) {
		*ret = ENDING_END;
		return read_close(t);
	}
	if (take_word(t, "else"))
		return render_else(t, ret);
	if (take_word(t, "if"))
		return render_branches(t, dot, false);
	if (take_word(t, "with"))
		return render_branches(t, dot, true);
	if (take_word(t, "range"))
		return render_range(t, dot);
	if (take_word(t, "break"))
		return render_skip(t, SKIP_BREAK);
	if (take_word(t, "continue"))
		return render_skip(t, SKIP_CONTINUE);
	return render_value(t, dot);
}

/* "/" and "*" after the braces, up to the closing ones. */
static int read_comment(struct render *t)
{
	const char *end = strstr(t->at + 2, "*/");

	if (!end)
		return fail(t, "unclosed comment");
	t->at = end + 2;
	return at_close(t) || isspace((unsigned char)*t->at) ? read_close(t) : fail(t, "comment ends before closing delimiter");
}

/* Text up to the next action, without the blanks that "{{- " takes away. False at the end. */
static bool render_text(struct render *t)
{
	const char *open = strstr(t->at, "{{"), *end = open ? open : t->at + strlen(t->at);
	bool trim = open && open[2] == '-' && isspace((unsigned char)open[3]);

	while (trim && end > t->at && isspace((unsigned char)end[-1]))
		end--;
	put_text(t, t->at, end);
	t->at = !open ? end : open + (trim ? 4 : 2);
	return open != NULL;
}

static int render_until(struct render *t, json_t *dot, enum ending *ret)
{
	int r = 0;

	*ret = ENDING_TEXT;
	if (++t->depth > MAX_NESTING)
		return fail(t, "nested too deep");
	while (r == 0 && *ret == ENDING_TEXT && render_text(t)) {
		r = work_count(t);
		skip_blanks(t);
		if (r == 0)
			r = strncmp(t->at, "/*", 2) == 0 ? read_comment(t) : render_action(t, dot, ret);
	}
	t->depth--;
	return r;
}

/* ---- the interface ---- */

static int render(const char *text, struct str json, bool row, struct buf *out, struct err *e)
{
	SCOPED(value_free) json_t *root = json_loadb(json.p, json.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	SCOPED(value_free) json_t *pool = json_array();
	struct render t = { .text = text, .at = text, .root = root, .pool = { pool }, .row = row, .out = out, .e = e };
	enum ending ending;
	int r;

	if (!root)
		return err_set(e, ERR_INTERNAL, "template: the document is no JSON");
	r = render_until(&t, root, &ending);
	if (r < 0)
		return r;
	if (ending != ENDING_TEXT)
		return fail(&t, ending == ENDING_END ? "unexpected {{end}}" : "unexpected {{else}}");
	return buf_is_full(out) ? err_set(e, ERR_EXHAUSTED, "template: the result is too long") : 0;
}

int template_render(const char *text, struct str json, struct buf *out, struct err *e)
{
	return render(text, json, false, out, e);
}

int template_render_row(const char *text, struct str json, struct buf *out, struct err *e)
{
	return render(text, json, true, out, e);
}
