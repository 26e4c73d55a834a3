/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/progress_text.h"

enum {
	LINE_MAX_BYTES = 512,
	REDRAW_NS = 100 * 1000 * 1000, /* ten pictures a second are enough for eyes */
	COLUMNS = 80, ROWS = 24,       /* of a terminal that does not say */
};

struct progress {
	struct arena *a;
	int fd;
	bool live, summed;      /* @summed: the line about all of them has been shown */
	struct progress_layer *layers;
	size_t n, drawn;        /* @drawn: lines on the screen now */
	int64_t last_draw;
};

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

static struct winsize window_of(int fd)
{
	struct winsize w = { 0 };

	ioctl(fd, TIOCGWINSZ, &w);
	return (struct winsize){ .ws_col = w.ws_col ? w.ws_col : COLUMNS, .ws_row = w.ws_row > 2 ? w.ws_row : ROWS };
}

/* What does not fit on the screen cannot be redrawn: then layers that are through make room for those that are not, and one line counts. */
static void draw_layers(struct progress *p, struct winsize w, int64_t t, struct buf *b)
{
	size_t rows = w.ws_row - 1u, shown = 0, final = 0;
	bool all = p->n <= rows;

	for (size_t i = 0; i < p->n; i++) {
		const struct progress_layer *l = &p->layers[i];

		final += progress_is_final(l->phase);
		if (!all && (progress_is_final(l->phase) || shown + 1 == rows))
			continue;
		buf_add_str(b, "\033[K");
		progress_line(l, t, w.ws_col - 1u, b);
		buf_add_char(b, '\n');
		shown++;
	}
	if (!all) {
		buf_printf(b, "\033[K%zu of %zu layers done\n", final, p->n);
		shown++;
	}
	p->drawn = shown;
}

static void draw(struct progress *p, bool must)
{
	scoped_buf struct buf b = BUF((p->n + 2) * LINE_MAX_BYTES);
	int64_t t = now();

	if (!must && t - p->last_draw < REDRAW_NS)
		return;
	p->last_draw = t;
	buf_add_char(&b, '\r');
	if (p->drawn)
		buf_printf(&b, "\033[%zuA", p->drawn);
	draw_layers(p, window_of(p->fd), t, &b);
	buf_add_str(&b, "\033[J");
	put(p, &b);
}

static void say(struct progress *p, struct progress_layer *l)
{
	scoped_buf struct buf b = BUF(LINE_MAX_BYTES);

	/* Plain output tells beginnings and ends, not percentages. */
	if (l->said == l->phase || l->phase == PULL_WAITING || l->phase == PUSH_WAITING)
		return;
	l->said = l->phase;
	buf_printf(&b, "%s: %s\n", l->id, progress_word(l->phase));
	put(p, &b);
}

/* Once all layers are through, how it went. */
static void summarize(struct progress *p)
{
	scoped_buf struct buf b = BUF(LINE_MAX_BYTES);

	for (size_t i = 0; i < p->n; i++)
		if (!progress_is_final(p->layers[i].phase))
			return;
	if (p->summed)
		return;
	p->summed = true;
	progress_summary(p->layers, p->n, &b);
	put(p, &b);
	p->drawn = 0; /* what is above stays there */
}

static void layers_grow(struct progress *p, size_t n)
{
	struct progress_layer *more;

	if (p->n >= n)
		return;
	more = arena_array(p->a, struct progress_layer, n);
	if (p->n)
		memcpy(more, p->layers, p->n * sizeof *more);
	p->layers = more;
	p->n = n;
}

/* A layer of the same number but another name is of another image: it begins anew. */
static void layer_take(struct progress *p, struct progress_layer *l, const struct pull_progress *news)
{
	bool moves = progress_is_moving(news->phase);

	if (l->id[0] && memcmp(l->id, news->id, sizeof l->id) != 0)
		*l = (struct progress_layer){ 0 };
	if (!progress_is_final(news->phase))
		p->summed = false;
	memcpy(l->id, news->id, sizeof l->id);
	if (moves && !l->began) {
		l->began = now();
		l->first = news->current;
	}
	if (progress_is_final(news->phase) && !progress_is_final(l->phase))
		l->ended = now();
	l->phase = news->phase;
	l->current = news->current;
	l->total = news->total;
}

static void on_progress(void *arg, const struct pull_progress *news)
{
	struct progress *p = arg;
	struct progress_layer *l;
	bool changed;

	layers_grow(p, news->count);
	if (news->index >= p->n)
		return;
	l = &p->layers[news->index];
	changed = l->phase != news->phase || !l->id[0];
	layer_take(p, l, news);
	if (p->live)
		draw(p, changed);
	else
		say(p, l);
	summarize(p);
}

static void on_message(void *arg, const char *line)
{
	struct progress *p = arg;
	scoped_buf struct buf b = BUF(LINE_MAX_BYTES * 4);

	buf_printf(&b, "%s", line);
	if (b.p)
		text_calm(b.p);
	buf_add_char(&b, '\n');
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
