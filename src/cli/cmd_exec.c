/* SPDX-License-Identifier: Apache-2.0 */
/* `tare exec` runs a further program in a running container, with our standard streams. */
#include "cli/commands.h"

#include <unistd.h>

#include "cli/each.h"
#include "cli/request_opts.h"
#include "engine/engine.h"
#include "engine/request.h"

struct exec_options {
	struct container_exec_request q;
	struct strs env_files;
	const char *detach_keys;
	int32_t preserve_fds;
	bool latest;
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
	OPT(struct exec_options, detach_keys, "detach-keys", 0, STR, "KEYS", "Keys that leave it running (default none)"),
	OPT(struct exec_options, preserve_fds, "preserve-fds", 0, INT, "N", "Pass on N of our descriptors from 3 on"),
	OPT(struct exec_options, latest, "latest", 'l', FLAG, NULL, "In the newest container"),
	OPT_END,
};

/* With --latest all words are the program's. */
static int choose_target(struct cli *c, const struct exec_options *o, struct container_exec_request *q, struct err *e)
{
	struct strs words = c->args, one;
	int r;

	if (!o->latest && words.n < 2)
		return err_set(e, ERR_INVALID, "'tare exec' needs a container and a program: %s", c->command->args);
	c->args.n = 0;
	r = o->latest ? each_targets(c, true, &one, e) : 0;
	c->args = words;
	if (r < 0)
		return r;
	q->container = o->latest ? one.v[0] : words.v[0];
	q->args = o->latest ? words : (struct strs){ words.v + 1, words.n - 1 };
	return 0;
}

static int exec_run(struct cli *c, const void *options, struct err *e)
{
	const struct exec_options *o = options;
	struct container_exec_request q = o->q;
	struct engine_io io = {
		.in = o->q.interactive ? STDIN_FILENO : -EBADF, .out = STDOUT_FILENO, .err = STDERR_FILENO, .tty = o->q.tty, .detach_keys = o->detach_keys,
	};
	struct engine *en;
	int code = 0, r = choose_target(c, o, &q, e);

	if (r == 0 && o->preserve_fds < 0)
		return err_set(e, ERR_INVALID, "--preserve-fds: '%d' is not a number of descriptors", o->preserve_fds);
	q.preserve_fds = (uint32_t)o->preserve_fds;
	if (r == 0)
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
	.min_args = 1,
	.max_args = -1,
	.args_end_options = true,
	.opts = { exec_opts },
	.options_size = sizeof(struct exec_options),
	.failure = 125,
	.run = exec_run,
};
