/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * line: cuts a stream of bytes into pieces of lines, for logs.
 *
 * A piece is a whole line with its '\n', or LIMIT_LOG_LINE bytes of a longer one (a few less where a UTF-8 character would be torn), or, at the
 * end of the stream, what never got its '\n'. Bytes of an unfinished line wait inside. Life cycle: zeroed is ready; nothing to free.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/str.h"

struct line {
	size_t n;
	bool parted;               /* a piece of the current line went out already */
	char held[LIMIT_LOG_LINE]; /* untouched memory costs nothing: short lines pass without a copy */
};

/* Hears a piece; @end: the line ends with it. */
typedef void (*line_fn)(void *arg, struct str piece, bool end);

void line_feed(struct line *l, struct str in, line_fn fn, void *arg);

/* The stream ended: what is held becomes the last piece. After parts with nothing held that piece is empty. */
void line_finish(struct line *l, line_fn fn, void *arg);
