/* SPDX-License-Identifier: Apache-2.0 */
/* `tare exec` runs a further program in a running container, with our standard streams. */
#include "cli/commands.h"

#include <unistd.h>

#include "cli/request_opts.h"
#include "engine/engine.h"
#include "engine/request.h"

struct exec_options {
	struct container_exec_request q;
	struct strs env_files;
};

static int take_exec_env(void *options, const char *value, struct arena *a, struct err *e)
{
	return request_env(&((struct exec_options *)options)->q.env, value, a, e);
}

static const struct opt exec_opts[] = {
	OPT(struct exec_options, q.detach, "detach", 'd', FLAG, NULL, "Run in the background"),
	OPT_CALL("env", 'e', take_exec_env, "NAME[=VALUE]", "Environment variable; without value: ours"),
	OPT(struct exec_options, env_files, "env-file", 0, STRS, "FILE", "Environment variables, one a line"),
	OPT(struct exec_options, q.interactive, "interactive", 'i', FLAG, NULL, "Give it our standard input"),
	OPT(struct exec_options, q.tty, "tty", 't', FLAG, NULL, "Give it a terminal"),
	OPT(struct exec_options, q.user, "user", 'u', STR, "USER[:GROUP]", "User and group, by name or number"),
	OPT(struct exec_options, q.workdir, "workdir", 'w', STR, "DIR", "Working directory inside"),
	OPT(struct exec_options, q.privileged, "privileged", 0, FLAG, NULL, "All capabilities"),
	OPT_UNSUPPORTED("detach-keys", 0, "KEYS"),
	OPT_END,
};

static int exec_run(struct cli *c, const void *options, struct err *e)
{
	const struct exec_options *o = options;
	struct container_exec_request q = o->q;
	struct engine_io io = {
		.in = o->q.interactive ? STDIN_FILENO : -EBADF, .out = STDOUT_FILENO, .err = STDERR_FILENO, .tty = o->q.tty,
	};
	struct engine *en;
	int code = 0, r;

	q.container = c->args.v[0];
	q.args = (struct strs){ c->args.v + 1, c->args.n - 1 };
	r = request_env_files(c, &o->env_files, &o->q.env, &q.env, e);
	if (r == 0 && q.tty && q.interactive && !q.detach && !isatty(STDIN_FILENO))
		return err_set(e, ERR_INVALID, "the input device is not a terminal; leave out -t to run without one");
	if (r == 0)
		r = cli_engine(c, &en, e);
	if (r == 0)
		r = container_exec(en, &q, &io, &code, e);
	return r < 0 ? r : code;
}

const struct command exec_command = {
	.names = { "exec", "container exec" },
	.group = "Containers",
	.summary = "Run a program in a running container",
	.args = "CONTAINER COMMAND [ARG...]",
	.min_args = 2,
	.max_args = -1,
	.args_end_options = true,
	.opts = { exec_opts },
	.options_size = sizeof(struct exec_options),
	.failure = 125,
	.run = exec_run,
};
