/* SPDX-License-Identifier: Apache-2.0 */
/* `tare attach` connects our standard streams to a running container until it ends or the detach keys are typed. */
#include "cli/commands.h"

#include <unistd.h>

#include "cli/each.h"
#include "engine/engine.h"

struct attach_options {
	bool no_stdin, sig_proxy, latest;
	const char *detach_keys;
};

static const struct attach_options attach_defaults = { .sig_proxy = true };

static const struct opt attach_opts[] = {
	OPT(struct attach_options, detach_keys, "detach-keys", 0, STR, "KEYS", "Keys that detach (default ctrl-p,ctrl-q)"),
	OPT(struct attach_options, no_stdin, "no-stdin", 0, FLAG, NULL, "Do not give it our standard input"),
	OPT(struct attach_options, latest, "latest", 'l', FLAG, NULL, "The newest container"),
	OPT(struct attach_options, sig_proxy, "sig-proxy", 0, FLAG, NULL, "Pass signals on (default true)"),
	OPT_END,
};

static int attach_run(struct cli *c, const void *options, struct err *e)
{
	const struct attach_options *o = options;
	struct engine_io io = {
		.in = o->no_stdin ? -EBADF : STDIN_FILENO, .out = STDOUT_FILENO, .err = STDERR_FILENO,
		.sig_proxy = o->sig_proxy, .detach_keys = o->detach_keys,
	};
	struct engine_outcome outcome = { 0 };
	struct engine *en;
	struct strs target;
	int r = each_targets(c, o->latest, &target, e);

	if (r == 0)
		r = cli_engine(c, &en, e);
	if (r == 0)
		r = container_attach(en, target.v[0], &io, &outcome, e);
	return r < 0 ? r : outcome.code;
}

const struct command attach_command = {
	.names = { "attach", "container attach" },
	.group = "Containers",
	.summary = "Connect our standard streams to a running container",
	.args = "CONTAINER",
	.min_args = 0,
	.max_args = 1,
	.opts = { attach_opts },
	.options_size = sizeof(struct attach_options),
	.defaults = &attach_defaults,
	.run = attach_run,
};
