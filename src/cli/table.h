/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * table: rows for people and for --format, as docker prints them.
 *
 * A command describes its columns once: the key people write in templates ({{.ID}}), the heading of the default table, whether that table shows it.
 * It fills one cell per column and row; table_print then makes aligned columns, JSON lines or rendered templates of the same cells.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { TABLE_MAX_COLUMNS = 24 };

struct table_column {
	const char *key;     /* "ID" */
	const char *heading; /* "CONTAINER ID" */
	bool shown;          /* in the default table */
	bool alias;          /* another word for templates (podman's): not in JSON */
};

struct table {
	struct arena *a;
	const struct table_column *columns;
	size_t n_columns;
	struct table_cells {
		const char *v[TABLE_MAX_COLUMNS];
	} *v;
	size_t n, cap;
	bool no_heading; /* the default table and 'table TEMPLATE' begin with the first row */
};

#define TABLE(arena, columns_) ((struct table){ .a = (arena), .columns = (columns_), .n_columns = sizeof(columns_) / sizeof *(columns_) })

/* Adds a row; the caller fills the returned cells (borrowed strings), one per column. */
const char **table_row(struct table *t);

/* Appends the rows as a JSON array of objects. */
void table_json(const struct table *t, struct buf *out);

/*
 * Prints by @format: NULL or "table": the default table; "json" (also "{{json .}}"): an object per row; "table TEMPLATE": headings and aligned columns split at tabs;
 * anything else is a template rendered per row. Errors: -EINVAL for a bad template.
 */
int table_print(const struct table *t, const char *format, struct buf *out, struct err *e);
