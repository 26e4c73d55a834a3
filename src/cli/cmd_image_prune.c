/* SPDX-License-Identifier: Apache-2.0 */
/* `tare image prune` removes images without a name, or (--all) all that no container uses, and what no image needs. */
#include "cli/commands.h"

#include <stdio.h>

#include "base/vec.h"
#include "cli/prune.h"
#include "engine/engine.h"
#include "image/store/filter.h"

struct prune_command_options {
	bool all, force;
	struct strs filters;
};

static const struct opt image_prune_opts[] = {
	OPT(struct prune_command_options, all, "all", 'a', FLAG, NULL, "All images that no container uses, not only those without a name"),
	OPT(struct prune_command_options, filters, "filter", 0, FILTERS, "WORD=VALUE", "Only those: until=24h, label=KEY[=VALUE], label!=KEY[=VALUE]"),
	OPT_UNSUPPORTED("build-cache", 0, NULL),
	OPT_REFUSED("external", 0, NULL, "no other program keeps containers in this store"),
	OPT(struct prune_command_options, force, "force", 'f', FLAG, NULL, "Do not ask"),
	OPT_END,
};

static bool person_agrees(bool all)
{
	char answer[16];

	fprintf(stderr, "WARNING! This will remove all %s.\nAre you sure you want to continue? [y/N] ",
		all ? "images without at least one container associated to them" : "dangling images");
	return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* How much the layers of these images take, each counted once: what is gone afterwards was reclaimed. */
struct sizes {
	struct strs diff_ids;
	struct VEC(uint64_t) bytes;
};

static void sizes_add(struct sizes *s, struct image_store *store, const struct image *image, struct arena *a)
{
	for (size_t i = 0; i < image->diff_ids.n; i++) {
		struct err ignored; /* not known: not counted */
		uint64_t bytes = 0;

		if (strs_has(&s->diff_ids, image->diff_ids.v[i]) || image_layer_size(store, image->diff_ids.v[i], &bytes, &ignored) < 0)
			continue;
		strs_push(a, &s->diff_ids, image->diff_ids.v[i]);
		*vec_push(a, &s->bytes) = bytes;
	}
}

static uint64_t sizes_of(const struct sizes *s, const struct strs *gone)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->diff_ids.n; i++)
		if (strs_has(gone, s->diff_ids.v[i]))
			sum += s->bytes.v[i];
	return sum;
}

static int prune_run(struct cli *c, const void *options, struct err *e)
{
	const struct prune_command_options *o = options;
	struct image_removal sum = { 0 }, swept;
	struct strs filters = { 0 };
	struct sizes sizes = { 0 };
	uint64_t bytes;
	struct image_store *store;
	struct images list;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	for (size_t i = 0; i < o->filters.n; i++)
		strs_push(c->a, &filters, o->filters.v[i]);
	if (!o->all)
		strs_push(c->a, &filters, "dangling=true");
	if (r == 0)
		r = engine_images(en, &store, e);
	if (r == 0)
		r = image_list(store, c->a, &list, e);
	if (r == 0)
		r = image_filter(store, &filters, &(struct filter_user){ engine_image_user, en }, c->a, &list, e);
	if (r < 0)
		return r;
	if (!o->force && !person_agrees(o->all))
		return 0;
	for (size_t i = 0; i < list.n; i++)
		sizes_add(&sizes, store, &list.v[i], c->a);
	for (size_t i = 0; i < list.n; i++)
		image_remove_unused(store, &list.v[i], engine_image_keeper, en, c->a, &sum);
	r = image_sweep(store, c->a, &swept, e);
	if (r < 0)
		return r;
	bytes = sizes_of(&sizes, &sum.deleted) + swept.bytes;
	for (size_t i = 0; i < swept.deleted.n; i++)
		strs_push(c->a, &sum.deleted, swept.deleted.v[i]);
	prune_images_print(&sum);
	prune_total(bytes);
	return 0;
}

const struct command image_prune_command = {
	.names = { "image prune" },
	.group = "Images",
	.summary = "Remove images that nobody uses",
	.opts = { image_prune_opts },
	.options_size = sizeof(struct prune_command_options),
	.run = prune_run,
};
