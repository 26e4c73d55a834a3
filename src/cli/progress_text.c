/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { BAR_MAX = 40, BAR_MIN = 8, SECOND_NS = 1000000000, SPEED_AFTER_NS = SECOND_NS / 2, TAIL_SIZE = 96, LINE_MAX = 512 };

static const char *const words[PULL_PHASE_COUNT] = {
	[PULL_WAITING] = "Waiting", [PULL_DOWNLOADING] = "Downloading", [PULL_UNPACKING] = "Unpacking",
	[PULL_DONE] = "Pull complete", [PULL_EXISTS] = "Already exists",
	[PUSH_WAITING] = "Waiting", [PUSH_SENDING] = "Pushing", [PUSH_DONE] = "Pushed",
	[PUSH_EXISTS] = "Layer already exists", [PUSH_MOUNTED] = "Mounted from another repository",
};

const char *progress_word(enum pull_phase phase)
{
	return words[phase];
}

bool progress_is_moving(enum pull_phase phase)
{
	return phase == PULL_DOWNLOADING || phase == PULL_UNPACKING || phase == PUSH_SENDING;
}

bool progress_is_final(enum pull_phase phase)
{
	return phase == PULL_DONE || phase == PULL_EXISTS || phase == PUSH_DONE || phase == PUSH_EXISTS || phase == PUSH_MOUNTED;
}

/* Bytes per second; 0 while that cannot be said yet. */
static uint64_t speed_of(uint64_t bytes, int64_t ns)
{
	return ns < SPEED_AFTER_NS ? 0 : (uint64_t)((double)bytes * SECOND_NS / (double)ns);
}

static void put_time(uint64_t seconds, char *out, size_t size)
{
	if (seconds < 60)
		snprintf(out, size, "%" PRIu64 "s", seconds);
	else if (seconds < 3600)
		snprintf(out, size, "%" PRIu64 "m%02" PRIu64 "s", seconds / 60, seconds % 60);
	else
		snprintf(out, size, "%" PRIu64 "h%02" PRIu64 "m", seconds / 3600, seconds / 60 % 60);
}

/* "12MB/45MB 8.2MB/s 4s" */
static void put_numbers(const struct progress_layer *l, int64_t now, char out[TAIL_SIZE])
{
	char current[TEXT_SIZE_SIZE], total[TEXT_SIZE_SIZE], text[TEXT_SIZE_SIZE], left[24];
	uint64_t speed = l->began && l->current > l->first ? speed_of(l->current - l->first, now - l->began) : 0;
	int n;

	text_size(l->current, current);
	text_size(l->total, total);
	n = snprintf(out, TAIL_SIZE, "%s/%s", current, total);
	if (!speed || l->current >= l->total)
		return;
	text_size(speed, text);
	put_time((l->total - l->current + speed - 1) / speed, left, sizeof left);
	snprintf(out + n, TAIL_SIZE - (size_t)n, " %s/s %s", text, left);
}

static void put_bar(const struct progress_layer *l, size_t width, struct buf *out)
{
	size_t fill = l->current >= l->total ? width : (size_t)((double)l->current / (double)l->total * (double)width);

	buf_add_char(out, '[');
	for (size_t i = 0; i < width; i++)
		buf_add_char(out, i < fill ? '=' : i == fill ? '>' : ' ');
	buf_add_str(out, "] ");
}

void progress_line(const struct progress_layer *l, int64_t now, size_t width, struct buf *out)
{
	scoped_buf struct buf line = BUF(LINE_MAX);
	char numbers[TAIL_SIZE] = "";
	size_t left;

	buf_printf(&line, "%s: %s", l->id, words[l->phase]);
	if (progress_is_moving(l->phase) && l->total) {
		put_numbers(l, now, numbers);
		left = line.n + 2 + strlen(numbers) + 3 < width ? width - line.n - 2 - strlen(numbers) - 3 : 0;
		buf_add_str(&line, "  ");
		if (left >= BAR_MIN)
			put_bar(l, left > BAR_MAX ? BAR_MAX : left, &line);
		buf_add_str(&line, numbers);
	}
	/* All of it is ASCII: a byte is a column. */
	buf_add(out, buf_text(&line), line.n < width ? line.n : width);
}

void progress_summary(const struct progress_layer *v, size_t n, struct buf *out)
{
	char size[TEXT_SIZE_SIZE], speed[TEXT_SIZE_SIZE];
	int64_t began = 0, ended = 0;
	uint64_t bytes = 0;
	size_t moved = 0;

	for (size_t i = 0; i < n; i++) {
		if (!v[i].began)
			continue;
		moved++;
		bytes += v[i].current > v[i].first ? v[i].current - v[i].first : 0;
		began = !began || v[i].began < began ? v[i].began : began;
		ended = v[i].ended > ended ? v[i].ended : ended;
	}
	if (moved == 0)
		return;
	text_size(bytes, size);
	buf_printf(out, "%zu layer%s, %s in %.1fs", moved, moved == 1 ? "" : "s", size, (double)(ended - began) / SECOND_NS);
	if (speed_of(bytes, ended - began)) {
		text_size(speed_of(bytes, ended - began), speed);
		buf_printf(out, " (%s/s)", speed);
	}
	if (moved < n)
		buf_printf(out, ", %zu already there", n - moved);
	buf_add_char(out, '\n');
}
