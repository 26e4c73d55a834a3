/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <stdarg.h>

#include "base/vec.h"

enum { MIN_WIDTH = 10, GAP = 3 }; /* docker's tabwriter settings */

struct table table_begin(struct arena *a, ...)
{
	struct table t = { .a = a };
	struct table_cells heading = { 0 };
	const char *s;
	va_list ap;

	va_start(ap, a);
	while ((s = va_arg(ap, const char *)) && t.n_columns < TABLE_MAX_COLUMNS)
		heading.v[t.n_columns++] = s;
	va_end(ap);
	*vec_push(a, &t) = heading;
	return t;
}

void table_row(struct table *t, ...)
{
	struct table_cells cells = { 0 };
	va_list ap;

	va_start(ap, t);
	for (size_t i = 0; i < t->n_columns; i++)
		cells.v[i] = va_arg(ap, const char *);
	va_end(ap);
	*vec_push(t->a, t) = cells;
}

/* Columns a string takes on a terminal: code points, which is right for all but wide scripts. */
static size_t width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

void table_print(const struct table *t, struct buf *out)
{
	size_t widths[TABLE_MAX_COLUMNS] = { 0 };

	for (size_t r = 0; r < t->n; r++) {
		for (size_t c = 0; c < t->n_columns; c++) {
			size_t w = width(t->v[r].v[c]) + GAP;

			w = w < MIN_WIDTH ? MIN_WIDTH : w;
			widths[c] = w > widths[c] ? w : widths[c];
		}
	}
	for (size_t r = 0; r < t->n; r++) {
		for (size_t c = 0; c < t->n_columns; c++) {
			const char *cell = t->v[r].v[c];

			buf_add_str(out, cell);
			if (c + 1 < t->n_columns)
				buf_printf(out, "%*s", (int)(widths[c] - width(cell)), "");
		}
		buf_add_char(out, '\n');
	}
}
