/* SPDX-License-Identifier: Apache-2.0 */
#include "bin/runtime/globals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/vec.h"
#include "bin/runtime/runtime.h"
#include "cli/opts.h"
#include "spec/oci_runtime.h"

/* clang-format off */
static const struct opt opts[] = {
	OPT(struct globals, debug,          "debug",          0,   FLAG, NULL,   "Log what happens, step by step"),
	OPT(struct globals, log,            "log",            0,   STR,  "FILE", "Append the log to FILE instead of stderr"),
	OPT(struct globals, log_format,     "log-format",     0,   STR,  "text|json", "Format of the log"),
	OPT(struct globals, root,           "root",           0,   STR,  "DIR",  "Where the states of containers are kept"),
	OPT(struct globals, systemd_cgroup, "systemd-cgroup", 0,   FLAG, NULL,   "Ask systemd for cgroups (not supported yet: create and run say so)"),
	OPT(struct globals, cgroup_manager, "cgroup-manager", 0,   STR,  "cgroupfs|disabled", "Who makes cgroups"),
	OPT(struct globals, rootless,       "rootless",       0,   STR,  "true|false|auto", "Accepted: what an unprivileged user may do is found out, not told"),
	OPT(struct globals, version,        "version",        'v', FLAG, NULL,   "Print the version"),
	OPT_END,
};
/* clang-format on */

static const struct command globals_command = {
	.names = { "tare-runtime" }, .summary = "Run containers by the OCI runtime specification", .args = "COMMAND [ARG...]",
	.max_args = -1, .args_end_options = true, .opts = { opts }, .options_size = sizeof(struct globals),
};

static const char *default_root(struct arena *a)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	return geteuid() != 0 && dir && *dir ? arena_printf(a, "%s/tare/runtime", dir) : DEFAULT_ROOT;
}

static int open_log(struct globals *g, struct err *e)
{
	enum log_level level = g->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
	enum log_format format = LOG_FORMAT_TEXT;
	int fd = STDERR_FILENO;

	log_open(STDERR_FILENO, LOG_FORMAT_TEXT, level, "tare-runtime");
	if (g->log_format && streq(g->log_format, "json"))
		format = LOG_FORMAT_JSON;
	else if (g->log_format && *g->log_format && !streq(g->log_format, "text"))
		return err_set(e, ERR_INVALID, "invalid log-format: '%s'", g->log_format);
	if (g->log && *g->log) {
		fd = open(g->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		if (fd < 0)
			return err_sys(e, -errno, "open the log '%s'", g->log);
		g->log_is_file = true;
	}
	log_open(fd, format, level, "tare-runtime");
	return 0;
}

static int check(struct globals *g, struct err *e)
{
	if (streq(g->root, "/"))
		return err_set(e, ERR_INVALID, "--root: '/' cannot be the root of states");
	if (!g->cgroup_manager || streq(g->cgroup_manager, "cgroupfs"))
		return 0;
	if (streq(g->cgroup_manager, "disabled"))
		g->no_cgroup = true;
	else if (streq(g->cgroup_manager, "systemd"))
		g->systemd_cgroup = true;
	else
		return err_set(e, ERR_INVALID, "--cgroup-manager: unknown manager '%s'", g->cgroup_manager);
	return 0;
}

int globals_parse(int argc, char **argv, struct arena *a, struct globals *ret, struct strs *ret_words, struct err *e)
{
	struct strs words = { 0 };
	int r;

	log_open(STDERR_FILENO, LOG_FORMAT_TEXT, LOG_LEVEL_INFO, "tare-runtime");
	for (int i = 1; i < argc; i++)
		strs_push(a, &words, argv[i]);
	r = opts_parse(&globals_command, &words, a, ret, ret_words, e);
	if (r == -ECANCELED) {
		*ret_words = (struct strs){ 0 };
		r = 0;
	}
	if (r < 0)
		return r;
	if (!ret->root || !*ret->root)
		ret->root = default_root(a);
	r = open_log(ret, e);
	return r < 0 ? r : check(ret, e);
}

void globals_report(const struct globals *g, const struct err *e)
{
	log_error("%s", e->msg);
	if (g->log_is_file)
		dprintf(STDERR_FILENO, "%s\n", e->msg);
}

int globals_print_version(void)
{
	printf("tare-runtime version %s\nspec: %s\n", TARE_VERSION, OCI_RUNTIME_VERSION);
	return 0;
}

static void print_options(const struct command *c)
{
	for (size_t t = 0; t < COMMAND_MAX_TABLES; t++)
		for (const struct opt *o = c->opts[t]; o && o->name; o++) {
			char name[64];

			if (!o->help)
				continue;
			snprintf(name, sizeof name, "--%s%s%s", o->name, o->metavar ? " " : "", o->metavar ? o->metavar : "");
			printf("  %c%c%s %-36s %s\n", o->short_name ? '-' : ' ', o->short_name ? o->short_name : ' ', o->short_name ? "," : " ",
				name, o->help);
		}
}

int globals_print_help(const struct command *of)
{
	const struct command *c = of ? of : &globals_command;

	printf("Usage: %s%s [OPTIONS] %s\n\n%s\n", of ? "tare-runtime " : "", c->names[0], c->args ? c->args : "", c->summary);
	if (!of) {
		printf("\nCommands:\n");
		for (size_t i = 0; verbs[i]; i++)
			printf("  %-10s %s\n", verbs[i]->command.names[0], verbs[i]->command.summary);
	}
	printf("\nOptions:\n");
	print_options(c);
	return 0;
}
