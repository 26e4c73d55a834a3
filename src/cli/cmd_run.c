/* SPDX-License-Identifier: Apache-2.0 */
/* `tare run` makes a container from an image and runs it: in the foreground until it ends, or with -d in the background. */
#include "cli/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/request_opts.h"
#include "cli/supervision_opts.h"
#include "cli/timing.h"
#include "image/moving/pull.h"
#include "os/fd.h"

struct run_options {
	struct request_options request; /* first: request_opts fill it */
	bool detach, sig_proxy, timing;
	struct strs attach;
	const char *detach_keys;
};

static const struct run_options run_defaults = { .sig_proxy = true, .request.tls_verify = true };

static const struct opt run_opts[] = {
	OPT(struct run_options, detach, "detach", 'd', FLAG, NULL, "Run in the background and print the id"),
	OPT(struct run_options, attach, "attach", 'a', STRS, "STREAM", "Attach to stdin, stdout or stderr"),
	OPT(struct run_options, detach_keys, "detach-keys", 0, STR, "KEYS", "Keys that detach (default ctrl-p,ctrl-q)"),
	OPT(struct run_options, sig_proxy, "sig-proxy", 0, FLAG, NULL, "Pass signals on (default true)"),
	OPT(struct run_options, timing, "timing", 0, FLAG, NULL, "Print how long every step took"),
	OPT_END,
};

/* Which of our streams the container gets. Without -a: output always, input with -i. */
static int choose_streams(const struct run_options *o, struct engine_io *io, struct err *e)
{
	static const char *const names[] = { "stdin", "stdout", "stderr" };
	int *const streams[] = { &io->in, &io->out, &io->err };

	*io = (struct engine_io){
		.in = -EBADF, .out = -EBADF, .err = -EBADF, .tty = o->request.q.tty, .sig_proxy = o->sig_proxy, .detach_keys = o->detach_keys,
	};
	if (!o->attach.n) {
		io->in = o->request.q.interactive ? STDIN_FILENO : -EBADF;
		io->out = STDOUT_FILENO;
		io->err = STDERR_FILENO;
	}
	for (size_t i = 0; i < o->attach.n; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(names) && strcasecmp(names[k], o->attach.v[i]) != 0)
			k++;
		if (k == ARRAY_LEN(names))
			return err_set(e, ERR_INVALID, "invalid argument for --attach: '%s' is not stdin, stdout or stderr", o->attach.v[i]);
		*streams[k] = (int)k;
	}
	if (!o->detach && io->tty && io->in >= 0 && !isatty(io->in))
		return err_set(e, ERR_INVALID, "the input device is not a terminal; leave out -t to run without one");
	return 0;
}

static int run_run(struct cli *c, const void *options, struct err *e)
{
	const struct run_options *o = options;
	struct container_request q;
	struct engine_progress progress;
	struct engine_outcome outcome = { 0 };
	struct pull_options pull;
	scoped_fd int cidfile = -EBADF;
	const char *id = NULL;
	struct engine_io io;
	struct engine *en;
	struct err ignored;
	int r = request_opts_finish(c, &o->request, &q, e);

	if (r == 0 && o->detach && o->attach.n)
		return err_set(e, ERR_INVALID, "--detach and --attach exclude each other");
	if (r == 0)
		r = choose_streams(o, &io, e);
	if (r == 0 && o->timing)
		r = timing_begin();
	if (r == 0)
		r = cli_engine(c, &en, e);
	if (r == 0)
		r = request_cidfile_claim(&o->request, &cidfile, e);
	if (r < 0)
		return r;
	request_progress(c, &o->request, &progress, &pull);
	r = container_run(en, &q, &progress, o->detach ? NULL : &io, c->a, &id, &outcome, e);
	/* The id file tells of a container that exists even if its start failed; a write error then is the lesser one. */
	if (request_cidfile_write(&o->request, cidfile, id, r < 0 ? &ignored : e) < 0 && r == 0)
		r = -EIO;
	/* As docker: whoever sees no output sees the id. */
	if (r == 0 && (o->detach || (io.out < 0 && io.err < 0)))
		puts(id);
	if (o->timing)
		timing_print();
	return r < 0 ? r : outcome.code;
}

const struct command run_command = {
	.names = { "run", "container run" },
	.group = "Containers",
	.summary = "Make a container from an image and run it",
	.args = "IMAGE [COMMAND] [ARG...]",
	.min_args = 1,
	.max_args = -1,
	.args_end_options = true,
	.opts = { run_opts, request_opts, limit_opts, isolation_opts, supervision_opts },
	.options_size = sizeof(struct run_options),
	.defaults = &run_defaults,
	.failure = 125,
	.run = run_run,
};
