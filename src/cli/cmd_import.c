/* SPDX-License-Identifier: Apache-2.0 */
/* `tare import` makes an image of one layer from a root file system: a tar archive, a directory, or standard input. */
#include "cli/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/cancel.h"
#include "image/moving/pull.h"

struct import_command_options {
	struct import_options import;
	bool quiet;
};

static const struct opt import_opts[] = {
	OPT(struct import_command_options, import.changes, "change", 'c', STRS, "LINE", "Dockerfile line for the config: 'CMD [\"sh\"]'"),
	OPT(struct import_command_options, import.message, "message", 'm', STR, "TEXT", "Comment for the history"),
	OPT(struct import_command_options, import.platform, "platform", 0, STR, "OS/ARCH", "Platform it is for (default: this machine's)"),
	OPT(struct import_command_options, quiet, "quiet", 'q', FLAG, NULL, "Accepted as podman does: there is no progress to hide"),
	OPT_END,
};

static int import_run(struct cli *c, const void *options, struct err *e)
{
	const struct import_command_options *o = options;
	const char *name = c->args.n > 1 ? c->args.v[1] : NULL;
	struct import_options import = o->import;
	struct image_store *store;
	struct image image;
	int r = cli_images(c, &store, e);

	if (r < 0)
		return r;
	import.pull.cancel_fd = cancel_open();
	r = image_import(store, c->args.v[0], STDIN_FILENO, name, &import, c->a, &image, e);
	if (r < 0)
		return err_wrap(e, "importing '%s'", c->args.v[0]);
	puts(image.id);
	return 0;
}

const struct command import_command = {
	.names = { "import", "image import" },
	.group = "Images",
	.summary = "Make an image from a root file system",
	.args = "FILE|DIRECTORY|- [NAME[:TAG]]",
	.min_args = 1,
	.max_args = 2,
	.opts = { import_opts },
	.options_size = sizeof(struct import_command_options),
	.run = import_run,
};
