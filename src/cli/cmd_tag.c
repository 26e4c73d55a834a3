/* SPDX-License-Identifier: Apache-2.0 */
/* `tare tag` gives an image a further name. */
#include "cli/commands.h"

#include "engine/engine.h"
#include "image/image.h"

static int tag_run(struct cli *c, const void *options, struct err *e)
{
	struct image_store *store;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = engine_images(en, &store, e);
	if (r < 0)
		return r;
	return image_tag(store, c->args.v[0], c->args.v[1], e);
}

const struct command tag_command = {
	.names = { "tag", "image tag" },
	.group = "Images",
	.summary = "Give an image a further name",
	.args = "IMAGE NAME[:TAG]",
	.min_args = 2,
	.max_args = 2,
	.run = tag_run,
};
