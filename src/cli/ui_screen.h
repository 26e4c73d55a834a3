/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * ui_screen: what `tare ui` shows and hears, as text: one screen as bytes for an ANSI terminal, and keys out of bytes from it. Pure.
 *
 * Whatever a container, an image or a log says is made harmless on its way to the screen (base/text.h): it stands there and drives nothing.
 */
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

struct ui_row {
	const char *name, *status, *image, *ports;
};

struct ui_state {
	size_t rows, cols;           /* of the terminal */
	struct ui_row *list;
	size_t n;
	size_t selected;             /* < n, or 0 */
	const char *title;           /* of a text that is shown instead of the list; NULL: the list */
	struct strs lines;           /* of that text */
	size_t scroll;               /* its first line that is seen */
	const char *message;         /* last line of the screen; NULL: the keys */
};

enum ui_key_kind { UI_KEY_NONE, UI_KEY_CHAR, UI_KEY_UP, UI_KEY_DOWN, UI_KEY_PAGE_UP, UI_KEY_PAGE_DOWN, UI_KEY_HOME, UI_KEY_END, UI_KEY_ESCAPE };

struct ui_key {
	enum ui_key_kind kind;
	char c;                      /* of UI_KEY_CHAR; '\r' is Enter */
};

/* How many lines of a list or a text the screen holds. */
size_t ui_room(const struct ui_state *s);

/* Appends the whole screen. */
void ui_draw(const struct ui_state *s, struct buf *out);

/* Cuts the next key off *bytes. UI_KEY_NONE at the end and for what means nothing here. */
struct ui_key ui_key_next(struct str *bytes);

/* A line of a log for the screen: colours and other orders to terminals left out, the rest made harmless. In @a. */
char *ui_plain(struct str line, struct arena *a);
