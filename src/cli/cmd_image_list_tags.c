/* SPDX-License-Identifier: Apache-2.0 */
/* `tare image list-tags` prints the tags a registry has of a repository, as skopeo does. */
#include "cli/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/progress.h"
#include "cli/registry_opts.h"
#include "image/registries/remote.h"

struct list_tags_options {
	struct registry_options registry;
};

static const struct list_tags_options list_tags_defaults = { .registry = REGISTRY_DEFAULTS };

static const struct opt list_tags_opts[] = {
	OPT_END,
};

struct tags_document {
	const char *repository;
	struct strs tags;
};
static const struct field tags_fields[] = {
	FIELD(struct tags_document, repository, "Repository", STR, 0),
	FIELD(struct tags_document, tags, "Tags", STRS, 0),
};
static const struct schema tags_schema = SCHEMA("tags", struct tags_document, tags_fields);

static int list_tags_run(struct cli *c, const void *options, struct err *e)
{
	const struct list_tags_options *o = options;
	struct pull_options p = registry_options_pull(&o->registry);
	scoped_buf struct buf out = BUF(LIMIT_FILE);
	struct tags_document d = { 0 };
	struct image_store *images;
	int r = cli_images(c, &images, e);

	if (r < 0)
		return r;
	progress_connect(progress_new(c->a, STDERR_FILENO), &p);
	r = remote_tags(images, c->args.v[0], &p, c->a, &d.tags, &d.repository, e);
	if (r == 0)
		r = json_encode(&tags_schema, &d, 4, &out) < 0 ? err_set(e, ERR_EXHAUSTED, "too many tags") : 0;
	if (r < 0)
		return r;
	puts(buf_text(&out));
	return 0;
}

const struct command image_list_tags_command = {
	.names = { "image list-tags" },
	.group = "Images",
	.summary = "List the tags a registry has of a repository",
	.args = "[docker://]NAME",
	.min_args = 1,
	.max_args = 1,
	.opts = { list_tags_opts, registry_opts },
	.options_size = sizeof(struct list_tags_options),
	.defaults = &list_tags_defaults,
	.run = list_tags_run,
};
