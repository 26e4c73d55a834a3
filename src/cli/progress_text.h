/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * progress_text: what progress shows, as text: a line per layer that fits the terminal, and one about all of them at the end. Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "image/moving/pull_options.h"

struct progress_layer {
	char id[13];
	enum pull_phase phase, said; /* @said: the last phase a plain line told */
	uint64_t current, total;
	uint64_t first;              /* what was there when it began to move */
	int64_t began, ended;        /* when, in nanoseconds; 0: not yet */
};

bool progress_is_moving(enum pull_phase phase);
bool progress_is_final(enum pull_phase phase);

/* "c5b2…: Downloading", with a bar, sizes, speed and time left while it moves; at most @width columns, no line end. */
void progress_line(const struct progress_layer *l, int64_t now, size_t width, struct buf *out);

/* "4 layers, 73.1MB in 2.3s (31.8MB/s), 1 already there"; nothing if no layer moved. With line end. */
void progress_summary(const struct progress_layer *v, size_t n, struct buf *out);

/* The word for a phase. */
const char *progress_word(enum pull_phase phase);
