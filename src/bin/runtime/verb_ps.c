/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ps: the processes of a container, by what ps(1) of the host says of them; their numbers alone as JSON, or where the host has no ps(1).
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "base/vec.h"
#include "bin/runtime/runtime.h"
#include "os/fd.h"
#include "os/proc.h"
#include "runtime/control.h"

struct ps_options {
	const char *format;
};

static const struct opt ps_opts[] = {
	OPT(struct ps_options, format, "format", 'f', STR, "table|json", "How to print"),
	OPT_END,
};

static int print_numbers(const struct cgroup_pids *pids, bool json)
{
	printf(json ? "[" : "PID\n");
	for (size_t i = 0; i < pids->n; i++)
		printf(json ? "%s%d" : "%s%d\n", json && i ? "," : "", (int)pids->v[i]);
	if (json)
		printf("]\n");
	return 0;
}

/* ---- ps(1) ------------------------------------------------------------------------------------------------------------------------------- */

static const char *find_program(const char *name, struct arena *a)
{
	const char *path = getenv("PATH");
	struct str rest = str_of(path && *path ? path : "/usr/bin:/bin");

	while (rest.p) {
		struct str dir = str_cut(rest, ':', &rest);
		const char *file = arena_printf(a, STR_FMT "/%s", STR_ARG(dir), name);

		if (dir.n && access(file, X_OK) == 0)
			return file;
	}
	return NULL;
}

/* Runs it with both its outputs in @b. */
static int run_ps(const char *path, const struct strs *args, struct arena *a, struct buf *b, struct err *e)
{
	struct strs argv = { 0 };
	scoped_proc struct proc p = PROC_NONE;
	struct proc_exit status;
	int pipe[2], r = fd_pipe(pipe, 0);

	if (r < 0)
		return err_sys(e, r, "make a pipe");
	strs_push(a, &argv, "ps");
	for (size_t i = 0; i < args->n; i++)
		strs_push(a, &argv, args->v[i]);
	if (args->n == 0)
		strs_push(a, &argv, "-ef");
	const struct proc_fd fds[] = { { pipe[1], STDOUT_FILENO }, { pipe[1], STDERR_FILENO } };

	r = proc_spawn(&PROC_SPAWN(.path = path, .argv = strs_argv(a, &argv), .fds = fds, .n_fds = ARRAY_LEN(fds)), &p);
	fd_done(&pipe[1]);
	if (r == 0)
		r = fd_read_buf(pipe[0], b);
	fd_done(&pipe[0]);
	if (r == 0)
		r = proc_wait(p.pidfd, -1, &status);
	if (r < 0)
		return err_sys(e, r, "run '%s'", path);
	if (proc_exit_number(&status) != 0)
		return err_set(e, ERR_INVALID, "'%s': exit status %d: %s", path, proc_exit_number(&status), buf_text(b));
	return 0;
}

/* The word number @at of a line, by blanks; p == NULL: it has fewer. */
static struct str word_at(struct str line, size_t at)
{
	struct str word = { 0 };

	for (size_t i = 0; i <= at;) {
		if (!line.p)
			return (struct str){ 0 };
		word = str_cut(line, ' ', &line);
		i += word.n > 0;
	}
	return word;
}

static int pid_column(struct str title, size_t *ret, struct err *e)
{
	for (size_t i = 0;; i++) {
		struct str word = word_at(title, i);

		if (!word.p)
			return err_set(e, ERR_INVALID, "couldn't find PID field in ps output");
		if (str_is(word, "PID")) {
			*ret = i;
			return 0;
		}
	}
}

static bool has_pid(const struct cgroup_pids *pids, int32_t pid)
{
	for (size_t i = 0; i < pids->n; i++)
		if (pids->v[i] == pid)
			return true;
	return false;
}

static int print_table(struct str text, const struct cgroup_pids *pids, struct arena *a, struct err *e)
{
	struct str title = str_cut(text, '\n', &text);
	size_t column = 0;
	int r = pid_column(title, &column, e);

	if (r < 0)
		return r;
	printf(STR_FMT "\n", STR_ARG(title));
	while (text.p && text.n) {
		struct str line = str_cut(text, '\n', &text), word = word_at(line, column);
		int32_t pid;

		if (!line.n)
			continue;
		if (!word.p || parse_i32(arena_strndup(a, word.p, word.n), &pid) < 0)
			return err_set(e, ERR_INVALID, "unable to parse pid: '" STR_FMT "'", STR_ARG(line));
		if (has_pid(pids, pid))
			printf(STR_FMT "\n", STR_ARG(line));
	}
	return 0;
}

static int ps_run(struct runtime *rt, const void *options, struct err *e)
{
	const struct ps_options *o = options;
	const struct strs args = { rt->args->v + 1, rt->args->n - 1 };
	scoped_control struct control c = CONTROL_NONE;
	scoped_buf struct buf b = BUF(LIMIT_FILE);
	struct cgroup_pids pids = { 0 };
	const char *ps;
	int r = control_open(rt->root, rt->args->v[0], rt->a, &c, e);

	if (r == 0)
		r = control_pids(&c, &pids, e);
	if (r < 0)
		return r;
	if (o->format && streq(o->format, "json"))
		return print_numbers(&pids, true);
	if (o->format && !streq(o->format, "table"))
		return err_set(e, ERR_INVALID, "invalid format option");
	ps = find_program("ps", rt->a);
	if (!ps && args.n == 0)
		return print_numbers(&pids, false);
	if (!ps)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: this host has no ps(1) to give the arguments to");
	r = run_ps(ps, &args, rt->a, &b, e);
	return r < 0 ? r : print_table(buf_str(&b), &pids, rt->a, e);
}

const struct verb ps_verb = {
	.command = { .names = { "ps" }, .summary = "Print the processes of a container", .args = "ID [ARG of ps(1)...]", .min_args = 1, .max_args = -1,
		.args_end_options = true, .opts = { ps_opts }, .options_size = sizeof(struct ps_options) },
	.run = ps_run,
};
