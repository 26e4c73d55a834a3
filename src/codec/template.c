/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The template is interpreted as it is read: a cursor walks the text, `range` sets it back for every element, and branches not taken are walked
 * with output off. Values are jansson's; whatever an expression makes is kept alive by the pool until the end.
 */
#include "codec/template.h"

#include <ctype.h>
#include <string.h>

#include "base/scope.h"
#include "codec/template_expression.h"

/* ---- text ---- */

static int work_count(struct render *t)
{
	return ++t->work > TEMPLATE_MAX_WORK ? render_fail(t, "loops go on and on") : 0;
}

static void put_text(struct render *t, const char *from, const char *to)
{
	if (!render_is_off(t) && to > from)
		buf_add(t->out, from, (size_t)(to - from));
}

static int read_close(struct render *t)
{
	render_blanks(t);
	if (!*t->at)
		return render_fail(t, "unclosed action");
	if (!render_at_close(t))
		return render_fail_at(t, "unexpected text in command:", (struct str){ t->at, strcspn(t->at, " }") });
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

	render_blanks(t);
	if (strncmp(t->at, word, n) != 0 || render_is_word_char(t->at[n]))
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
	return r == 0 && *ret == ENDING_TEXT ? render_fail(t, "unexpected EOF") : r;
}

/* The pipeline of if and with, up to the closing braces. */
static int read_condition(struct render *t, json_t *dot, json_t **ret)
{
	struct str names[2];
	bool is_new;
	size_t n = declaration_read(t, names, &is_new);
	int r;

	if (n == 2)
		return render_fail(t, "too many declarations");
	r = expression_read(t, dot, ret);
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
	return r < 0 ? r : ending != ENDING_END ? render_fail(t, "unexpected {{else}}") : 0;
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
	size_t n = declaration_read(t, names, &is_new), n_variables = t->n_variables;
	enum ending ending = ENDING_END;
	json_t *over;
	int r = expression_read(t, dot, &over);

	if (r == 0 && !render_is_off(t) && !json_is_array(over) && !json_is_object(over) && !json_is_null(over))
		return render_fail_value(t, start, "range can't iterate over it");
	if (r == 0)
		r = read_close(t);
	if (r < 0)
		return r;
	t->loops++;
	if (!render_is_off(t))
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
	return r < 0 ? r : ending != ENDING_END ? render_fail(t, "unexpected {{else}}") : 0;
}

/* {{break}} and {{continue}}: output is off until the loop's body ends. */
static int render_skip(struct render *t, enum skip skip)
{
	if (t->loops == 0)
		return render_fail(t, skip == SKIP_BREAK ? "{{break}} outside {{range}}" : "{{continue}} outside {{range}}");
	if (!render_is_off(t))
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
	size_t n = declaration_read(t, names, &is_new);
	json_t *value;
	int r;

	if (n == 2)
		return render_fail(t, "too many declarations");
	r = expression_read(t, dot, &value);
	if (r == 0 && n == 1)
		r = variable_set(t, names[0], is_new, value);
	if (r == 0)
		r = read_close(t);
	if (r == 0 && n == 0 && !render_is_off(t))
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
		return render_fail(t, "unclosed comment");
	t->at = end + 2;
	return render_at_close(t) || isspace((unsigned char)*t->at) ? read_close(t) : render_fail(t, "comment ends before closing delimiter");
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
	if (++t->depth > TEMPLATE_MAX_NESTING)
		return render_fail(t, "nested too deep");
	while (r == 0 && *ret == ENDING_TEXT && render_text(t)) {
		r = work_count(t);
		render_blanks(t);
		if (r == 0)
			r = strncmp(t->at, "/*", 2) == 0 ? read_comment(t) : render_action(t, dot, ret);
	}
	t->depth--;
	return r;
}

/* ---- the interface ---- */

static void value_free(json_t **j)
{
	json_decref(*j);
}

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
		return render_fail(&t, ending == ENDING_END ? "unexpected {{end}}" : "unexpected {{else}}");
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
