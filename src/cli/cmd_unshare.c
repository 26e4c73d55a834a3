/* SPDX-License-Identifier: Apache-2.0 */
/* `tare unshare` runs a program where an ordinary user is root of his own images: to look at their files with the owners they have inside, to mount images. */
#include "cli/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/vec.h"
#include "engine/rootless.h"

static int unshare_run(struct cli *c, const void *options, struct err *e)
{
	const char *shell = getenv("SHELL");
	struct strs words = c->args;
	int r;

	if (geteuid() == 0)
		return err_set(e, ERR_INVALID, "tare unshare is for ordinary users: you are root already");
	r = rootless_enter(c->run_root, &c->entered, e);
	if (r < 0)
		return r;
	if (!words.n)
		strs_push(c->a, &words, shell && *shell ? shell : "/bin/sh");
	execvp(words.v[0], strs_argv(c->a, &words));
	r = -errno;
	err_sys(e, r, "run '%s'", words.v[0]);
	cli_report(e);
	return r == -ENOENT ? 127 : 126;
}

const struct command unshare_command = {
	.names = { "unshare", "system unshare" },
	.group = "System",
	.summary = "Run a program as root of one's own images, as an ordinary user",
	.args = "[COMMAND] [ARG...]",
	.max_args = -1,
	.args_end_options = true,
	.failure = 125,
	.run = unshare_run,
};
