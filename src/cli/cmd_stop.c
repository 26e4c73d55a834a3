/* SPDX-License-Identifier: Apache-2.0 */
/* `tare stop` asks containers to end by their stop signal, and kills those that do not within the timeout. */
#include "cli/commands.h"
#include "cli/each.h"
#include "engine/engine.h"

struct stop_options {
	const char *signal;
	struct opt_i64 timeout;
};

static const struct opt stop_opts[] = {
	OPT(struct stop_options, timeout, "timeout", 't', OPT_I64, "SECONDS", "Patience before it is killed (default 10); -1: never"),
	OPT(struct stop_options, timeout, "time", 0, OPT_I64, "SECONDS", NULL),
	OPT(struct stop_options, signal, "signal", 's', STR, "SIGNAL", "Signal to send instead of its own"),
	OPT_END,
};

static int stop_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	const struct stop_options *o = options;
	int timeout = (int)o->timeout.v;

	return container_stop(en, ref, o->signal, o->timeout.set ? &timeout : NULL, e);
}

static int stop_run(struct cli *c, const void *options, struct err *e)
{
	const struct stop_options *o = options;

	if (o->timeout.set && (o->timeout.v < -1 || o->timeout.v > INT32_MAX))
		return err_set(e, ERR_INVALID, "a timeout of %lld seconds is out of range", (long long)o->timeout.v);
	return each_argument(c, stop_one, options, e);
}

const struct command stop_command = {
	.names = { "stop", "container stop" },
	.group = "Containers",
	.summary = "Stop running containers",
	.args = "CONTAINER [CONTAINER...]",
	.min_args = 1,
	.max_args = -1,
	.opts = { stop_opts },
	.options_size = sizeof(struct stop_options),
	.run = stop_run,
};
