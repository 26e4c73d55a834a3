/* SPDX-License-Identifier: Apache-2.0 */
/* `tare tag` gives an image further names, `tare untag` takes names away; the image stays in any case. */
#include "cli/commands.h"

#include "image/image.h"

static int tag_run(struct cli *c, const void *options, struct err *e)
{
	struct image_store *store;
	int r = cli_images(c, &store, e);

	for (size_t i = 1; i < c->args.n && r == 0; i++)
		r = image_tag(store, c->args.v[0], c->args.v[i], e);
	return r;
}

static int untag_run(struct cli *c, const void *options, struct err *e)
{
	const struct strs names = { c->args.v + 1, c->args.n - 1 };
	struct image_store *store;
	struct strs untagged;
	int r = cli_images(c, &store, e);

	return r < 0 ? r : image_untag(store, c->args.v[0], &names, c->a, &untagged, e);
}

const struct command tag_command = {
	.names = { "tag", "image tag" },
	.group = "Images",
	.summary = "Give an image further names",
	.args = "IMAGE NAME[:TAG] [NAME[:TAG]...]",
	.min_args = 2,
	.max_args = -1,
	.run = tag_run,
};

const struct command untag_command = {
	.names = { "untag", "image untag" },
	.group = "Images",
	.summary = "Take names (or all of them) away from an image",
	.args = "IMAGE [NAME[:TAG]...]",
	.min_args = 1,
	.max_args = -1,
	.run = untag_run,
};
