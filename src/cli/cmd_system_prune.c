/* SPDX-License-Identifier: Apache-2.0 */
/* `tare system prune` removes what nothing uses: stopped containers, networks, images, with --volumes the volumes nobody named, and what interrupted work left. */
#include "cli/commands.h"

#include <stdio.h>

#include "base/vec.h"
#include "cli/prune.h"
#include "engine/engine.h"
#include "engine/network_commands.h"
#include "engine/volumes.h"
#include "image/image.h"

struct prune_options {
	bool all, force, volumes;
	struct strs filters;
};

static const struct opt prune_opts[] = {
	OPT(struct prune_options, all, "all", 'a', FLAG, NULL, "All images that no container uses, not only those without a name"),
	OPT(struct prune_options, volumes, "volumes", 0, FLAG, NULL, "Also volumes that nobody named and no container has"),
	OPT(struct prune_options, filters, "filter", 0, FILTERS, "FILTER", "Only those: until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE]"),
	OPT(struct prune_options, force, "force", 'f', FLAG, NULL, "Do not ask"),
	OPT_UNSUPPORTED("build", 0, NULL),
	OPT_REFUSED("external", 0, NULL, "no other program keeps containers in this store"),
	OPT_END,
};

static int parts_prune(struct cli *c, const struct prune_options *o, const struct prune_filter *f, uint64_t *bytes, struct err *e)
{
	struct prune_list containers = { "Deleted Containers:", 0 }, networks = { "Deleted Networks:", 0 }, volumes = { "Deleted Volumes:", 0 };
	struct image_removal removal;
	struct image_store *store;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = container_prune(en, f, prune_print, &containers, bytes, e);
	prune_list_end(&containers);
	if (r == 0)
		r = network_prune(en, f, prune_print, &networks, e);
	prune_list_end(&networks);
	if (r == 0 && o->volumes)
		r = volume_prune(en, false, f, prune_print, &volumes, bytes, e);
	prune_list_end(&volumes);
	if (r == 0)
		r = engine_images(en, &store, e);
	if (r == 0)
		r = image_prune(store, &(struct image_prune_options){ o->all, f->until, f->labels, f->not_labels }, engine_image_keeper, en, c->a, &removal, e);
	if (r < 0)
		return r;
	prune_images_print(&removal);
	*bytes += removal.bytes;
	return 0;
}

static int prune_run(struct cli *c, const void *options, struct err *e)
{
	const struct prune_options *o = options;
	struct prune_filter f;
	uint64_t bytes = 0;
	int r = prune_filter_parse(&o->filters, c->a, &f, e);

	/* Docker refuses this too: a volume has no time of its own. */
	if (r == 0 && o->volumes && f.until > 0)
		r = err_set(e, ERR_INVALID, "the filter 'until' cannot be used together with --volumes");
	if (r < 0)
		return r;
	if (!o->force && !prune_agreed(arena_printf(c->a, "  - all containers that do not run\n  - all networks that no container has\n%s  - %s\n  - what interrupted work left",
			o->volumes ? "  - all volumes that nobody named and no container has\n" : "",
			o->all ? "all images that no container uses" : "all images without a name")))
		return 0;
	r = parts_prune(c, o, &f, &bytes, e);
	if (r == 0)
		prune_total(bytes);
	return r;
}

const struct command system_prune_command = {
	.names = { "system prune" },
	.group = "System",
	.summary = "Remove what nothing uses",
	.opts = { prune_opts },
	.options_size = sizeof(struct prune_options),
	.run = prune_run,
};
