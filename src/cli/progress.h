/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * progress: how pulls and loads show what they do: a line per layer with bar, speed and time left that is redrawn on a
 * terminal, plain lines elsewhere, then one line about all of them; nothing with -q.
 */
#include "base/arena.h"
#include "image/moving/pull.h"

struct progress;

/* Makes a display on @fd; the terminal decides between redrawn and plain lines. Returns owned by @a. @fd -EBADF: quiet. */
struct progress *progress_new(struct arena *a, int fd);

/* Sets the callbacks of @o to this display. */
void progress_connect(struct progress *p, struct pull_options *o);
