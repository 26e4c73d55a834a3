/* SPDX-License-Identifier: Apache-2.0 */
/* `tare logs` prints what a container wrote, and with -f goes on until it ends. */
#include "cli/commands.h"

#include <unistd.h>

#include "base/parse.h"
#include "engine/engine.h"

struct logs_options {
	struct container_logs_options logs;
};

static const struct logs_options logs_defaults = { .logs = { .tail = -1 } };

/* "all" or a number of lines. */
static int take_tail(void *options, const char *value, struct arena *a, struct err *e)
{
	struct logs_options *o = options;

	if (streq(value, "all")) {
		o->logs.tail = -1;
		return 0;
	}
	if (parse_i64(value, &o->logs.tail) < 0)
		return err_set(e, ERR_INVALID, "'%s' is not a number of lines", value);
	return 0;
}

static const struct opt logs_opts[] = {
	OPT(struct logs_options, logs.follow, "follow", 'f', FLAG, NULL, "Go on with what it writes"),
	OPT_CALL("tail", 'n', take_tail, "LINES", "Only the last lines (default all)"),
	OPT(struct logs_options, logs.timestamps, "timestamps", 't', FLAG, NULL, "Show when each line was written"),
	OPT(struct logs_options, logs.since, "since", 0, STR, "TIME", "Only what is newer: a time or an age such as 42m"),
	OPT(struct logs_options, logs.until, "until", 0, STR, "TIME", "Only what is older: a time or an age such as 42m"),
	OPT_UNSUPPORTED("details", 0, NULL),
	OPT_END,
};

static int logs_run(struct cli *c, const void *options, struct err *e)
{
	const struct logs_options *o = options;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	if (r < 0)
		return r;
	return container_logs(en, c->args.v[0], &o->logs, STDOUT_FILENO, STDERR_FILENO, e);
}

const struct command logs_command = {
	.names = { "logs", "container logs" },
	.group = "Containers",
	.summary = "Print what a container wrote",
	.args = "CONTAINER",
	.min_args = 1,
	.max_args = 1,
	.opts = { logs_opts },
	.options_size = sizeof(struct logs_options),
	.defaults = &logs_defaults,
	.run = logs_run,
};
