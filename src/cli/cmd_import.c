/* SPDX-License-Identifier: Apache-2.0 */
/* `tare import` makes an image of one layer from a root file system: a tar archive, a directory, or standard input. */
#include "cli/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/cancel.h"
#include "cli/platform_opts.h"
#include "image/moving/pull.h"

struct import_command_options {
	struct import_options import;
	struct platform_options platform;
	bool quiet;
};

static const struct opt import_opts[] = {
	OPT(struct import_command_options, import.changes, "change", 'c', STRS, "LINE", "Dockerfile line for the config: 'CMD [\"sh\"]'"),
	OPT(struct import_command_options, import.message, "message", 'm', STR, "TEXT", "Comment for the history"),
	PLATFORM_OPTS(struct import_command_options, platform, "Platform it is for (default: this machine's)"),
	OPT(struct import_command_options, quiet, "quiet", 'q', FLAG, NULL, "Accepted as podman does: there is no progress to hide"),
	OPT_END,
};

/* What downloads is confined to registries' calls, and says nothing of files that are not addressed by digest. */
static int refuse_url(const char *url, struct err *e)
{
	err_set(e, ERR_UNSUPPORTED, "unsupported: import from a URL; use 'curl -L %.200s | tare import -'", url);
	cli_report(e);
	return EXIT_REFUSED;
}

static int import_run(struct cli *c, const void *options, struct err *e)
{
	const struct import_command_options *o = options;
	const char *name = c->args.n > 1 ? c->args.v[1] : NULL;
	struct import_options import = o->import;
	struct image_store *store;
	struct image image;
	int r = platform_options_text(&o->platform, c->a, &import.platform, e);

	if (r == 0 && (str_after(c->args.v[0], "http://") || str_after(c->args.v[0], "https://")))
		return refuse_url(c->args.v[0], e);
	if (r == 0)
		r = cli_images(c, &store, e);
	if (r < 0)
		return r;
	import.pull.cancel_fd = cancel_open();
	r = image_import(store, c->args.v[0], STDIN_FILENO, name, &import, c->a, &image, e);
	if (r < 0)
		return r;
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
