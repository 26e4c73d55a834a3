/* SPDX-License-Identifier: Apache-2.0 */
/* `tare update` changes the limits of containers, at once and for their next starts. */
#include "cli/commands.h"

#include "cli/each.h"
#include "cli/request_opts.h"
#include "cli/supervision_opts.h"

static const struct opt update_opts[] = {
	OPT_CALL("restart", 0, supervision_take_restart, "POLICY", "When it ends: no, on-failure[:MAX], always, unless-stopped"),
	OPT_END,
};

static int update_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	return container_update(en, ref, &((const struct request_options *)options)->q, e);
}

static int update_run(struct cli *c, const void *options, struct err *e)
{
	return each_argument(c, update_one, options, e);
}

const struct command update_command = {
	.names = { "update", "container update" },
	.group = "Containers",
	.summary = "Change the limits of containers",
	.args = "CONTAINER [CONTAINER...]",
	.min_args = 1,
	.max_args = -1,
	.opts = { limit_opts, update_opts },
	.options_size = sizeof(struct request_options),
	.run = update_run,
};
