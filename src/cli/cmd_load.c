/* SPDX-License-Identifier: Apache-2.0 */
/* `tare load` takes images from a docker-archive, an oci-archive or an OCI layout directory; which one it is, it sees itself. */
#include "cli/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/cancel.h"
#include "cli/progress.h"

struct load_options {
	const char *input;
	bool quiet, all_platforms;
	const char *platform;
};

static const struct opt load_opts[] = {
	OPT(struct load_options, input, "input", 'i', STR, "PATH", "Archive or layout directory (default: standard input)"),
	OPT(struct load_options, all_platforms, "all-platforms", 0, FLAG, NULL, "The images for all platforms; those for others are not unpacked"),
	OPT(struct load_options, quiet, "quiet", 'q', FLAG, NULL, "Show no progress"),
	OPT(struct load_options, platform, "platform", 0, STR, "OS/ARCH", "Platform to choose (default: this machine's)"),
	OPT_END,
};

static int load_run(struct cli *c, const void *options, struct err *e)
{
	const struct load_options *o = options;
	struct pull_options p = { .platform = o->platform, .all_platforms = o->all_platforms, .cancel_fd = cancel_open() };
	struct image_store *store;
	struct images list;
	int r = cli_images(c, &store, e);

	if (r < 0)
		return r;
	if (!o->input && isatty(STDIN_FILENO))
		return err_set(e, ERR_INVALID, "an archive is expected on standard input, not a terminal; use -i FILE");
	progress_connect(progress_new(c->a, o->quiet ? -EBADF : STDERR_FILENO), &p);
	r = image_load(store, o->input, STDIN_FILENO, &p, c->a, &list, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i++) {
		for (size_t k = 0; k < list.v[i].names.n; k++) {
			struct reference ref;

			if (reference_parse(list.v[i].names.v[k], c->a, &ref, e) == 0)
				printf("Loaded image: %s\n", reference_familiar(&ref, c->a));
		}
		if (!list.v[i].names.n)
			printf("Loaded image ID: %s\n", list.v[i].id);
	}
	return 0;
}

const struct command load_command = {
	.names = { "load", "image load" },
	.group = "Images",
	.summary = "Take images from an archive or a layout directory",
	.opts = { load_opts },
	.options_size = sizeof(struct load_options),
	.run = load_run,
};
