/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/invoke.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/vec.h"
#include "codec/json.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/memfd.h"
#include "os/self.h"

enum { SUN_PATH_MAX = 107 };

int invoke_init(struct invoke *v, const struct monitor_config *config, int dirfd, struct arena *a, struct err *e)
{
	char *program;
	int r = self_find_in_path(config->runtime, a, &program);

	*v = (struct invoke){ .config = config, .dirfd = dirfd, .proc = PROC_NONE };
	if (r < 0)
		return err_sys(e, r, "runtime '%s'", config->runtime);
	v->program = program;
	v->seals = str_ends(program, "/tare-runtime");
	return 0;
}

/* The words before the sub-command's own options. */
static void begin(const struct invoke *v, struct arena *a, struct strs *argv)
{
	strs_push(a, argv, v->program);
	for (size_t i = 0; i < v->config->runtime_args.n; i++)
		strs_push(a, argv, v->config->runtime_args.v[i]);
	strs_push(a, argv, "--log");
	strs_push(a, argv, arena_printf(a, "%s/" MONITOR_RUNTIME_LOG, v->config->run_dir));
	strs_push(a, argv, "--log-format");
	strs_push(a, argv, "json");
	strs_push(a, argv, v->verb);
}

static int run(struct invoke *v, struct arena *a, struct strs *argv, const struct stdio *s, struct err *e)
{
	struct proc_spawn spawn = { .path = v->program };
	struct proc_fd fds[3];
	int r;

	strs_push(a, argv, v->config->id);
	if (unlinkat(v->dirfd, MONITOR_RUNTIME_LOG, 0) < 0 && errno != ENOENT)
		return err_sys(e, -errno, "remove '" MONITOR_RUNTIME_LOG "'");
	if (s)
		stdio_theirs(s, fds);
	spawn.argv = strs_argv(a, argv);
	spawn.fds = s ? fds : NULL;
	spawn.n_fds = s ? 3 : 0;
	/* Our own runtime wants to be sealed before it enters a container: starting it so saves its executing itself again. */
	r = v->seals && streq(v->verb, "create") ? memfd_spawn(&spawn, &v->proc) : proc_spawn(&spawn, &v->proc);
	if (r < 0) {
		r = err_sys(e, r, "runtime %s: execute '%s'", v->verb, v->program);
		v->verb = NULL;
	}
	return r;
}

/* Where the runtime finds our console socket: through our descriptor when the path is too long for a socket address. */
static const char *console_path(const struct invoke *v, struct arena *a)
{
	const char *path = arena_printf(a, "%s/" MONITOR_CONSOLE, v->config->run_dir);

	if (strlen(path) <= SUN_PATH_MAX)
		return path;
	return arena_printf(a, "/proc/%d/fd/%d/" MONITOR_CONSOLE, (int)getpid(), v->dirfd);
}

int invoke_create(struct invoke *v, const struct stdio *s, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct strs argv = { 0 };

	v->verb = "create";
	begin(v, &a, &argv);
	strs_push(&a, &argv, "--bundle");
	strs_push(&a, &argv, v->config->bundle);
	strs_push(&a, &argv, "--pid-file");
	strs_push(&a, &argv, arena_printf(&a, "%s/" MONITOR_PID, v->config->run_dir));
	if (s->terminal) {
		strs_push(&a, &argv, "--console-socket");
		strs_push(&a, &argv, console_path(v, &a));
	}
	for (size_t i = 0; i < v->config->create_args.n; i++)
		strs_push(&a, &argv, v->config->create_args.v[i]);
	return run(v, &a, &argv, s, e);
}

int invoke_start(struct invoke *v, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct strs argv = { 0 };

	v->verb = "start";
	begin(v, &a, &argv);
	return run(v, &a, &argv, NULL, e);
}

int invoke_delete(struct invoke *v, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct strs argv = { 0 };

	v->verb = "delete";
	begin(v, &a, &argv);
	strs_push(&a, &argv, "--force");
	return run(v, &a, &argv, NULL, e);
}

int invoke_exec(const struct invoke *v, const char *process, const char *pid_file, const struct proc_fd *fds, size_t n_fds, struct proc *ret, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const char *pid_path = arena_printf(&a, "%s/%s", v->config->run_dir, pid_file);
	const char *const words[] = { "exec", "--process", process, "--pid-file", pid_path, v->config->id };
	struct proc_spawn spawn = { .path = v->program, .fds = fds, .n_fds = n_fds };
	struct strs argv = { 0 };
	int r;

	strs_push(&a, &argv, v->program);
	for (size_t i = 0; i < v->config->runtime_args.n; i++)
		strs_push(&a, &argv, v->config->runtime_args.v[i]);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		strs_push(&a, &argv, words[i]);
	spawn.argv = strs_argv(&a, &argv);
	r = v->seals ? memfd_spawn(&spawn, ret) : proc_spawn(&spawn, ret);
	return r < 0 ? err_sys(e, r, "execute '%s'", v->program) : 0;
}

struct log_record {
	const char *level, *msg;
};
static const struct field log_record_fields[] = {
	FIELD(struct log_record, level, "level", STR, 0),
	FIELD(struct log_record, msg, "msg", STR, 0),
};
static const struct schema log_record_schema = SCHEMA("log record", struct log_record, log_record_fields);

const char *invoke_last_error(struct str log, struct arena *a)
{
	const char *last = NULL;

	while (log.n) {
		struct str line = str_cut(log, '\n', &log);
		struct log_record record;
		struct err ignored; /* a line that is no record says nothing to us */

		if (line.n && json_decode(line, &log_record_schema, 0, a, &record, &ignored) == 0 && record.msg &&
			streq(record.level, "error"))
			last = record.msg;
	}
	return last;
}

int invoke_errno(const char *message)
{
	/* First match wins; both words must be there. The runtimes agree on no codes, only on these words. */
	static const struct {
		const char *about, *why;
		int sys;
	} rows[] = {
		{ "exec", "not found", ENOENT },
		{ "exec", "no such file or directory", ENOENT },
		{ "exec", "permission denied", EACCES },
		{ "exec", "is a directory", EACCES },
		{ "exec", "exec format error", EACCES },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcasestr(message, rows[i].about) && strcasestr(message, rows[i].why))
			return rows[i].sys;
	return EIO;
}

int invoke_result(struct invoke *v, const struct proc_exit *x, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const char *verb = v->verb, *message = NULL;
	char *log;
	size_t n;

	v->verb = NULL;
	v->proc.pidfd = fd_close(v->proc.pidfd);
	v->proc.pid = 0;
	if (x->code == 0 && x->signal == 0)
		return 0;
	if (file_read(v->dirfd, MONITOR_RUNTIME_LOG, LIMIT_FILE, &a, &log, &n) == 0)
		message = invoke_last_error((struct str){ log, n }, &a);
	if (message) {
		err_set(e, err_kind_of(invoke_errno(message)), "%s", message);
		e->sys = invoke_errno(message);
		return -e->sys;
	}
	if (x->signal)
		return err_set(e, ERR_INTERNAL, "runtime %s: '%s' was killed by signal %d", verb, v->program, x->signal);
	return err_set(e, ERR_INTERNAL, "runtime %s: '%s' failed with status %d and logged nothing", verb, v->program, x->code);
}

void invoke_signal(const struct invoke *v, int signal)
{
	if (v->verb)
		proc_signal(v->proc.pidfd, signal);
}
