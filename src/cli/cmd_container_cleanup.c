/* SPDX-License-Identifier: Apache-2.0 */
/* `tare container cleanup` releases what an ended container held; the monitor calls it, people need not. */
#include "cli/commands.h"
#include "engine/engine.h"

static int cleanup_run(struct cli *c, const void *options, struct err *e)
{
	struct engine *en;
	int r = cli_engine(c, &en, e);

	return r < 0 ? r : container_cleanup(en, c->args.v[0], e);
}

const struct command container_cleanup_command = {
	.names = { "container cleanup" },
	.summary = "Release what an ended container held (called by the monitor)",
	.args = "CONTAINER",
	.min_args = 1,
	.max_args = 1,
	.run = cleanup_run,
};
