/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

enum {
	BAR_WIDTH = 40,
	LINE_MAX_BYTES = 512,
	REDRAW_NS = 100 * 1000 * 1000, /* ten pictures a second are enough for eyes */
};

struct layer {
	char id[13];
	enum pull_phase phase, said; /* @said: the last phase a plain line told */
	uint64_t current, total;
};

struct progress {
	struct arena *a;
	int fd;
	bool live;
	struct layer *layers;
	size_t n, drawn;        /* @drawn: lines on the screen now */
	int64_t last_draw;
};

static const char *const phase_words[PULL_PHASE_COUNT] = {
	[PULL_WAITING] = "Waiting", [PULL_DOWNLOADING] = "Downloading", [PULL_UNPACKING] = "Unpacking",
	[PULL_DONE] = "Pull complete", [PULL_EXISTS] = "Already exists",
	[PUSH_WAITING] = "Waiting", [PUSH_SENDING] = "Pushing", [PUSH_DONE] = "Pushed",
	[PUSH_EXISTS] = "Layer already exists", [PUSH_MOUNTED] = "Mounted from another repository",
};

static bool is_moving(enum pull_phase phase)
{
	return phase == PULL_DOWNLOADING || phase == PULL_UNPACKING || phase == PUSH_SENDING;
}

struct progress *progress_new(struct arena *a, int fd)
{
	struct progress *p = arena_new(a, struct progress);

	p->a = a;
	p->fd = fd;
	p->live = fd >= 0 && isatty(fd);
	return p;
}

static void put(const struct progress *p, const struct buf *b)
{
	if (p->fd >= 0 && b->n && write(p->fd, buf_text(b), b->n) < 0)
		return; /* a display that went away is no reason to stop */
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void draw_layer(const struct layer *l, struct buf *b)
{
	char current[TEXT_SIZE_SIZE], total[TEXT_SIZE_SIZE], bar[BAR_WIDTH + 1];
	int fill;

	buf_printf(b, "\r\033[K%s: %s", l->id, phase_words[l->phase]);
	if (is_moving(l->phase) && l->total) {
		fill = (int)(l->current >= l->total ? BAR_WIDTH : l->current * BAR_WIDTH / l->total);
		memset(bar, ' ', BAR_WIDTH);
		memset(bar, '=', (size_t)fill);
		if (fill < BAR_WIDTH)
			bar[fill] = '>';
		bar[BAR_WIDTH] = '\0';
		text_size(l->current, current);
		text_size(l->total, total);
		buf_printf(b, "  [%s] %s/%s", bar, current, total);
	}
	buf_add_char(b, '\n');
}

static void draw(struct progress *p, bool must)
{
	scoped_buf struct buf b = BUF((p->n + 1) * LINE_MAX_BYTES);
	int64_t t = now();

	if (!must && t - p->last_draw < REDRAW_NS)
		return;
	p->last_draw = t;
	if (p->drawn)
		buf_printf(&b, "\033[%zuA", p->drawn);
	for (size_t i = 0; i < p->n; i++)
		draw_layer(&p->layers[i], &b);
	p->drawn = p->n;
	put(p, &b);
}

static void say(struct progress *p, struct layer *l)
{
	scoped_buf struct buf b = BUF(LINE_MAX_BYTES);

	/* Plain output tells beginnings and ends, not percentages. */
	if (l->said == l->phase || l->phase == PULL_WAITING || l->phase == PUSH_WAITING)
		return;
	l->said = l->phase;
	buf_printf(&b, "%s: %s\n", l->id, phase_words[l->phase]);
	put(p, &b);
}

static void on_progress(void *arg, const struct pull_progress *news)
{
	struct progress *p = arg;
	struct layer *l;
	bool changed;

	if (p->n < news->count) {
		struct layer *more = arena_array(p->a, struct layer, news->count);

		if (p->n)
			memcpy(more, p->layers, p->n * sizeof *more);
		p->layers = more;
		p->n = news->count;
	}
	if (news->index >= p->n)
		return;
	l = &p->layers[news->index];
	changed = l->phase != news->phase || !l->id[0];
	memcpy(l->id, news->id, sizeof l->id);
	l->phase = news->phase;
	l->current = news->current;
	l->total = news->total;
	if (p->live)
		draw(p, changed);
	else
		say(p, l);
}

static void on_message(void *arg, const char *line)
{
	struct progress *p = arg;
	scoped_buf struct buf b = BUF(LINE_MAX_BYTES * 4);

	buf_printf(&b, "%s\n", line);
	put(p, &b);
	p->drawn = 0; /* what is above stays there */
}

void progress_connect(struct progress *p, struct pull_options *o)
{
	o->arg = p;
	if (p->fd < 0)
		return;
	o->progress = on_progress;
	o->message = on_message;
}
