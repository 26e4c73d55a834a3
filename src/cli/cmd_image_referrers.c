/* SPDX-License-Identifier: Apache-2.0 */
/* `tare image referrers` lists what in a registry is about an image: signatures, attestations, lists of parts. */
#include "cli/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "cli/progress.h"
#include "cli/registry_opts.h"
#include "cli/table.h"
#include "image/registries/remote.h"

struct referrers_options {
	struct registry_options registry;
	const char *artifact_type, *format;
};

static const struct referrers_options referrers_defaults = { .registry = REGISTRY_DEFAULTS };

static const struct opt referrers_opts[] = {
	OPT(struct referrers_options, artifact_type, "artifact-type", 0, STR, "TYPE", "Only those of this type"),
	OPT(struct referrers_options, format, "format", 0, STR, "TEMPLATE", "Go template, 'json' or 'table TEMPLATE'"),
	OPT_END,
};

enum { DIGEST, ARTIFACT_TYPE, MEDIA_TYPE, SIZE, N_COLUMNS };

static const struct table_column columns[N_COLUMNS] = {
	{ "Digest", "DIGEST", true }, { "ArtifactType", "ARTIFACT TYPE", true }, { "MediaType", "MEDIA TYPE", false }, { "Size", "SIZE", true },
};

static int referrers_run(struct cli *c, const void *options, struct err *e)
{
	const struct referrers_options *o = options;
	struct pull_options p = registry_options_pull(&o->registry);
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct table t = TABLE(c->a, columns);
	struct image_store *images;
	struct oci_index list;
	const char *digest;
	int r = cli_images(c, &images, e);

	if (r < 0)
		return r;
	progress_connect(progress_new(c->a, STDERR_FILENO), &p);
	r = remote_referrers(images, c->args.v[0], o->artifact_type, &p, c->a, &list, &digest, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n_manifests; i++) {
		const struct oci_descriptor *d = &list.manifests[i];
		const char **row = table_row(&t);
		char size[TEXT_SIZE_SIZE];

		text_size((uint64_t)d->size, size);
		row[DIGEST] = d->digest;
		row[ARTIFACT_TYPE] = d->artifact_type ? d->artifact_type : "";
		row[MEDIA_TYPE] = d->media_type;
		row[SIZE] = arena_strdup(c->a, size);
	}
	r = table_print(&t, o->format, &out, e);
	if (r < 0)
		return r;
	fwrite(buf_text(&out), 1, out.n, stdout);
	return 0;
}

const struct command image_referrers_command = {
	.names = { "image referrers" },
	.group = "Images",
	.summary = "List what a registry has about an image: signatures, attestations",
	.args = "[docker://]NAME[:TAG|@DIGEST]",
	.min_args = 1,
	.max_args = 1,
	.opts = { referrers_opts, registry_opts },
	.options_size = sizeof(struct referrers_options),
	.defaults = &referrers_defaults,
	.run = referrers_run,
};
