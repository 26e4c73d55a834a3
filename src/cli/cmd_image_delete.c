/* SPDX-License-Identifier: Apache-2.0 */
/* `tare image delete` takes an image away at its registry, as `skopeo delete` does. */
#include "cli/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/progress.h"
#include "cli/registry_opts.h"
#include "image/registries/remote.h"

struct image_delete_options {
	struct registry_options registry;
	bool only_tag;
};

static const struct image_delete_options image_delete_defaults = { .registry = REGISTRY_DEFAULTS };

static const struct opt image_delete_opts[] = {
	OPT(struct image_delete_options, only_tag, "only-tag", 0, FLAG, NULL, "Only this tag, where the registry can do that; else the manifest with all its tags"),
	OPT_END,
};

static int image_delete_run(struct cli *c, const void *options, struct err *e)
{
	const struct image_delete_options *o = options;
	struct pull_options p = registry_options_pull(&o->registry);
	struct image_store *images;
	int r;

	if (!str_after(c->args.v[0], "docker://"))
		return err_set(e, ERR_INVALID, "write docker://%s to delete it at its registry; 'tare rmi' removes images from this machine", c->args.v[0]);
	r = cli_images(c, &images, e);
	if (r < 0)
		return r;
	progress_connect(progress_new(c->a, STDERR_FILENO), &p);
	return remote_delete(images, c->args.v[0], o->only_tag, &p, c->a, NULL, e);
}

const struct command image_delete_command = {
	.names = { "image delete" },
	.group = "Images",
	.summary = "Take an image away at its registry",
	.args = "docker://NAME[:TAG|@DIGEST]",
	.min_args = 1,
	.max_args = 1,
	.opts = { image_delete_opts, registry_opts },
	.options_size = sizeof(struct image_delete_options),
	.defaults = &image_delete_defaults,
	.run = image_delete_run,
};
