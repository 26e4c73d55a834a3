/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/template_render.h"

#include <ctype.h>
#include <string.h>

/* ---- errors ---- */

int render_line(const struct render *t, const char *at, int *ret_column)
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

int render_fail(struct render *t, const char *what)
{
	int column;

	return err_set(t->e, ERR_INVALID, "template parsing error: template: :%d: %s", render_line(t, t->at, &column), what);
}

int render_fail_at(struct render *t, const char *what, struct str word)
{
	int column;

	return err_set(t->e, ERR_INVALID, "template parsing error: template: :%d: %s \"%.*s\"", render_line(t, t->at, &column), what,
		word.n > 40 ? 40 : (int)word.n, word.p);
}

int render_fail_value(struct render *t, const char *from, const char *why)
{
	int column, line = render_line(t, from, &column), n = t->at - from > 40 ? 40 : (int)(t->at - from);

	return err_set(t->e, ERR_INVALID, "template: :%d:%d: executing \"\" at <%.*s>: %s", line, column, n, from, why);
}

/* ---- the cursor ---- */

void render_blanks(struct render *t)
{
	while (isspace((unsigned char)*t->at))
		t->at++;
}

bool render_at_close(const struct render *t)
{
	return strncmp(t->at, "}}", 2) == 0 || strncmp(t->at, "-}}", 3) == 0;
}

bool render_is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

struct str render_word(struct render *t)
{
	const char *start = t->at;

	while (render_is_word_char(*t->at))
		t->at++;
	return (struct str){ start, (size_t)(t->at - start) };
}
