/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events: what a container uses and that it ran out of memory, as JSON lines.
 */
#include <unistd.h>

#include "base/parse.h"
#include "bin/runtime/runtime.h"
#include "runtime/events.h"

struct events_options {
	const char *interval;
	bool stats;
};

static const struct opt events_opts[] = {
	OPT(struct events_options, interval, "interval", 0, STR, "DURATION", "Time between two statistics (5s)"),
	OPT(struct events_options, stats, "stats", 0, FLAG, NULL, "Print the statistics once"),
	OPT_END,
};

static int events_run(struct runtime *rt, const void *options, struct err *e)
{
	const struct events_options *o = options;
	scoped_control struct control c = CONTROL_NONE;
	int64_t interval;
	int r = parse_duration(o->interval ? o->interval : "5s", &interval);

	if (r < 0)
		return err_set(e, ERR_INVALID, "--interval: '%s' is not a duration", o->interval);
	if (interval <= 0)
		return err_set(e, ERR_INVALID, "duration interval must be greater than 0");
	r = control_open(rt->root, rt->args->v[0], rt->a, &c, e);
	if (r < 0)
		return r;
	return o->stats ? control_stats(&c, STDOUT_FILENO, e) : control_events(&c, STDOUT_FILENO, interval, e);
}

const struct verb events_verb = {
	.command = { .names = { "events" }, .summary = "Print statistics and memory events of a container as JSON lines", .args = "ID", .min_args = 1,
		.max_args = 1, .opts = { events_opts }, .options_size = sizeof(struct events_options) },
	.run = events_run,
};
