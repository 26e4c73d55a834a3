/* SPDX-License-Identifier: Apache-2.0 */
/* `tare pull` brings an image from a registry and prints its full name. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "cli/cancel.h"
#include "cli/progress.h"
#include "cli/registry_opts.h"
#include "image/registries/remote.h"
#include "os/pty.h"

struct pull_command_options {
	struct registry_options registry;
	bool quiet, all_tags, no_keep_blobs;
	const char *platform, *signature_policy;
};

static const struct pull_command_options pull_defaults = { .registry = REGISTRY_DEFAULTS };

static const struct opt pull_opts[] = {
	OPT(struct pull_command_options, all_tags, "all-tags", 'a', FLAG, NULL, "All tags the repository has"),
	OPT(struct pull_command_options, quiet, "quiet", 'q', FLAG, NULL, "Print nothing but the name"),
	OPT(struct pull_command_options, platform, "platform", 0, STR, "OS/ARCH", "Platform to choose (default: this machine's)"),
	OPT(struct pull_command_options, no_keep_blobs, "no-keep-blobs", 0, FLAG, NULL, "Unpack layers, but do not keep what they came as"),
	OPT(struct pull_command_options, signature_policy, "signature-policy", 0, STR, "FILE", "Which signatures are required (policy.json)"),
	OPT_UNSUPPORTED("all-platforms", 0, NULL),
	OPT_UNSUPPORTED("disable-content-trust", 0, NULL),
	OPT_END,
};

/* A name without a host, and several registries it may be from. */
static int choose(void *arg, const char *name, const struct strs *candidates)
{
	char line[32];
	uint32_t number;

	printf("Which image is '%s'?\n", name);
	for (size_t i = 0; i < candidates->n; i++)
		printf("  %zu  %s\n", i + 1, candidates->v[i]);
	fputs("Number: ", stdout);
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		return -1;
	line[strcspn(line, "\r\n")] = 0;
	return parse_u32(line, &number) == 0 && number >= 1 && number <= candidates->n ? (int)number - 1 : -1;
}

static int pull_one(struct cli *c, struct image_store *images, const char *name, const struct pull_command_options *o, struct err *e)
{
	struct pull_options p = registry_options_pull(&o->registry);
	struct reference ref;
	struct image image;
	bool changed;
	int r = reference_parse(name, c->a, &ref, e);

	if (r < 0)
		return r;
	p.platform = o->platform;
	p.cancel_fd = cancel_open();
	p.signature_policy = o->signature_policy;
	p.drop_blobs = o->no_keep_blobs;
	p.choose = pty_is_terminal(STDIN_FILENO) && pty_is_terminal(STDOUT_FILENO) ? choose : NULL;
	progress_connect(progress_new(c->a, o->quiet ? -EBADF : STDOUT_FILENO), &p);
	r = image_pull(images, name, &p, c->a, &image, &changed, e);
	if (r < 0)
		return r;
	if (!o->quiet) {
		printf("Digest: %s\n", image.index ? image.index : image.manifest);
		printf("Status: %s %s\n", changed ? "Downloaded newer image for" : "Image is up to date for", reference_familiar(&ref, c->a));
	}
	puts(image.names.n > 0 ? image.names.v[0] : reference_print(&ref, c->a));
	return 0;
}

static int pull_all(struct cli *c, struct image_store *images, const char *name, const struct pull_command_options *o, struct err *e)
{
	struct pull_options p = registry_options_pull(&o->registry);
	const char *repository;
	struct reference ref;
	struct strs tags;
	int r = reference_parse(name, c->a, &ref, e);

	if (r == 0 && (ref.digest || !reference_is_bare(name)))
		r = err_set(e, ERR_INVALID, "'%s' has a tag or digest, and --all-tags means all of them", name);
	if (r == 0)
		r = remote_tags(images, name, &p, c->a, &tags, &repository, e);
	for (size_t i = 0; r == 0 && i < tags.n; i++)
		r = pull_one(c, images, arena_printf(c->a, "%s:%s", repository, tags.v[i]), o, e);
	return r;
}

static int pull_run(struct cli *c, const void *options, struct err *e)
{
	const struct pull_command_options *o = options;
	struct image_store *images;
	int r = cli_images(c, &images, e);

	if (r < 0)
		return r;
	return o->all_tags ? pull_all(c, images, c->args.v[0], o, e) : pull_one(c, images, c->args.v[0], o, e);
}

const struct command pull_command = {
	.names = { "pull", "image pull" },
	.group = "Images",
	.summary = "Bring an image from a registry",
	.args = "NAME[:TAG|@DIGEST]",
	.min_args = 1,
	.max_args = 1,
	.opts = { pull_opts, registry_opts },
	.options_size = sizeof(struct pull_command_options),
	.defaults = &pull_defaults,
	.run = pull_run,
};
