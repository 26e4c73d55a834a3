/* SPDX-License-Identifier: Apache-2.0 */
/* `tare container prune` removes every container that does not run. */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/prune.h"
#include "engine/engine.h"

struct prune_options {
	bool force;
	struct strs filters;
};

static const struct opt prune_opts[] = {
	OPT(struct prune_options, force, "force", 'f', FLAG, NULL, "Do not ask"),
	OPT(struct prune_options, filters, "filter", 0, FILTERS, "FILTER", "Only those: until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE]"),
	OPT_END,
};

static int prune_run(struct cli *c, const void *options, struct err *e)
{
	const struct prune_options *o = options;
	struct prune_list list = { "Deleted Containers:", 0 };
	struct prune_filter f;
	uint64_t bytes = 0;
	struct engine *en;
	int r = prune_filter_parse(&o->filters, c->a, &f, e);

	if (r < 0)
		return r;
	if (!o->force && !prune_agreed("  - all containers that do not run"))
		return 0;
	r = cli_engine(c, &en, e);
	if (r == 0)
		r = container_prune(en, &f, prune_print, &list, &bytes, e);
	if (r < 0)
		return r;
	prune_list_end(&list);
	prune_total(bytes);
	return 0;
}

const struct command container_prune_command = {
	.names = { "container prune" },
	.group = "Containers",
	.summary = "Remove every container that does not run",
	.opts = { prune_opts },
	.options_size = sizeof(struct prune_options),
	.run = prune_run,
};
