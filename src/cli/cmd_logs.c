/* SPDX-License-Identifier: Apache-2.0 */
/* `tare logs` prints what containers wrote, and with -f goes on until they end. */
#include "cli/commands.h"

#include <unistd.h>

#include "base/parse.h"
#include "cli/each.h"
#include "engine/engine.h"

struct logs_options {
	struct container_logs_options logs;
	bool latest;
};

static const struct logs_options logs_defaults = { .logs = { .tail = -1 } };

/* "all", -1 (podman's word for it) or a number of lines. */
static int take_tail(void *options, const char *value, struct arena *a, struct err *e)
{
	struct logs_options *o = options;

	if (streq(value, "all")) {
		o->logs.tail = -1;
		return 0;
	}
	if (parse_i64(value, &o->logs.tail) < 0)
		return err_set(e, ERR_INVALID, "'%s' is not a number of lines", value);
	if (o->logs.tail < 0)
		o->logs.tail = -1;
	return 0;
}

static const struct opt logs_opts[] = {
	OPT(struct logs_options, logs.follow, "follow", 'f', FLAG, NULL, "Go on with what they write"),
	OPT_CALL("tail", 'n', take_tail, "LINES", "Only the last lines (default all)"),
	OPT(struct logs_options, logs.timestamps, "timestamps", 't', FLAG, NULL, "Show when each line was written"),
	OPT(struct logs_options, logs.since, "since", 0, STR, "TIME", "Only what is newer: a time or an age such as 42m"),
	OPT(struct logs_options, logs.until, "until", 0, STR, "TIME", "Only what is older: a time or an age such as 42m"),
	OPT(struct logs_options, logs.details, "details", 0, FLAG, NULL, "Show the labels, environment and tag that --log-opt named"),
	OPT(struct logs_options, logs.names, "names", 0, FLAG, NULL, "Tell several containers apart by their names"),
	OPT(struct logs_options, logs.color, "color", 0, FLAG, NULL, "Tell several containers apart by colours"),
	OPT(struct logs_options, latest, "latest", 'l', FLAG, NULL, "The newest container"),
	OPT_END,
};

static int logs_run(struct cli *c, const void *options, struct err *e)
{
	const struct logs_options *o = options;
	struct engine *en;
	struct strs refs;
	int r = each_targets(c, o->latest, &refs, e);

	if (r == 0)
		r = cli_engine(c, &en, e);
	return r < 0 ? r : container_logs(en, &refs, &o->logs, STDOUT_FILENO, STDERR_FILENO, e);
}

const struct command logs_command = {
	.names = { "logs", "container logs" },
	.group = "Containers",
	.summary = "Print what containers wrote",
	.args = "CONTAINER [CONTAINER...]",
	.min_args = 0,
	.max_args = -1,
	.opts = { logs_opts },
	.options_size = sizeof(struct logs_options),
	.defaults = &logs_defaults,
	.run = logs_run,
};
