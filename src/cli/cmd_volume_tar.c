/* SPDX-License-Identifier: Apache-2.0 */
/* `tare volume export` writes what is in a volume as tar, `tare volume import` puts a tar into one. */
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/cancel.h"
#include "engine/volumes.h"
#include "os/fd.h"
#include "os/file.h"

struct export_options {
	const char *output;
};

static const struct opt export_opts[] = {
	OPT(struct export_options, output, "output", 'o', STR, "FILE", "Write to a file instead of standard output"),
	OPT_END,
};

static int export_to(struct engine *en, const char *name, int fd, struct err *e)
{
	int r = volume_export(en, name, fd, cancel_open(), e);

	cancel_close();
	return r;
}

/* The file appears when it is whole. */
static int export_to_file(struct cli *c, struct engine *en, const char *path, struct err *e)
{
	scoped_tmp_file struct tmp_file file = TMP_FILE_NONE;
	const char *slash = strrchr(path, '/');
	scoped_fd int dir = dir_open(AT_FDCWD, slash == path ? "/" : slash ? arena_strndup(c->a, path, (size_t)(slash - path)) : ".");
	int r = dir < 0 ? dir : tmp_file_open_hidden(&file, dir, 0600);

	if (r < 0)
		return err_sys(e, r, "create '%s'", path);
	r = export_to(en, c->args.v[0], file.fd, e);
	if (r < 0)
		return r;
	r = tmp_file_commit_hidden(&file, slash ? slash + 1 : path, 0);
	return r < 0 ? err_sys(e, r, "create '%s'", path) : 0;
}

static int export_run(struct cli *c, const void *options, struct err *e)
{
	const struct export_options *o = options;
	struct engine *en;
	int r;

	if (!o->output && isatty(STDOUT_FILENO))
		return err_set(e, ERR_INVALID, "refusing to write an archive to a terminal; use -o FILE or redirect it");
	r = cli_engine(c, &en, e);
	if (r < 0)
		return r;
	return o->output && !streq(o->output, "-") ? export_to_file(c, en, o->output, e) : export_to(en, c->args.v[0], STDOUT_FILENO, e);
}

const struct command volume_export_command = {
	.names = { "volume export" },
	.group = "Volumes",
	.summary = "Write what is in a volume as a tar archive",
	.args = "VOLUME",
	.min_args = 1,
	.max_args = 1,
	.opts = { export_opts },
	.options_size = sizeof(struct export_options),
	.run = export_run,
};

static int import_run(struct cli *c, const void *options, struct err *e)
{
	const char *path = c->args.n > 1 ? c->args.v[1] : "-";
	scoped_fd int file = -EBADF;
	struct engine *en;
	int r = cli_engine(c, &en, e);

	if (r < 0)
		return r;
	if (!streq(path, "-")) {
		file = open(path, O_RDONLY | O_CLOEXEC);
		if (file < 0)
			return err_sys(e, -errno, "open '%s'", path);
	}
	r = volume_import(en, c->args.v[0], file >= 0 ? file : STDIN_FILENO, cancel_open(), e);
	cancel_close();
	return r;
}

const struct command volume_import_command = {
	.names = { "volume import" },
	.group = "Volumes",
	.summary = "Put the files of a tar archive, compressed or not, into a volume",
	.args = "VOLUME [FILE|-]",
	.min_args = 1,
	.max_args = 2,
	.run = import_run,
};
