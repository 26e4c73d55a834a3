/* SPDX-License-Identifier: Apache-2.0 */
/* `tare container exists` says by its exit code whether there is a container of that name or id: 0 yes, 1 no. */
#include "cli/commands.h"

#include <errno.h>

#include "engine/engine.h"

struct exists_options {
	bool external;
};

static const struct opt exists_opts[] = {
	OPT(struct exists_options, external, "external", 0, FLAG, NULL, "Also those that other programs made: tare has none"),
	OPT_END,
};

static int exists_run(struct cli *c, const void *options, struct err *e)
{
	struct engine *en;
	const char *id;
	int r = cli_engine(c, &en, e);

	if (r < 0)
		return r;
	r = container_find(en, c->args.v[0], c->a, &id, e);
	return r == -ENOENT ? 1 : r;
}

const struct command container_exists_command = {
	.names = { "container exists" },
	.group = "Containers",
	.summary = "Say by the exit code whether a container is there",
	.args = "CONTAINER",
	.min_args = 1,
	.max_args = 1,
	.opts = { exists_opts },
	.options_size = sizeof(struct exists_options),
	.failure = 125,
	.run = exists_run,
};
