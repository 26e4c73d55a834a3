/* SPDX-License-Identifier: Apache-2.0 */
/* `tare kill` sends a signal to the programs of running containers: KILL unless --signal says otherwise. */
#include "cli/commands.h"
#include "cli/each.h"
#include "engine/engine.h"

struct kill_options {
	const char *signal;
};

static const struct opt kill_opts[] = {
	OPT(struct kill_options, signal, "signal", 's', STR, "SIGNAL", "Signal to send (default KILL)"),
	OPT_END,
};

static int kill_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	return container_kill(en, ref, ((const struct kill_options *)options)->signal, e);
}

static int kill_run(struct cli *c, const void *options, struct err *e)
{
	return each_argument(c, kill_one, options, e);
}

const struct command kill_command = {
	.names = { "kill", "container kill" },
	.group = "Containers",
	.summary = "Send a signal to running containers",
	.args = "CONTAINER [CONTAINER...]",
	.min_args = 1,
	.max_args = -1,
	.opts = { kill_opts },
	.options_size = sizeof(struct kill_options),
	.run = kill_run,
};
