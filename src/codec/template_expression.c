/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/template_expression.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/scope.h"
#include "codec/template_functions.h"

/* ---- variables ---- */

static struct variable *variable_find(struct render *t, struct str name)
{
	for (size_t i = t->n_variables; i-- > 0;)
		if (str_eq(t->variables[i].name, name))
			return &t->variables[i];
	return NULL;
}

int variable_declare(struct render *t, struct str name, json_t *value)
{
	if (t->n_variables == TEMPLATE_MAX_VARIABLES)
		return render_fail(t, "too many variables");
	t->variables[t->n_variables++] = (struct variable){ name, value };
	return 0;
}

size_t declaration_read(struct render *t, struct str names[2], bool *ret_new)
{
	const char *start = t->at;
	size_t n = 0;

	render_blanks(t);
	while (*t->at == '$' && n < 2) {
		t->at++;
		names[n++] = render_word(t);
		render_blanks(t);
		if (*t->at != ',' || n == 2)
			break;
		t->at++;
		render_blanks(t);
	}
	*ret_new = strncmp(t->at, ":=", 2) == 0;
	if (n > 0 && names[0].n > 0 && (*ret_new || (*t->at == '=' && n == 1))) {
		t->at += *ret_new ? 2 : 1;
		return n;
	}
	t->at = start;
	return 0;
}

int variable_set(struct render *t, struct str name, bool is_new, json_t *value)
{
	struct variable *v = is_new ? NULL : variable_find(t, name);

	if (is_new)
		return variable_declare(t, name, value);
	if (!v)
		return render_fail_at(t, "undefined variable", name);
	if (!render_is_off(t))
		v->value = value;
	return 0;
}

/* ---- operands ---- */

static int key_unknown(struct render *t, const char *from, struct str name)
{
	scoped_buf struct buf b = BUF(LIMIT_LOG_RECORD);
	const char *key;
	json_t *v;

	buf_printf(&b, "can't evaluate field %.*s; there are", name.n > 40 ? 40 : (int)name.n, name.p);
	json_object_foreach(t->root, key, v)
		buf_printf(&b, " .%s", key);
	return render_fail_value(t, from, buf_text(&b));
}

/* ".A.B" from @from on; a missing key is null. */
static int read_path(struct render *t, json_t *from, json_t **ret)
{
	const char *start = t->at;

	while (*t->at == '.') {
		json_t *next = NULL;
		struct str name;

		t->at++;
		name = render_word(t);
		if (name.n == 0) {
			if (t->at != start + 1)
				return render_fail(t, "unexpected <.> in operand");
			break;
		}
		if (json_is_object(from))
			next = json_object_getn(from, name.p, name.n);
		else if (!json_is_null(from) && !render_is_off(t))
			return render_fail_value(t, start, "can't evaluate field in a value that has none");
		if (!next && t->row && from == t->root && !render_is_off(t))
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
		return render_fail(t, quote == '`' ? "unterminated raw quoted string" : "unterminated quoted string");
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
	return render_is_word_char(*end) ? render_fail_at(t, "bad number syntax:", (struct str){ start, (size_t)(end - start) + 1 }) : 0;
}

/* "$" is the document, "$name" a variable; each may be followed by a path. */
static int read_variable(struct render *t, json_t **ret)
{
	const char *start = t->at++;
	struct str name = render_word(t);
	struct variable *v = variable_find(t, name);

	if (name.n > 0 && !v)
		return render_fail_at(t, "undefined variable", (struct str){ start, name.n + 1 });
	return read_path(t, v ? v->value : t->root, ret);
}

static int read_parentheses(struct render *t, json_t *dot, json_t **ret)
{
	int r;

	if (++t->depth > TEMPLATE_MAX_NESTING)
		return render_fail(t, "nested too deep");
	t->at++;
	r = expression_read(t, dot, ret);
	t->depth--;
	if (r < 0)
		return r;
	if (*t->at != ')')
		return render_fail(t, "unclosed left paren");
	t->at++;
	return read_path(t, *ret, ret);
}

/* Functions without arguments may stand as one: printf "%d" (len .X) needs parentheses, true and nil do not. */
static int read_constant(struct render *t, json_t **ret)
{
	const char *start = t->at;
	struct str word = render_word(t);

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
	render_blanks(t);
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
			return render_fail(t, "too many arguments");
		v[(*n)++] = arg;
	}
}

static int read_call(struct render *t, json_t *dot, json_t *piped, json_t **ret)
{
	json_t *v[TEMPLATE_MAX_ARGS + 1];
	const char *start = t->at;
	struct str name = render_word(t);
	const struct template_function *f = template_function_find(name);
	struct err why;
	size_t n = 0;
	int r;

	if (!f) {
		int column, line = render_line(t, start, &column);

		return err_set(t->e, ERR_INVALID, "template parsing error: template: :%d: function \"%.*s\" not defined", line,
			name.n > 40 ? 40 : (int)name.n, name.p);
	}
	r = read_args(t, dot, v, &n);
	if (r < 0)
		return r;
	if (piped)
		v[n++] = piped;
	*ret = json_null();
	if (render_is_off(t) || template_call(f, &t->pool, v, n, ret, &why) == 0)
		return 0;
	return render_fail_value(t, start, why.msg);
}

/* A call or an operand; @piped (or NULL) becomes the last argument. */
static int read_command(struct render *t, json_t *dot, json_t *piped, json_t **ret)
{
	const char *start;
	json_t *extra;
	int r;

	render_blanks(t);
	start = t->at;
	r = read_operand(t, dot, ret);
	if (r < 0)
		return r;
	if (!*ret && isalpha((unsigned char)*t->at))
		return read_call(t, dot, piped, ret);
	if (!*ret)
		return *t->at ? render_fail(t, render_at_close(t) ? "missing value for command" : "unexpected text in command") : render_fail(t, "unclosed action");
	r = piped ? 0 : read_operand(t, dot, &extra);
	if (r < 0)
		return r;
	if (piped || extra)
		return render_fail_value(t, start, "can't give argument to what is no function");
	return 0;
}

int expression_read(struct render *t, json_t *dot, json_t **ret)
{
	json_t *value = NULL;

	for (;;) {
		int r = read_command(t, dot, value, &value);

		if (r < 0)
			return r;
		render_blanks(t);
		if (*t->at != '|')
			break;
		t->at++;
	}
	*ret = value;
	return 0;
}
