/* SPDX-License-Identifier: Apache-2.0 */
/* `tare rmi` drops names of images, and with the last name the image itself unless a container needs it. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>

#include "base/vec.h"
#include "engine/engine.h"
#include "image/image.h"

struct rmi_options {
	bool all, force, ignore, no_prune;
};

static const struct opt rmi_opts[] = {
	OPT(struct rmi_options, all, "all", 'a', FLAG, NULL, "All images"),
	OPT(struct rmi_options, force, "force", 'f', FLAG, NULL, "Also when it has several names or a container uses it; missing is fine"),
	OPT(struct rmi_options, ignore, "ignore", 'i', FLAG, NULL, "Missing is fine"),
	OPT(struct rmi_options, no_prune, "no-prune", 0, FLAG, NULL, "Keep images without a name that it was made from (they always stay)"),
	OPT_REFUSED("platform", 0, "OS/ARCH", "an image here is of one platform; name it by its id"),
	OPT_END,
};

static void print_removal(const struct image_removal *removal)
{
	for (size_t i = 0; i < removal->untagged.n; i++)
		printf("Untagged: %s\n", removal->untagged.v[i]);
	for (size_t i = 0; i < removal->deleted.n; i++)
		printf("Deleted: %s\n", removal->deleted.v[i]);
}

/* Every name, and images without one by their id. */
static int targets_all(struct image_store *store, struct arena *a, struct strs *ret, struct err *e)
{
	struct images list;
	int r = image_list(store, a, &list, e);

	for (size_t i = 0; r == 0 && i < list.n; i++) {
		if (list.v[i].names.n == 0)
			strs_push(a, ret, list.v[i].id);
		for (size_t k = 0; k < list.v[i].names.n; k++)
			strs_push(a, ret, list.v[i].names.v[k]);
	}
	return r;
}

static int rmi_run(struct cli *c, const void *options, struct err *e)
{
	const struct rmi_options *o = options;
	struct strs targets = c->args;
	struct image_store *store;
	struct engine *en;
	int code = 0, r;

	if (o->all == (targets.n > 0))
		return err_set(e, ERR_INVALID, o->all ? "either --all or names of images" : "which image? give names or --all");
	r = cli_engine(c, &en, e);
	if (r == 0)
		r = engine_images(en, &store, e);
	if (r == 0 && o->all)
		r = targets_all(store, c->a, &targets, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < targets.n; i++) {
		struct image_removal removal = { 0 };

		r = image_remove(store, targets.v[i], o->force ? IMAGE_REMOVE_FORCE : 0, engine_image_keeper, en, c->a, &removal, e);
		print_removal(&removal);
		if (r == 0 || ((o->force || o->ignore || o->all) && r == -ENOENT))
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
	.args = "[IMAGE...]",
	.max_args = -1,
	.opts = { rmi_opts },
	.options_size = sizeof(struct rmi_options),
	.run = rmi_run,
};
