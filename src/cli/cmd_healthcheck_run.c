/* SPDX-License-Identifier: Apache-2.0 */
/* `tare healthcheck run` runs the health check of a container now: 0 if it is healthy, 1 if not. */
#include "cli/commands.h"

#include <stdio.h>

#include "engine/engine.h"

static int healthcheck_run_run(struct cli *c, const void *options, struct err *e)
{
	struct engine *en;
	int code = 0, r = cli_engine(c, &en, e);

	if (r == 0)
		r = container_health_check(en, c->args.v[0], &code, e);
	if (r < 0)
		return r;
	if (code != 0)
		printf("unhealthy\n");
	return code != 0;
}

static const struct opt healthcheck_run_opts[] = { OPT_END };

const struct command healthcheck_run_command = {
	.names = { "healthcheck run" },
	.group = "Containers",
	.summary = "Run the health check of a container now",
	.args = "CONTAINER",
	.min_args = 1,
	.max_args = 1,
	.opts = { healthcheck_run_opts },
	.failure = 125,
	.run = healthcheck_run_run,
};
