/* SPDX-License-Identifier: Apache-2.0 */
/* `tare container thaw` lets a container that a commit froze go on once the commit's end of standard input closes; people need not call it. */
#include "cli/commands.h"

#include <unistd.h>

#include "engine/engine.h"

static int thaw_run(struct cli *c, const void *options, struct err *e)
{
	struct engine *en;
	int r = cli_engine(c, &en, e);

	return r < 0 ? r : container_thaw(en, c->args.v[0], STDIN_FILENO, e);
}

const struct command container_thaw_command = {
	.names = { "container thaw" },
	.summary = "Let a container go on that a commit froze (called by commit)",
	.args = "CONTAINER",
	.min_args = 1,
	.max_args = 1,
	.run = thaw_run,
};
