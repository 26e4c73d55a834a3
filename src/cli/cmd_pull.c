/* SPDX-License-Identifier: Apache-2.0 */
/* `tare pull` brings an image from a registry and prints its full name. */
#include "cli/commands.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/progress.h"
#include "engine/engine.h"

struct pull_command_options {
	bool quiet;
	bool tls_verify;
	const char *platform, *authfile, *creds;
};

static const struct pull_command_options pull_defaults = { .tls_verify = true };

static const struct opt pull_opts[] = {
	OPT(struct pull_command_options, quiet, "quiet", 'q', FLAG, NULL, "Print nothing but the name"),
	OPT(struct pull_command_options, platform, "platform", 0, STR, "OS/ARCH", "Platform to choose (default: this machine's)"),
	OPT(struct pull_command_options, tls_verify, "tls-verify", 0, FLAG, NULL, "Insist on a trusted certificate (default true)"),
	OPT(struct pull_command_options, authfile, "authfile", 0, STR, "FILE", "Credentials file"),
	OPT(struct pull_command_options, creds, "creds", 0, STR, "USER:PASSWORD", "Credentials for this pull"),
	OPT_UNSUPPORTED("all-tags", 'a', NULL),
	OPT_UNSUPPORTED("disable-content-trust", 0, NULL),
	OPT_END,
};

static int pull_run(struct cli *c, const void *options, struct err *e)
{
	const struct pull_command_options *o = options;
	struct pull_options p = {
		.platform = o->platform, .no_tls_verify = !o->tls_verify, .authfile = o->authfile, .credentials = o->creds,
	};
	struct image_store *images;
	struct reference ref;
	struct engine *en;
	struct image image;
	bool changed;
	int r = cli_engine(c, &en, e);

	if (r == 0)
		r = engine_images(en, &images, e);
	if (r == 0)
		r = reference_parse(c->args.v[0], c->a, &ref, e);
	if (r < 0)
		return r;
	progress_connect(progress_new(c->a, o->quiet ? -EBADF : STDOUT_FILENO), &p);
	r = image_pull(images, c->args.v[0], &p, c->a, &image, &changed, e);
	if (r < 0)
		return r;
	if (!o->quiet) {
		printf("Digest: %s\n", image.index ? image.index : image.manifest);
		printf("Status: %s %s\n", changed ? "Downloaded newer image for" : "Image is up to date for", reference_familiar(&ref, c->a));
	}
	puts(reference_print(&ref, c->a));
	return 0;
}

const struct command pull_command = {
	.names = { "pull", "image pull" },
	.group = "Images",
	.summary = "Bring an image from a registry",
	.args = "NAME[:TAG|@DIGEST]",
	.min_args = 1,
	.max_args = 1,
	.opts = { pull_opts },
	.options_size = sizeof(struct pull_command_options),
	.defaults = &pull_defaults,
	.run = pull_run,
};
