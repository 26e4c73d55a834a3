/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include "base/limits.h"
#include "base/text.h"
#include "base/vec.h"
#include "codec/json.h"
#include "codec/template.h"

enum { MIN_WIDTH = 10, GAP = 3 }; /* docker's settings */

const char **table_row(struct table *t)
{
	return vec_push(t->a, t)->v;
}

/* ---- aligned columns ---- */

/* Lines of cells, whatever they came from. */
struct grid {
	struct table_cells *v;
	size_t n, cap;
	size_t n_columns;
};

/* Columns a string takes on a terminal: code points, which is right for all but wide scripts. */
static size_t width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void grid_print(const struct grid *g, struct buf *out)
{
	size_t widths[TABLE_MAX_COLUMNS] = { 0 };

	for (size_t r = 0; r < g->n; r++) {
		for (size_t c = 0; c < g->n_columns; c++) {
			size_t w = g->v[r].v[c] ? width(g->v[r].v[c]) + GAP : 0;

			w = w < MIN_WIDTH ? MIN_WIDTH : w;
			widths[c] = w > widths[c] ? w : widths[c];
		}
	}
	for (size_t r = 0; r < g->n; r++) {
		for (size_t c = 0; c < g->n_columns && g->v[r].v[c]; c++) {
			const char *cell = g->v[r].v[c];

			buf_add_str(out, cell);
			if (c + 1 < g->n_columns && g->v[r].v[c + 1])
				buf_printf(out, "%*s", (int)(widths[c] - width(cell)), "");
		}
		buf_add_char(out, '\n');
	}
}

/* Cells may come from registries and images. */
static const char *cell_calm(const char *cell, struct arena *a)
{
	return !cell || text_is_calm(cell) ? cell : text_calm(arena_strdup(a, cell));
}

static void print_default(const struct table *t, struct buf *out)
{
	struct grid g = { 0 };

	for (size_t r = t->no_heading; r < t->n + 1; r++) {
		struct table_cells *line = vec_push(t->a, &g);
		size_t n = 0;

		for (size_t c = 0; c < t->n_columns; c++)
			if (t->columns[c].shown)
				line->v[n++] = r ? cell_calm(t->v[r - 1].v[c], t->a) : t->columns[c].heading;
		g.n_columns = n;
	}
	grid_print(&g, out);
}

/* ---- templates ---- */

/* A row as a JSON object; @cells NULL: the headings. */
static struct str row_json(const struct table *t, const struct table_cells *cells, bool aliases, struct buf *b)
{
	buf_clear(b);
	for (size_t c = 0; c < t->n_columns; c++) {
		const char *cell = cells ? cells->v[c] : t->columns[c].heading;

		if (t->columns[c].alias && !aliases)
			continue;
		buf_add_char(b, b->n ? ',' : '{');
		json_encode_string(str_of(t->columns[c].key), b);
		buf_add_char(b, ':');
		json_encode_string(str_of(cell ? cell : ""), b);
	}
	buf_add_char(b, '}');
	return buf_str(b);
}

/* The two characters \t and \n typed in single quotes mean what they mean to docker. */
static const char *unescape(const char *format, struct arena *a)
{
	char *out = arena_strdup(a, format), *to = out;

	for (const char *c = format; *c; c++) {
		if (c[0] == '\\' && (c[1] == 't' || c[1] == 'n'))
			*to++ = *++c == 't' ? '\t' : '\n';
		else
			*to++ = *c;
	}
	*to = '\0';
	return out;
}

void table_json(const struct table *t, struct buf *out)
{
	buf_add_char(out, '[');
	for (size_t r = 0; r < t->n; r++) {
		scoped_buf struct buf json = BUF(LIMIT_DOCUMENT);
		struct str object = row_json(t, &t->v[r], false, &json);

		if (r > 0)
			buf_add_char(out, ',');
		buf_add(out, object.p, object.n);
	}
	buf_add_char(out, ']');
}

static int render_row(const struct table *t, const char *format, const struct table_cells *cells, struct buf *out, struct err *e)
{
	scoped_buf struct buf json = BUF(LIMIT_DOCUMENT);

	return template_render_row(format, row_json(t, cells, true, &json), out, e);
}

static int print_columns(const struct table *t, const char *format, struct buf *out, struct err *e)
{
	struct grid g = { 0 };

	for (size_t r = t->no_heading; r < t->n + 1; r++) {
		scoped_buf struct buf text = BUF(LIMIT_DOCUMENT);
		struct table_cells *line;
		int ret = render_row(t, format, r ? &t->v[r - 1] : NULL, &text, e);
		struct str rest;
		size_t n = 0;

		if (ret < 0)
			return ret;
		line = vec_push(t->a, &g);
		rest = buf_str(&text);
		while (rest.p && n < TABLE_MAX_COLUMNS) {
			struct str cell = str_cut(rest, '\t', &rest);

			line->v[n++] = text_calm(arena_strndup(t->a, cell.p, cell.n));
		}
		g.n_columns = n > g.n_columns ? n : g.n_columns;
	}
	grid_print(&g, out);
	return 0;
}

int table_print(const struct table *t, const char *format, struct buf *out, struct err *e)
{
	const char *columns = format ? str_after(format, "table ") : NULL;

	if (!format || streq(format, "table")) {
		print_default(t, out);
		return 0;
	}
	if (columns)
		return print_columns(t, unescape(columns, t->a), out, e);
	if (streq(format, "{{json .}}"))
		format = "json";
	if (!streq(format, "json"))
		format = unescape(format, t->a);
	for (size_t r = 0; r < t->n; r++) {
		scoped_buf struct buf json = BUF(LIMIT_DOCUMENT);
		int ret = 0;

		if (streq(format, "json")) {
			struct str object = row_json(t, &t->v[r], false, &json);

			buf_add(out, object.p, object.n);
		} else {
			ret = render_row(t, format, &t->v[r], out, e);
		}
		if (ret < 0)
			return ret;
		buf_add_char(out, '\n');
	}
	return 0;
}
