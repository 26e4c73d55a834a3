/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/timing.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/trace.h"

enum { BAR_WIDTH = 24 };

/* One line of the trace: "program step do|undo start_ns ns r". */
struct span {
	char program[32], step[64], verb[8];
	uint64_t start, ns;
	int r;
};

/* Process-wide as the tracer is: the memfd that all programs append to. */
static int trace_fd = -EBADF;

int timing_begin(void)
{
	char path[64];

	trace_fd = memfd_create("tare-timing", MFD_CLOEXEC);
	if (trace_fd < 0)
		return -errno;
	/* Other programs open it anew by this path while we live: a file of ours that needs no directory and no clean-up. */
	snprintf(path, sizeof path, "/proc/%d/fd/%d", getpid(), trace_fd);
	setenv("TARE_TRACE", path, 1);
	trace_begin("tare");
	return 0;
}

static int by_start(const void *a, const void *b)
{
	uint64_t x = ((const struct span *)a)->start, y = ((const struct span *)b)->start;

	return x < y ? -1 : x > y;
}

/* When of the whole, and for how long: at least one mark. */
static void bar_fill(uint64_t at, uint64_t took, uint64_t whole, char ret[BAR_WIDTH + 1])
{
	uint64_t from = whole ? at * BAR_WIDTH / whole : 0, to = whole ? (at + took) * BAR_WIDTH / whole : 0;

	from = from < BAR_WIDTH ? from : BAR_WIDTH - 1;
	to = to > from ? to : from + 1;
	memset(ret, ' ', BAR_WIDTH);
	memset(ret + from, '#', (to < BAR_WIDTH ? to : BAR_WIDTH) - from);
	ret[BAR_WIDTH] = '\0';
}

void timing_print(void)
{
	scoped_arena struct arena a = { 0 };
	struct VEC(struct span) spans = { 0 };
	uint64_t end = 0;
	char path[64], *text;
	struct str rest;
	size_t n;

	snprintf(path, sizeof path, "/proc/self/fd/%d", trace_fd);
	if (file_read(AT_FDCWD, path, LIMIT_FILE, &a, &text, &n) < 0)
		return;
	rest = (struct str){ text, n };
	while (rest.p) {
		struct str line = str_cut(rest, '\n', &rest);
		struct span s;

		if (sscanf(arena_strndup(&a, line.p, line.n), "%31s %63s %7s %" SCNu64 " %" SCNu64 " %d", s.program, s.step, s.verb, &s.start,
			    &s.ns, &s.r) == 6)
			*vec_push(&a, &spans) = s;
	}
	if (!spans.n)
		return;
	qsort(spans.v, spans.n, sizeof *spans.v, by_start);
	VEC_EACH(const struct span, s, &spans)
		end = s->start + s->ns > end ? s->start + s->ns : end;
	fprintf(stderr, "\n%10s  %10s  %-*s  %-14s %s\n", "AT (ms)", "TOOK (ms)", BAR_WIDTH, "", "PROGRAM", "STEP");
	VEC_EACH(const struct span, s, &spans) {
		char bar[BAR_WIDTH + 1];

		bar_fill(s->start - spans.v[0].start, s->ns, end - spans.v[0].start, bar);
		fprintf(stderr, "%10.3f  %10.3f  %s  %-14s %s%s%s\n", (double)(s->start - spans.v[0].start) / 1e6, (double)s->ns / 1e6, bar, s->program,
			s->step, streq(s->verb, "undo") ? " (undone)" : "", s->r < 0 ? " FAILED" : "");
	}
	fprintf(stderr, "%10.3f  %10s  %-*s  %-14s %s\n", (double)(end - spans.v[0].start) / 1e6, "", BAR_WIDTH, "", "", "everything");
}
