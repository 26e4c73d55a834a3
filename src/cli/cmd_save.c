/* SPDX-License-Identifier: Apache-2.0 */
/* `tare save` writes images of the store to an archive or a directory. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cancel.h"
#include "cli/compress_opts.h"
#include "cli/progress.h"
#include "image/moving/save.h"

struct save_command_options {
	bool quiet, multi, compress, uncompressed;
	const char *output, *format, *platform;
};

static const struct opt save_opts[] = {
	OPT(struct save_command_options, output, "output", 'o', STR, "PATH", "File or directory to write (default: standard output)"),
	OPT(struct save_command_options, format, "format", 0, STR, "FORMAT", "docker-archive (default), oci-archive, oci-dir, docker-dir"),
	OPT(struct save_command_options, platform, "platform", 0, STR, "OS/ARCH", "Insist on images for this platform"),
	OPT(struct save_command_options, multi, "multi-image-archive", 'm', FLAG, NULL, "Several images (so it is, also without saying)"),
	OPT(struct save_command_options, quiet, "quiet", 'q', FLAG, NULL, "Show no progress"),
	OPT(struct save_command_options, compress, "compress", 0, FLAG, NULL, "Compress layers that are plain, in a docker-dir"),
	OPT(struct save_command_options, uncompressed, "uncompressed", 0, FLAG, NULL, "Leave plain layers plain in OCI's formats (so it is, also without saying)"),
	OPT_END,
};

static const struct {
	const char *name;
	enum transport_kind kind;
	bool is_directory;
} formats[] = {
	{ "docker-archive", TRANSPORT_DOCKER_ARCHIVE, false },
	{ "oci-archive", TRANSPORT_OCI_ARCHIVE, false },
	{ "oci-dir", TRANSPORT_OCI, true },
	{ "docker-dir", TRANSPORT_DIR, true },
};

static int format_take(const struct save_command_options *o, struct save_options *s, struct err *e)
{
	const char *name = o->format ? o->format : "docker-archive";

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (strcmp(formats[i].name, name) != 0)
			continue;
		if (formats[i].is_directory && !o->output)
			return err_set(e, ERR_INVALID, "format '%s' needs a directory: use -o", name);
		s->format = formats[i].kind;
		return 0;
	}
	return err_set(e, ERR_INVALID, "unknown format '%s': there are docker-archive, oci-archive, oci-dir and docker-dir", name);
}

static int save_run(struct cli *c, const void *options, struct err *e)
{
	const struct save_command_options *o = options;
	struct save_options s = { .pull = { .platform = o->platform }, .path = o->output };
	struct image_store *images;
	int r = format_take(o, &s, e);

	if (r == 0 && o->compress && s.format != TRANSPORT_DIR)
		r = err_set(e, ERR_INVALID, "--compress is for --format docker-dir");
	if (r == 0 && o->compress)
		r = compress_options_take(&(struct compress_options){ .compress = true }, c->a, &s.squeeze, e);
	if (r == 0 && !o->output && isatty(STDOUT_FILENO))
		return err_set(e, ERR_INVALID, "cowardly refusing to save to a terminal. Use the -o flag or redirect");
	if (r == 0)
		r = cli_images(c, &images, e);
	if (r < 0)
		return r;
	s.pull.cancel_fd = cancel_open();
	progress_connect(progress_new(c->a, o->quiet || !isatty(STDERR_FILENO) ? -EBADF : STDERR_FILENO), &s.pull);
	return image_save(images, &c->args, &s, c->a, e);
}

const struct command save_command = {
	.names = { "save", "image save" },
	.group = "Images",
	.summary = "Write images to an archive or a directory",
	.args = "IMAGE [IMAGE...]",
	.min_args = 1,
	.max_args = -1,
	.opts = { save_opts },
	.options_size = sizeof(struct save_command_options),
	.run = save_run,
};
