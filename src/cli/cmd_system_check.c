/* SPDX-License-Identifier: Apache-2.0 */
/* `tare system check` verifies every object, digest and link, heals what was abandoned, and with --repair mends or drops what is damaged. */
#include "cli/commands.h"

#include <stdio.h>

#include "engine/engine.h"

struct check_options {
	bool repair, quick;
};

static const struct opt check_opts[] = {
	OPT(struct check_options, repair, "repair", 'r', FLAG, NULL, "Mend what can be mended, drop what cannot"),
	OPT(struct check_options, quick, "quick", 'q', FLAG, NULL, "Do not read the contents of images again"),
	OPT_REFUSED("force", 'f', NULL, "--repair drops what is damaged and cannot be mended"),
	OPT_REFUSED("max", 'm', "DURATION", "what somebody works on is locked, so its age says nothing"),
	OPT_END,
};

static void print_finding(void *arg, const struct engine_finding *f)
{
	printf("%s: %s%s\n", f->object, f->problem, f->repaired ? " (repaired)" : f->harmless ? " (harmless; prune removes it)" : "");
}

static int check_run(struct cli *c, const void *options, struct err *e)
{
	const struct check_options *o = options;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = engine_check(en, o->repair, !o->quick, print_finding, NULL, e);
	if (r < 0)
		return r;
	printf("%d problem%s left\n", r, r == 1 ? "" : "s");
	return r > 0;
}

const struct command system_check_command = {
	.names = { "system check" },
	.group = "System",
	.summary = "Verify every object on disk and heal what was abandoned",
	.opts = { check_opts },
	.options_size = sizeof(struct check_options),
	.run = check_run,
};
