/* SPDX-License-Identifier: Apache-2.0 */
/* `tare export` writes the files of a container as one tar archive. */
#include "cli/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/cancel.h"
#include "engine/engine.h"
#include "image/moving/outfile.h"

struct export_options {
	const char *output;
};

static const struct opt export_opts[] = {
	OPT(struct export_options, output, "output", 'o', STR, "FILE", "Write to a file instead of standard output"),
	OPT_END,
};

/* A regular file appears when it is whole; a device or pipe is written to as it is. */
static int export_to(struct engine *en, const char *container, struct outfile *file, struct err *e)
{
	bool changed = false;
	int r = container_export(en, container, file->fd, cancel_open(), &changed, e);

	if (r < 0)
		return r;
	if (changed)
		fprintf(stderr, "tare: warning: files changed while they were read\n");
	return outfile_commit(file, e);
}

static int export_run(struct cli *c, const void *options, struct err *e)
{
	const struct export_options *o = options;
	struct outfile file;
	struct engine *en;
	int r;

	if (!o->output && isatty(STDOUT_FILENO))
		return err_set(e, ERR_INVALID, "refusing to write an archive to a terminal; use -o FILE or redirect it");
	r = cli_engine(c, &en, e);
	if (r < 0)
		return r;
	r = outfile_open(&file, o->output, e);
	if (r == 0)
		r = export_to(en, c->args.v[0], &file, e);
	outfile_done(&file);
	return r;
}

const struct command export_command = {
	.names = { "export", "container export" },
	.group = "Containers",
	.summary = "Write the files of a container as a tar archive",
	.args = "CONTAINER",
	.min_args = 1,
	.max_args = 1,
	.opts = { export_opts },
	.options_size = sizeof(struct export_options),
	.run = export_run,
};
