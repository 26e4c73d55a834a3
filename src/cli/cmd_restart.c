/* SPDX-License-Identifier: Apache-2.0 */
/* `tare restart` stops containers and starts them again; one that does not run is just started. */
#include "cli/commands.h"
#include "cli/each.h"
#include "engine/engine.h"

struct restart_options {
	const char *signal;
	struct opt_i64 timeout;
};

static const struct opt restart_opts[] = {
	OPT(struct restart_options, timeout, "timeout", 't', OPT_I64, "SECONDS", "Patience before it is killed (default 10)"),
	OPT(struct restart_options, timeout, "time", 0, OPT_I64, "SECONDS", NULL),
	OPT(struct restart_options, signal, "signal", 's', STR, "SIGNAL", "Signal to send instead of its own"),
	OPT_END,
};

static int restart_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	const struct restart_options *o = options;
	int timeout = (int)o->timeout.v;

	return container_restart(en, ref, o->signal, o->timeout.set ? &timeout : NULL, e);
}

static int restart_run(struct cli *c, const void *options, struct err *e)
{
	return each_argument(c, restart_one, options, e);
}

const struct command restart_command = {
	.names = { "restart", "container restart" },
	.group = "Containers",
	.summary = "Stop containers and start them again",
	.args = "CONTAINER [CONTAINER...]",
	.min_args = 1,
	.max_args = -1,
	.opts = { restart_opts },
	.options_size = sizeof(struct restart_options),
	.run = restart_run,
};
