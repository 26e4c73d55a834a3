/* SPDX-License-Identifier: Apache-2.0 */
/* `tare commit` makes an image of a container: what it changed becomes a layer, what it was run with becomes the configuration. */
#include "cli/commands.h"

#include <fcntl.h>
#include <stdio.h>

#include "cli/cancel.h"
#include "engine/engine.h"
#include "os/file.h"

struct commit_options {
	struct container_commit_options commit;
	const char *iidfile, *format;
	bool quiet, no_pause;
};

static const struct commit_options commit_defaults = { .commit.pause = true };

static const struct opt commit_opts[] = {
	OPT(struct commit_options, commit.author, "author", 'a', STR, "NAME", "Author, such as \"Jo <jo@example.com>\""),
	OPT(struct commit_options, commit.changes, "change", 'c', STRS, "LINE", "Dockerfile line for the configuration: 'CMD [\"sh\"]'"),
	OPT(struct commit_options, commit.compression, "compression", 0, STR, "KIND", "Of the new layer: gzip (default), zstd or none"),
	OPT(struct commit_options, format, "format", 'f', STR, "FORMAT", "Manifest as 'oci' (default) or 'docker' has it"),
	OPT(struct commit_options, iidfile, "iidfile", 0, STR, "FILE", "Write the id of the image to a file"),
	OPT(struct commit_options, commit.volumes, "include-volumes", 0, FLAG, NULL, "The container's volumes become volumes of the image"),
	OPT(struct commit_options, commit.message, "message", 'm', STR, "TEXT", "Comment for the history"),
	OPT(struct commit_options, commit.pause, "pause", 'p', FLAG, NULL, "Freeze the container meanwhile (default; --pause=false does not)"),
	OPT(struct commit_options, no_pause, "no-pause", 0, FLAG, NULL, "As --pause=false"),
	OPT(struct commit_options, quiet, "quiet", 'q', FLAG, NULL, "No warnings, only the id"),
	OPT(struct commit_options, commit.squash, "squash", 's', FLAG, NULL, "One layer with all files instead of one more"),
	OPT_REFUSED("config", 0, "FILE", "use --change for each member"),
	OPT_END,
};

static int commit_run(struct cli *c, const void *options, struct err *e)
{
	struct container_commit_options o = ((const struct commit_options *)options)->commit;
	const struct commit_options *more = options;
	struct engine *en;
	bool changed = false;
	const char *id;
	int r;

	if (more->format && !streq(more->format, "oci") && !streq(more->format, "docker"))
		return err_set(e, ERR_INVALID, "invalid argument for --format: '%s' is not oci or docker", more->format);
	o.pause &= !more->no_pause;
	o.docker = streq(more->format, "docker");
	o.name = c->args.n > 1 ? c->args.v[1] : NULL;
	o.cancel_fd = cancel_open();
	r = cli_engine(c, &en, e);
	if (r == 0)
		r = container_commit(en, c->args.v[0], &o, c->a, &id, &changed, e);
	if (r < 0)
		return r;
	if (changed && !more->quiet)
		fprintf(stderr, "tare: warning: files changed while they were read\n");
	if (more->iidfile) {
		r = file_create(AT_FDCWD, more->iidfile, id, strlen(id), 0644);
		if (r < 0)
			return err_sys(e, r, "write '%s'", more->iidfile);
	}
	puts(id);
	return 0;
}

const struct command commit_command = {
	.names = { "commit", "container commit" },
	.group = "Images",
	.summary = "Make an image of a container's changes",
	.args = "CONTAINER [NAME[:TAG]]",
	.min_args = 1,
	.max_args = 2,
	.opts = { commit_opts },
	.options_size = sizeof(struct commit_options),
	.defaults = &commit_defaults,
	.run = commit_run,
};
