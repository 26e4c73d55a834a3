/* SPDX-License-Identifier: Apache-2.0 */
/* `tare kill` sends a signal to the programs of running containers: KILL unless --signal says otherwise. */
#include "cli/commands.h"

#include <stdio.h>

#include "engine/engine.h"

struct kill_options {
	const char *signal;
};

static const struct opt kill_opts[] = {
	OPT(struct kill_options, signal, "signal", 's', STR, "SIGNAL", "Signal to send (default KILL)"),
};

static int kill_run(struct cli *c, const void *options, struct err *e)
{
	const struct kill_options *o = options;
	struct engine *en;
	int code = 0, r = cli_engine(c, &en, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->args.n; i++) {
		r = container_kill(en, c->args.v[i], o->signal, e);
		if (r < 0) {
			cli_report(e);
			code = 1;
		} else {
			puts(c->args.v[i]);
		}
	}
	return code;
}

const struct command kill_command = {
	.names = { "kill", "container kill" },
	.group = "Containers",
	.summary = "Send a signal to running containers",
	.args = "CONTAINER [CONTAINER...]",
	.min_args = 1,
	.max_args = -1,
	.opts = { COMMAND_OPTS(kill_opts) },
	.options_size = sizeof(struct kill_options),
	.run = kill_run,
};
