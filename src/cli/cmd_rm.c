/* SPDX-License-Identifier: Apache-2.0 */
/* `tare rm` removes containers with everything they wrote to their own file system. */
#include "cli/commands.h"
#include "cli/each.h"
#include "engine/engine.h"

static const struct opt rm_opts[] = {
	OPT(struct container_remove_options, force, "force", 'f', FLAG, NULL, "Kill it first if it runs; missing is fine"),
	OPT(struct container_remove_options, volumes, "volumes", 'v', FLAG, NULL, "Its anonymous volumes too"),
	OPT_UNSUPPORTED("link", 'l', NULL),
	OPT_END,
};

static int rm_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	return container_remove(en, ref, options, e);
}

static int rm_run(struct cli *c, const void *options, struct err *e)
{
	return each_argument(c, rm_one, options, e);
}

const struct command rm_command = {
	.names = { "rm", "container rm", "container remove" },
	.group = "Containers",
	.summary = "Remove containers",
	.args = "CONTAINER [CONTAINER...]",
	.min_args = 1,
	.max_args = -1,
	.opts = { rm_opts },
	.options_size = sizeof(struct container_remove_options),
	.run = rm_run,
};
