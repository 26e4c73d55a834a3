/* SPDX-License-Identifier: Apache-2.0 */
/* `tare wait` waits until containers end and prints their exit codes. */
#include "cli/commands.h"

#include <stdio.h>

#include "engine/engine.h"

static int wait_run(struct cli *c, const void *options, struct err *e)
{
	struct engine *en;
	int code, failed = 0, r = cli_engine(c, &en, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->args.n; i++) {
		r = container_wait(en, c->args.v[i], false, &code, e);
		if (r < 0) {
			cli_report(e);
			failed = 1;
		} else {
			printf("%d\n", code);
			fflush(stdout);
		}
	}
	return failed;
}

const struct command wait_command = {
	.names = { "wait", "container wait" },
	.group = "Containers",
	.summary = "Wait until containers end and print their exit codes",
	.args = "CONTAINER [CONTAINER...]",
	.min_args = 1,
	.max_args = -1,
	.run = wait_run,
};
