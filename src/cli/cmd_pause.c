/* SPDX-License-Identifier: Apache-2.0 */
/* `tare pause` freezes the processes of containers where they stand; `tare unpause` lets them go on. */
#include "cli/commands.h"
#include "cli/targets.h"
#include "engine/engine.h"

struct pause_options {
	struct targets which;
};

static const struct opt pause_opts[] = {
	TARGETS_ALL(struct pause_options, which, 'a', "All that run"),
	TARGETS_CIDFILE(struct pause_options, which),
	TARGETS_FILTER(struct pause_options, which, 'f'),
	TARGETS_LATEST(struct pause_options, which, 'l'),
	OPT_END,
};

static const struct opt unpause_opts[] = {
	TARGETS_ALL(struct pause_options, which, 'a', "All that are paused"),
	TARGETS_CIDFILE(struct pause_options, which),
	TARGETS_FILTER(struct pause_options, which, 'f'),
	TARGETS_LATEST(struct pause_options, which, 'l'),
	OPT_END,
};

static int pause_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	return container_pause(en, ref, e);
}

static int unpause_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	return container_unpause(en, ref, e);
}

static int pause_run(struct cli *c, const void *options, struct err *e)
{
	const struct pause_options *o = options;

	return targets_each(c, &o->which, TARGETS_NOT_PAUSED, pause_one, o, e);
}

static int unpause_run(struct cli *c, const void *options, struct err *e)
{
	const struct pause_options *o = options;

	return targets_each(c, &o->which, TARGETS_PAUSED, unpause_one, o, e);
}

const struct command pause_command = {
	.names = { "pause", "container pause" },
	.group = "Containers",
	.summary = "Freeze the processes of containers",
	.args = "CONTAINER [CONTAINER...]",
	.max_args = -1,
	.opts = { pause_opts },
	.options_size = sizeof(struct pause_options),
	.run = pause_run,
};

const struct command unpause_command = {
	.names = { "unpause", "container unpause" },
	.group = "Containers",
	.summary = "Let the processes of paused containers go on",
	.args = "CONTAINER [CONTAINER...]",
	.max_args = -1,
	.opts = { unpause_opts },
	.options_size = sizeof(struct pause_options),
	.run = unpause_run,
};
