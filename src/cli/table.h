/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * table: aligned columns for people, as docker prints them: a heading in capitals, at least three blanks between columns.
 *
 *     struct table t = table_begin(a, "CONTAINER ID", "IMAGE", NULL);
 *     table_row(&t, id, image);
 *     table_print(&t, &out);
 */
#include "base/arena.h"
#include "base/buf.h"

enum { TABLE_MAX_COLUMNS = 12 };

struct table {
	struct arena *a;
	size_t n_columns;
	struct table_cells {
		const char *v[TABLE_MAX_COLUMNS];
	} *v;
	size_t n, cap;
};

/* Starts a table with headings (borrowed), ended by NULL. */
struct table table_begin(struct arena *a, ...) __attribute__((sentinel));

/* Adds a row of as many strings (borrowed) as there are columns. */
void table_row(struct table *t, ...);

void table_print(const struct table *t, struct buf *out);
