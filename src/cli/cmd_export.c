/* SPDX-License-Identifier: Apache-2.0 */
/* `tare export` writes the files of a container as one tar archive. */
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cancel.h"
#include "engine/engine.h"
#include "os/fd.h"
#include "os/file.h"

struct export_options {
	const char *output;
};

static const struct opt export_opts[] = {
	OPT(struct export_options, output, "output", 'o', STR, "FILE", "Write to a file instead of standard output"),
	OPT_END,
};

static int export_to(struct engine *en, const char *container, int fd, struct err *e)
{
	bool changed = false;
	int r = container_export(en, container, fd, cancel_open(), &changed, e);

	if (r == 0 && changed)
		fprintf(stderr, "tare: warning: files changed while they were read\n");
	return r;
}

/* A regular file appears when it is whole; a device or pipe is written to as it is. */
static int export_to_file(struct engine *en, const char *container, const char *path, struct err *e)
{
	scoped_tmp_file struct tmp_file file = TMP_FILE_NONE;
	scoped_fd int dir = -EBADF, special = -EBADF;
	const char *slash = strrchr(path, '/');
	struct stat st;
	int r;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		special = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
		return special < 0 ? err_sys(e, -errno, "open '%s'", path) : export_to(en, container, special, e);
	}
	dir = dir_open(AT_FDCWD, slash == path ? "/" : slash ? strndupa(path, (size_t)(slash - path)) : ".");
	r = dir < 0 ? dir : tmp_file_open_hidden(&file, dir, 0600);
	if (r < 0)
		return err_sys(e, r, "create '%s'", path);
	r = export_to(en, container, file.fd, e);
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
	return o->output ? export_to_file(en, c->args.v[0], o->output, e) : export_to(en, c->args.v[0], STDOUT_FILENO, e);
}

const struct command export_command = {
	.names = { "export", "container export" },
	.group = "Containers",
	.summary = "Write the files of a container as a tar archive",
	.args = "CONTAINER",
	.min_args = 1,
	.max_args = 1,
	.opts = { export_opts },
	.options_size = sizeof(struct export_options),
	.run = export_run,
};
