/* SPDX-License-Identifier: Apache-2.0 */
/* `tare rmi` drops names of images, and with the last name the image itself unless a container needs it. */
#include "cli/commands.h"

#include <stdio.h>

#include "engine/engine.h"
#include "image/image.h"

struct rmi_options {
	bool force;
};

static const struct opt rmi_opts[] = {
	OPT(struct rmi_options, force, "force", 'f', FLAG, NULL, "Also when it has several names or a container uses it; missing is fine"),
	OPT_UNSUPPORTED("no-prune", 0, NULL),
	OPT_END,
};

static void print_removal(const struct image_removal *removal)
{
	for (size_t i = 0; i < removal->untagged.n; i++)
		printf("Untagged: %s\n", removal->untagged.v[i]);
	for (size_t i = 0; i < removal->deleted.n; i++)
		printf("Deleted: %s\n", removal->deleted.v[i]);
}

static int rmi_run(struct cli *c, const void *options, struct err *e)
{
	const struct rmi_options *o = options;
	struct image_store *store;
	struct engine *en;
	int code = 0, r = cli_engine(c, &en, e);

	if (r == 0)
		r = engine_images(en, &store, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < c->args.n; i++) {
		struct image_removal removal = { 0 };

		r = image_remove(store, c->args.v[i], o->force ? IMAGE_REMOVE_FORCE : 0, engine_image_user, en, c->a, &removal, e);
		print_removal(&removal);
		if (r == 0 || (o->force && r == -ENOENT))
			continue;
		cli_report(e);
		code = 1;
	}
	return code;
}

const struct command rmi_command = {
	.names = { "rmi", "image rm", "image remove" },
	.group = "Images",
	.summary = "Remove images",
	.args = "IMAGE [IMAGE...]",
	.min_args = 1,
	.max_args = -1,
	.opts = { rmi_opts },
	.options_size = sizeof(struct rmi_options),
	.run = rmi_run,
};
