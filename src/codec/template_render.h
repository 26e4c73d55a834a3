/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * template_render: a rendering under way, with the cursor in its text. Shared by template.c, which walks the actions, and template_expression.c, which reads what
 * has a value. Private to codec/template*.
 */
#include <stdbool.h>

#include "base/err.h"
#include "codec/template_value.h"

/* Nesting bounds the stack; work bounds loops in loops, far above what a listing of thousands needs. */
enum { TEMPLATE_MAX_NESTING = 32, TEMPLATE_MAX_VARIABLES = 64, TEMPLATE_MAX_WORK = 4 * 1024 * 1024 };

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
	struct variable variables[TEMPLATE_MAX_VARIABLES];
	size_t n_variables;
	struct err *e;
};

/* Whether nothing is shown, and so nothing can be wrong with values. */
static inline bool render_is_off(const struct render *t)
{
	return t->off || t->skip != SKIP_NONE;
}

/* ---- errors, in Go's words ---- */

/* The line of @at, from 1, and its column, from 0. */
int render_line(const struct render *t, const char *at, int *ret_column);

/* The text is wrong at the cursor. @word is quoted behind @what. */
int render_fail(struct render *t, const char *what);
int render_fail_at(struct render *t, const char *what, struct str word);

/* What went wrong with the value of the expression that stands from @from to the cursor. */
int render_fail_value(struct render *t, const char *from, const char *why);

/* ---- the cursor ---- */

void render_blanks(struct render *t);
bool render_is_word_char(char c);

/* Letters, digits and underscores; may be none. */
struct str render_word(struct render *t);

/* Whether it stands before "}}" or "-}}". */
bool render_at_close(const struct render *t);
