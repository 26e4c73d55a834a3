/* SPDX-License-Identifier: Apache-2.0 */
/* `tare rename` gives a container another name. */
#include "cli/commands.h"
#include "engine/engine.h"

static int rename_run(struct cli *c, const void *options, struct err *e)
{
	struct engine *en;
	int r = cli_engine(c, &en, e);

	return r < 0 ? r : container_rename(en, c->args.v[0], c->args.v[1], e);
}

const struct command rename_command = {
	.names = { "rename", "container rename" },
	.group = "Containers",
	.summary = "Give a container another name",
	.args = "CONTAINER NAME",
	.min_args = 2,
	.max_args = 2,
	.run = rename_run,
};
