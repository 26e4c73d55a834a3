/* SPDX-License-Identifier: Apache-2.0 */
/* `tare image exists` says by its exit code whether an image is here: 0 yes, 1 no. */
#include "cli/commands.h"

#include <errno.h>

#include "image/image.h"

static int exists_run(struct cli *c, const void *options, struct err *e)
{
	struct image_store *store;
	struct image image;
	int r = cli_images(c, &store, e);

	if (r < 0)
		return r;
	r = image_find(store, c->args.v[0], c->a, &image, e);
	return r == -ENOENT ? 1 : r;
}

const struct command image_exists_command = {
	.names = { "image exists" },
	.group = "Images",
	.summary = "Say by the exit code whether an image is here",
	.args = "IMAGE",
	.min_args = 1,
	.max_args = 1,
	.failure = 125,
	.run = exists_run,
};
