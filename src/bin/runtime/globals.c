/* SPDX-License-Identifier: Apache-2.0 */
#include "bin/runtime/globals.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/vec.h"
#include "bin/runtime/runtime.h"
#include "cli/opts.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/ns.h"

static int take_rootless(void *options, const char *value, struct arena *a, struct err *e)
{
	struct globals *g = options;

	g->rootless.set = *value && !streq(value, "auto");
	if (g->rootless.set && parse_bool(value, &g->rootless.v) < 0)
		return err_set(e, ERR_INVALID, "'%s' is not true, false or auto", value);
	return 0;
}

/* clang-format off */
static const struct opt opts[] = {
	OPT(struct globals, logs.debug,     "debug",          0,   FLAG, NULL,   "Log what happens, step by step; the same as --log-level=debug"),
	OPT(struct globals, logs.to,        "log",            0,   STR,  "[file:]PATH|journald:ID|syslog:ID", "Where the log goes (default: stderr)"),
	OPT(struct globals, logs.format,    "log-format",     0,   STR,  "text|json", "Format of the log (default: text)"),
	OPT(struct globals, logs.level,     "log-level",      0,   STR,  "error|warning|info|debug", "What is logged (default: info)"),
	OPT(struct globals, root,           "root",           0,   STR,  "DIR",  "Where the states of containers are kept (default: " DEFAULT_ROOT ")"),
	OPT(struct globals, systemd_cgroup, "systemd-cgroup", 0,   FLAG, NULL,   "Ask systemd for cgroups; the same as --cgroup-manager=systemd"),
	OPT(struct globals, cgroup_manager, "cgroup-manager", 0,   STR,  "cgroupfs|systemd|disabled", "Who makes cgroups (default: cgroupfs)"),
	OPT_CALL("rootless", 0, take_rootless, "true|false|auto", "Go on without a cgroup that we may not make (default: auto, by who we are)"),
	OPT(struct globals, criu,           "criu",           0,   STR,  "PATH", NULL), /* runc's hidden one */
	OPT(struct globals, version,        "version",        'v', FLAG, NULL,   "Print the version"),
	OPT(struct globals, version,        "V",              'V', FLAG, NULL,   NULL),
	OPT_END,
};
/* clang-format on */

const struct command globals_command = {
	.names = { "tare-runtime" }, .summary = "Run containers by the OCI runtime specification", .args = "COMMAND [ARG...]",
	.max_args = -1, .args_end_options = true, .opts = { opts }, .options_size = sizeof(struct globals),
};

static bool is_users_own(void)
{
	const char *user = getenv("USER");

	return geteuid() != 0 || (ns_is_initial_user() == 0 && !(user && streq(user, "root")));
}

static int default_root(struct arena *a, const char **ret, struct err *e)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	scoped_fd int fd = -EBADF;

	*ret = DEFAULT_ROOT;
	if (!dir || !*dir || !is_users_own())
		return 0;
	*ret = arena_printf(a, "%s/tare/runtime", dir);
	fd = dir_ensure_all(AT_FDCWD, *ret, 0700);
	if (fd < 0)
		return err_sys(e, fd, "make '%s' below XDG_RUNTIME_DIR", *ret);
	return fchmod(fd, 0700 | S_ISVTX) < 0 ? err_sys(e, -errno, "give '%s' a sticky bit", *ret) : 0;
}

/* By the words alone, as runc does it: "/", "/.", "/tmp/..". */
static bool is_slash(const char *path)
{
	struct str rest = str_of(path);
	size_t depth = 0;

	while (rest.p) {
		struct str name = str_cut(rest, '/', &rest);

		if (str_is(name, ".."))
			depth -= depth > 0;
		else
			depth += name.n > 0 && !str_is(name, ".");
	}
	return depth == 0;
}

/* Absolute, because we go to the bundle later. */
static int named_root(struct arena *a, const char **root, struct err *e)
{
	char cwd[PATH_MAX];

	if ((*root)[0] != '/') {
		if (!getcwd(cwd, sizeof cwd))
			return err_sys(e, -errno, "--root: find the working directory");
		*root = arena_printf(a, "%s/%s", streq(cwd, "/") ? "" : cwd, *root);
	}
	if (is_slash(*root))
		return err_set(e, ERR_INVALID, "--root: '/' cannot be the root of states");
	return 0;
}

static int find_root(struct globals *g, struct arena *a, struct err *e)
{
	g->root_is_default = !g->root || !*g->root;
	return g->root_is_default ? default_root(a, &g->root, e) : named_root(a, &g->root, e);
}

static int find_manager(struct globals *g, struct err *e)
{
	const char *word = g->cgroup_manager;

	if (!word || streq(word, "cgroupfs"))
		return 0;
	if (streq(word, "disabled"))
		g->no_cgroup = true;
	else if (streq(word, "systemd"))
		g->systemd_cgroup = true;
	else
		return err_set(e, ERR_INVALID, "--cgroup-manager: '%s' is not cgroupfs, systemd or disabled", word);
	return 0;
}

int globals_parse(int argc, char **argv, struct arena *a, struct globals *ret, struct strs *ret_words, struct err *e)
{
	struct strs words = { 0 };
	int r;

	logs_begin();
	for (int i = 1; i < argc; i++)
		strs_push(a, &words, argv[i]);
	r = opts_parse(&globals_command, OPTS_ONE_DASH, &words, a, ret, ret_words, e);
	if (r == -ECANCELED) {
		*ret_words = (struct strs){ 0 };
		r = 0;
	}
	if (r == 0)
		r = logs_open(&ret->logs, e);
	if (r == 0)
		r = find_manager(ret, e);
	if (r < 0 || ret->version || ret_words->n == 0)
		return r;
	return find_root(ret, a, e);
}
