/* SPDX-License-Identifier: Apache-2.0 */
/* `tare image prune` removes images without a name, or (--all) all that no container uses, and what no image needs. */
#include "cli/commands.h"

#include <stdio.h>

#include "base/text.h"
#include "base/vec.h"
#include "engine/engine.h"
#include "image/filter.h"

struct prune_command_options {
	bool all, force;
	struct strs filters;
};

static const struct opt image_prune_opts[] = {
	OPT(struct prune_command_options, all, "all", 'a', FLAG, NULL, "All images that no container uses, not only those without a name"),
	OPT(struct prune_command_options, filters, "filter", 0, STRS, "WORD=VALUE", "Only those: until=24h, label=KEY[=VALUE], label!=KEY[=VALUE]"),
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

/* What is in use is found out by the removal itself, under its lock. */
static void image_prune_one(struct cli *c, struct engine *en, struct image_store *store, const struct image *image, struct image_removal *sum)
{
	struct strs names = image->names;
	struct err ignored; /* in use, or just taken: it stays */
	char who[256];

	if (engine_image_user(en, image->id, who, sizeof who))
		return;
	if (names.n == 0)
		strs_push(c->a, &names, image->id);
	for (size_t i = 0; i < names.n; i++) {
		struct image_removal one;

		if (image_remove(store, names.v[i], 0, engine_image_user, en, c->a, &one, &ignored) < 0)
			continue;
		for (size_t k = 0; k < one.untagged.n; k++)
			strs_push(c->a, &sum->untagged, one.untagged.v[k]);
		for (size_t k = 0; k < one.deleted.n; k++)
			strs_push(c->a, &sum->deleted, one.deleted.v[k]);
	}
}

static void print_sum(const struct image_removal *sum, uint64_t bytes)
{
	char size[TEXT_SIZE_SIZE];

	if (sum->untagged.n + sum->deleted.n > 0) {
		puts("Deleted Images:");
		for (size_t i = 0; i < sum->untagged.n; i++)
			printf("untagged: %s\n", sum->untagged.v[i]);
		for (size_t i = 0; i < sum->deleted.n; i++)
			printf("deleted: %s\n", sum->deleted.v[i]);
		putchar('\n');
	}
	text_size(bytes, size);
	printf("Total reclaimed space: %s\n", size);
}

static int prune_run(struct cli *c, const void *options, struct err *e)
{
	const struct prune_command_options *o = options;
	struct image_removal sum = { 0 }, swept;
	struct strs filters = { 0 };
	struct sizes sizes = { 0 };
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
		image_prune_one(c, en, store, &list.v[i], &sum);
	r = image_sweep(store, c->a, &swept, e);
	if (r < 0)
		return r;
	print_sum(&sum, sizes_of(&sizes, &sum.deleted) + swept.bytes);
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
