/* SPDX-License-Identifier: Apache-2.0 */
/* `tare container prune` removes every container that does not run. */
#include "cli/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "engine/engine.h"

struct prune_options {
	bool force;
};

static const struct opt prune_opts[] = {
	OPT(struct prune_options, force, "force", 'f', FLAG, NULL, "Do not ask"),
	OPT_UNSUPPORTED("filter", 0, "FILTER"),
	OPT_END,
};

static void print_id(void *arg, const char *id)
{
	puts(id);
}

static bool person_agrees(void)
{
	char answer[16];

	fprintf(stderr, "This removes all containers that do not run. Go on? [y/N] ");
	return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int prune_run(struct cli *c, const void *options, struct err *e)
{
	const struct prune_options *o = options;
	struct engine *en;
	int r;

	if (!o->force && !person_agrees())
		return 0;
	r = cli_engine(c, &en, e);
	return r < 0 ? r : container_prune(en, print_id, NULL, e);
}

const struct command container_prune_command = {
	.names = { "container prune" },
	.group = "Containers",
	.summary = "Remove every container that does not run",
	.opts = { prune_opts },
	.options_size = sizeof(struct prune_options),
	.run = prune_run,
};
