/* SPDX-License-Identifier: Apache-2.0 */
#include "base/step.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

/* Process-wide by design: one tracer per program (style: the only mutable globals allowed are sinks like this). */
static step_trace_fn trace_fn;
static void *trace_arg;

void steps_trace(step_trace_fn fn, void *arg)
{
	trace_fn = fn;
	trace_arg = arg;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	if (!trace_fn)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void trace(const struct step *s, bool undo, uint64_t start, int r)
{
	if (trace_fn)
		trace_fn(trace_arg, s->name, undo, start, now_ns(), r);
}

int step_fault(const char *name, struct err *e)
{
	const char *want = getenv("TARE_FAULT"), *rest;

	if (!want)
		return 0;
	rest = str_after(want, "kill:");
	if (rest && streq(rest, name)) {
		kill(getpid(), SIGKILL);
		_exit(128 + SIGKILL); /* the first process of a pid namespace does not hear its own SIGKILL */
	}
	rest = str_after(want, "step:");
	if (rest && streq(rest, name))
		return err_set(e, ERR_INTERNAL, "fault injected by TARE_FAULT");
	return 0;
}

static void undo_from(const struct step *s, size_t n, void *ctx)
{
	while (n-- > 0) {
		uint64_t start = now_ns();

		if (!s[n].undo || (s[n].when && !s[n].when(ctx)))
			continue;
		s[n].undo(ctx);
		trace(&s[n], true, start, 0);
	}
}

int steps_run(const struct step *s, size_t n, void *ctx, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t start = now_ns();
		int r;

		if (s[i].when && !s[i].when(ctx))
			continue;
		r = step_fault(s[i].name, e);
		if (r == 0)
			r = s[i].apply(ctx, e);
		trace(&s[i], false, start, r);
		if (r < 0) {
			err_wrap(e, "%s", s[i].name);
			undo_from(s, i, ctx);
			return r;
		}
	}
	return 0;
}

void steps_undo(const struct step *s, size_t n, void *ctx)
{
	undo_from(s, n, ctx);
}
