/* SPDX-License-Identifier: Apache-2.0 */
/* `tare image tree` shows the layers of an image, base first, and which images end with each. */
#include "cli/commands.h"

#include <stdio.h>

#include "base/text.h"
#include "base/vec.h"
#include "cli/image_text.h"
#include "engine/engine.h"
#include "image/image.h"

struct tree_options {
	bool what_requires;
};

static const struct opt tree_opts[] = {
	OPT(struct tree_options, what_requires, "whatrequires", 0, FLAG, NULL, "Show the images and layers that are made on it"),
	OPT_END,
};

/* True if the first @n layers of both are the same. */
static bool same_layers(const struct image *x, const struct image *y, size_t n)
{
	if (x->diff_ids.n < n || y->diff_ids.n < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!streq(x->diff_ids.v[i], y->diff_ids.v[i]))
			return false;
	return true;
}

struct tree {
	struct arena *a;
	struct image_store *store;
	const struct images *all;
};

/* The names of all images that consist of the first @n layers of this one. */
static const char *ends_here(const struct tree *t, const struct image *image, size_t n)
{
	const char *text = "";

	for (size_t i = 0; i < t->all->n; i++) {
		const struct image *other = &t->all->v[i];

		if (other->diff_ids.n == n && same_layers(other, image, n) && other->names.n > 0)
			text = arena_printf(t->a, "%s%s%s", text, *text ? " " : "", image_text_names(other, " ", t->a));
	}
	return text;
}

static void layer_print(const struct tree *t, const struct image *image, size_t i, const char *indent, bool last)
{
	const char *names = ends_here(t, image, i + 1);
	char size[TEXT_SIZE_SIZE] = "?";
	struct err ignored; /* no record: shown without size */
	uint64_t bytes;

	if (image_layer_size(t->store, image->diff_ids.v[i], &bytes, &ignored) == 0)
		text_size(bytes, size);
	printf("%s%s ID: %s Size: %7s", indent, last ? "└──" : "├──", image_text_id(image->diff_ids.v[i], false, t->a), size);
	if (*names)
		printf(" Top Layer of: [%s]", names);
	putchar('\n');
}

static void layers_print(const struct tree *t, const struct image *image)
{
	for (size_t i = 0; i < image->diff_ids.n; i++)
		layer_print(t, image, i, "", i + 1 == image->diff_ids.n);
}

/* Layer @n of all images that have the same first @n layers as @image, with what is on top of each. */
static void above_print(const struct tree *t, const struct image *image, size_t n, const char *indent)
{
	struct VEC(const struct image *) next = { 0 };

	for (size_t i = 0; i < t->all->n; i++) {
		const struct image *other = &t->all->v[i];
		bool seen = false;

		if (other->diff_ids.n <= n || !same_layers(other, image, n))
			continue;
		for (size_t k = 0; k < next.n; k++)
			seen |= same_layers(next.v[k], other, n + 1);
		if (!seen)
			*vec_push(t->a, &next) = other;
	}
	for (size_t i = 0; i < next.n; i++) {
		layer_print(t, next.v[i], n, indent, i + 1 == next.n);
		above_print(t, next.v[i], n + 1, arena_printf(t->a, "%s%s", indent, i + 1 == next.n ? "    " : "│   "));
	}
}

static int tree_run(struct cli *c, const void *options, struct err *e)
{
	const struct tree_options *o = options;
	char size[TEXT_SIZE_SIZE];
	struct images all;
	struct tree t = { .a = c->a, .all = &all };
	struct image image;
	struct engine *en;
	const struct image *whole = &image;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = engine_images(en, &t.store, e);
	if (r == 0)
		r = image_find(t.store, c->args.v[0], c->a, &image, e);
	if (r == 0)
		r = image_list(t.store, c->a, &all, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < all.n; i++)
		if (streq(all.v[i].id, image.id))
			whole = &all.v[i]; /* with all its names */
	text_size(image.size, size);
	printf("Image ID: %s\nTags:     [%s]\nSize:     %s\nImage Layers\n", image_text_id(image.id, false, c->a), image_text_names(whole, " ", c->a), size);
	layers_print(&t, &image);
	if (o->what_requires)
		above_print(&t, &image, image.diff_ids.n, "    ");
	return 0;
}

const struct command image_tree_command = {
	.names = { "image tree" },
	.group = "Images",
	.summary = "Show the layers of an image and who shares them",
	.args = "IMAGE",
	.min_args = 1,
	.max_args = 1,
	.opts = { tree_opts },
	.options_size = sizeof(struct tree_options),
	.run = tree_run,
};
