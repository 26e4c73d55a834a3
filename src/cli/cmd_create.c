/* SPDX-License-Identifier: Apache-2.0 */
/* `tare create` makes a container from an image without starting it, and prints its id. */
#include "cli/commands.h"

#include <stdio.h>

#include "cli/request_opts.h"
#include "cli/supervision_opts.h"
#include "image/moving/pull.h"
#include "os/fd.h"

static const struct request_options create_defaults = { .tls_verify = true };

static int create_run(struct cli *c, const void *options, struct err *e)
{
	const struct request_options *o = options;
	struct engine_progress progress;
	struct container_request q;
	struct pull_options pull;
	scoped_fd int cidfile = -EBADF;
	const char *id = NULL;
	struct engine *en;
	struct err ignored;
	int r = request_opts_finish(c, o, &q, e);

	if (r == 0)
		r = cli_engine(c, &en, e);
	if (r == 0)
		r = request_cidfile_claim(o, &cidfile, e);
	if (r < 0)
		return r;
	request_progress(c, o, &progress, &pull);
	r = container_create(en, &q, &progress, c->a, &id, e);
	if (r < 0) {
		request_cidfile_write(o, cidfile, NULL, &ignored);
		return r;
	}
	puts(id);
	return request_cidfile_write(o, cidfile, id, e);
}

const struct command create_command = {
	.names = { "create", "container create" },
	.group = "Containers",
	.summary = "Make a container from an image without starting it",
	.args = "IMAGE [COMMAND] [ARG...]",
	.min_args = 1,
	.max_args = -1,
	.args_end_options = true,
	.opts = { request_opts, limit_opts, isolation_opts, supervision_opts },
	.options_size = sizeof(struct request_options),
	.defaults = &create_defaults,
	.failure = 125,
	.run = create_run,
};
