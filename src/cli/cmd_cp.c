/* SPDX-License-Identifier: Apache-2.0 */
/* `tare cp` copies files out of containers, into them, and between them, whether they run or not; "-" is a tar on standard input or output. */
#include "cli/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/cancel.h"
#include "engine/copy.h"

struct cp_options {
	bool archive, follow, quiet, overwrite;
};

static const struct opt cp_opts[] = {
	OPT(struct cp_options, archive, "archive", 'a', FLAG, NULL, "Into a container: everything becomes its user's; out of one: owners and devices stay"),
	OPT(struct cp_options, follow, "follow-link", 'L', FLAG, NULL, "A link as source is what it leads to"),
	OPT(struct cp_options, overwrite, "overwrite", 0, FLAG, NULL, "Replace directories by files, and the other way round"),
	OPT(struct cp_options, quiet, "quiet", 'q', FLAG, NULL, "Show no progress (none is shown)"),
	OPT_END,
};

static int cp_run(struct cli *c, const void *options, struct err *e)
{
	const struct cp_options *o = options;
	struct copy_request q = { .from = copy_end_parse(c->args.v[0], c->a), .to = copy_end_parse(c->args.v[1], c->a), .archive = o->archive,
		.follow = o->follow, .overwrite = o->overwrite, .in = STDIN_FILENO, .out = STDOUT_FILENO };
	struct engine *en;
	int r;

	if (!q.to.container && streq(q.to.path, "-") && isatty(STDOUT_FILENO))
		return err_set(e, ERR_INVALID, "refusing to write a tar to a terminal: redirect it");
	r = cli_engine(c, &en, e);
	if (r < 0)
		return r;
	q.cancel_fd = cancel_open();
	r = container_copy(en, &q, e);
	cancel_close();
	return r;
}

const struct command cp_command = {
	.names = { "cp", "container cp" },
	.group = "Containers",
	.summary = "Copy files out of a container, into one, or between two",
	.args = "[CONTAINER:]SOURCE|- [CONTAINER:]DESTINATION|-",
	.min_args = 2,
	.max_args = 2,
	.opts = { cp_opts },
	.options_size = sizeof(struct cp_options),
	.run = cp_run,
};
