/* SPDX-License-Identifier: Apache-2.0 */
/* `tare info` says what the engine sees: containers, images, directories, the kernel's facilities. */
#include "cli/commands.h"

#include <stdio.h>

#include "engine/engine.h"

static int info_run(struct cli *c, const void *options, struct err *e)
{
	struct pairs facts = { 0 };
	struct engine *en;
	int r = cli_engine(c, &en, e);

	if (r < 0)
		return r;
	r = engine_info(en, c->a, &facts, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < facts.n; i++)
		printf("%s: %s\n", facts.v[i].key, facts.v[i].value);
	return 0;
}

const struct command info_command = {
	.names = { "info", "system info" },
	.group = "System",
	.summary = "Say what the engine sees",
	.run = info_run,
};
