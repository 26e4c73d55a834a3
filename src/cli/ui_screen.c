/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ui_screen.h"

#include <string.h>

#include "base/text.h"
#include "base/vec.h"

#define ESC "\033"
#define KEYS_LIST "arrows: choose  l: log  i: explain  e: shell  s: stop  S: start  r: restart  p: pause  u: unpause  D: remove  q: quit"
#define KEYS_TEXT "arrows, page keys: scroll  q, Escape: back"

enum { FRAME = 3 };                  /* lines that are no content: heading, titles, last line */

/* ---- text that fits ----------------------------------------------------------------------------------------------------------------------------- */

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Exactly @width columns of @text, calm; a character is taken for one column. */
static void put_cell(const char *text, size_t width, struct buf *out)
{
	scoped_arena struct arena a = { 0 };
	char *calm = text_calm(arena_strdup(&a, text ? text : ""));
	size_t columns = 0, n = 0;

	for (; calm[n] && (columns < width || is_continuation(calm[n])); n++)
		columns += !is_continuation(calm[n]);
	buf_add(out, calm, n);
	for (; columns < width; columns++)
		buf_add_char(out, ' ');
}

char *ui_plain(struct str line, struct arena *a)
{
	char *text = arena_alloc(a, line.n + 1), *to = text;

	for (size_t i = 0; i < line.n; i++) {
		/* ESC [ parameters letter */
		if (line.p[i] == '\033' && i + 1 < line.n && line.p[i + 1] == '[') {
			for (i += 2; i < line.n && (line.p[i] < '@' || line.p[i] > '~'); i++)
				;
			continue;
		}
		if (line.p[i] && line.p[i] != '\r')
			*to++ = line.p[i];
	}
	*to = '\0';
	return text_calm(text);
}

/* ---- the screen ----------------------------------------------------------------------------------------------------------------------------------- */

/* Columns of the list; the last ones go first when there is no room. */
static const struct column {
	const char *heading;
	size_t width, offset;
} columns[] = {
	{ "NAME", 22, offsetof(struct ui_row, name) },
	{ "STATUS", 30, offsetof(struct ui_row, status) },
	{ "IMAGE", 28, offsetof(struct ui_row, image) },
	{ "PORTS", 40, offsetof(struct ui_row, ports) },
};

/* One line of the list: headings if @row is NULL. */
static void put_row(const struct ui_row *row, size_t cols, struct buf *out)
{
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_LEN(columns) && used < cols; i++) {
		const char *const *cell = row ? (const void *)((const char *)row + columns[i].offset) : &columns[i].heading;
		size_t width = columns[i].width < cols - used ? columns[i].width : cols - used;

		/* A blank between columns, not behind the last one. */
		put_cell(*cell, width > 1 ? width - 1 : width, out);
		if (width > 1)
			buf_add_char(out, ' ');
		used += width;
	}
	for (; used < cols; used++)
		buf_add_char(out, ' ');
}

static void go_to(size_t line, struct buf *out)
{
	buf_printf(out, ESC "[%zu;1H", line);
}

size_t ui_room(const struct ui_state *s)
{
	return s->rows > FRAME ? s->rows - FRAME : 1;
}

static void draw_list(const struct ui_state *s, struct buf *out)
{
	size_t room = ui_room(s), first = s->selected >= room ? s->selected - room + 1 : 0;

	go_to(2, out);
	buf_add_str(out, ESC "[1m");
	put_row(NULL, s->cols, out);
	buf_add_str(out, ESC "[0m");
	for (size_t k = 0; k < room; k++) {
		static const struct ui_row nothing;
		size_t i = first + k;

		go_to(3 + k, out);
		if (i < s->n && i == s->selected)
			buf_add_str(out, ESC "[7m");
		put_row(i < s->n ? &s->list[i] : &nothing, s->cols, out);
		buf_add_str(out, ESC "[0m");
	}
}

static void draw_text(const struct ui_state *s, struct buf *out)
{
	size_t room = ui_room(s) + 1;

	for (size_t k = 0; k < room; k++) {
		go_to(2 + k, out);
		put_cell(s->scroll + k < s->lines.n ? s->lines.v[s->scroll + k] : "", s->cols, out);
	}
}

void ui_draw(const struct ui_state *s, struct buf *out)
{
	scoped_arena struct arena a = { 0 };

	buf_add_str(out, ESC "[H" ESC "[7m");
	put_cell(s->title ? s->title : arena_printf(&a, " tare: %zu containers", s->n), s->cols, out);
	buf_add_str(out, ESC "[0m");
	if (s->title)
		draw_text(s, out);
	else
		draw_list(s, out);
	go_to(s->rows, out);
	put_cell(s->message ? s->message : s->title ? KEYS_TEXT : KEYS_LIST, s->cols ? s->cols - 1 : 0, out);
}

/* ---- keys ------------------------------------------------------------------------------------------------------------------------------------------ */

static const struct sequence {
	const char *bytes;
	enum ui_key_kind kind;
} sequences[] = {
	{ ESC "[A", UI_KEY_UP }, { ESC "OA", UI_KEY_UP }, { ESC "[B", UI_KEY_DOWN }, { ESC "OB", UI_KEY_DOWN }, { ESC "[5~", UI_KEY_PAGE_UP },
	{ ESC "[6~", UI_KEY_PAGE_DOWN }, { ESC "[H", UI_KEY_HOME }, { ESC "OH", UI_KEY_HOME }, { ESC "[1~", UI_KEY_HOME }, { ESC "[F", UI_KEY_END },
	{ ESC "OF", UI_KEY_END }, { ESC "[4~", UI_KEY_END },
};

struct ui_key ui_key_next(struct str *bytes)
{
	size_t n = 1;
	char c;

	if (!bytes->n)
		return (struct ui_key){ UI_KEY_NONE, 0 };
	for (size_t i = 0; i < ARRAY_LEN(sequences); i++) {
		n = strlen(sequences[i].bytes);
		if (bytes->n >= n && memcmp(bytes->p, sequences[i].bytes, n) == 0) {
			*bytes = (struct str){ bytes->p + n, bytes->n - n };
			return (struct ui_key){ sequences[i].kind, 0 };
		}
	}
	c = bytes->p[0];
	n = 1;
	if (c == '\033' && bytes->n > 1) {
		/* A key that we do not know: over with all of it. */
		for (n = 2; n < bytes->n && (bytes->p[n] < '@' || bytes->p[n] > '~'); n++)
			;
		n = n < bytes->n ? n + 1 : n;
		*bytes = (struct str){ bytes->p + n, bytes->n - n };
		return (struct ui_key){ UI_KEY_NONE, 0 };
	}
	*bytes = (struct str){ bytes->p + 1, bytes->n - 1 };
	return c == '\033' ? (struct ui_key){ UI_KEY_ESCAPE, 0 } : (struct ui_key){ UI_KEY_CHAR, c };
}
