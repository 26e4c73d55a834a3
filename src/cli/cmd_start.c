/* SPDX-License-Identifier: Apache-2.0 */
/* `tare start` starts containers that were created or have ended; with -a or -i it stays attached to the one it starts. */
#include "cli/commands.h"

#include <unistd.h>

#include "cli/each.h"
#include "engine/engine.h"

struct start_options {
	bool attach, interactive, sig_proxy;
	const char *detach_keys;
};

static const struct start_options start_defaults = { .sig_proxy = true };

static const struct opt start_opts[] = {
	OPT(struct start_options, attach, "attach", 'a', FLAG, NULL, "Show its output until it ends, exit as it does"),
	OPT(struct start_options, interactive, "interactive", 'i', FLAG, NULL, "Give it our standard input"),
	OPT(struct start_options, detach_keys, "detach-keys", 0, STR, "KEYS", "Keys that detach (default ctrl-p,ctrl-q)"),
	OPT(struct start_options, sig_proxy, "sig-proxy", 0, FLAG, NULL, "Pass signals on (default true)"),
	OPT_UNSUPPORTED("checkpoint", 0, "NAME"),
	OPT_UNSUPPORTED("checkpoint-dir", 0, "DIR"),
	OPT_END,
};

static int start_attached(struct cli *c, const struct start_options *o, struct err *e)
{
	struct engine_io io = {
		.in = o->interactive ? STDIN_FILENO : -EBADF, .out = STDOUT_FILENO, .err = STDERR_FILENO,
		.sig_proxy = o->sig_proxy, .detach_keys = o->detach_keys,
	};
	struct engine_outcome outcome = { 0 };
	struct engine *en;
	int r;

	if (c->args.n > 1)
		return err_set(e, ERR_INVALID, "only one container can be started attached");
	r = cli_engine(c, &en, e);
	if (r == 0)
		r = container_start_attached(en, c->args.v[0], &io, &outcome, e);
	return r < 0 ? r : outcome.code;
}

static int start_one(struct engine *en, const char *ref, const void *options, struct err *e)
{
	return container_start(en, ref, e);
}

static int start_run(struct cli *c, const void *options, struct err *e)
{
	const struct start_options *o = options;

	return o->attach || o->interactive ? start_attached(c, o, e) : each_argument(c, start_one, o, e);
}

const struct command start_command = {
	.names = { "start", "container start" },
	.group = "Containers",
	.summary = "Start containers that do not run",
	.args = "CONTAINER [CONTAINER...]",
	.min_args = 1,
	.max_args = -1,
	.opts = { start_opts },
	.options_size = sizeof(struct start_options),
	.defaults = &start_defaults,
	.run = start_run,
};
