/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "codec/json.h"
#include "os/proc.h"
#include "os/self.h"

#define DEFAULT_RUNTIME "tare-runtime"

int program_runtime(struct engine *en, const char *name, struct arena *a, struct program *ret, struct err *e)
{
	char *path;
	const char *base;
	int r;

	if (!name)
		name = en->runtime ? en->runtime : DEFAULT_RUNTIME;
	base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	r = streq(name, DEFAULT_RUNTIME) ? self_find_program(name, a, &path) : self_find_in_path(name, a, &path);
	if (r < 0)
		return err_set(e, ERR_INVALID, "the OCI runtime '%s' was not found", name);
	ret->path = path;
	if (streq(base, DEFAULT_RUNTIME))
		ret->root = arena_printf(a, "%s/runtime", en->run);
	else
		ret->root = arena_printf(a, "%s/runtime-%s", en->run, base);
	return 0;
}

/* ---- why it failed --------------------------------------------------------------------------------------------------------------------------- */

/* A line of its log. */
struct log_line {
	const char *level, *msg;
};
static const struct field log_line_fields[] = {
	FIELD(struct log_line, level, "level", STR, 0),
	FIELD(struct log_line, msg, "msg", STR, 0),
};
static const struct schema log_line_schema = SCHEMA("log line", struct log_line, log_line_fields);

const char *program_log_reason(int log, struct arena *a)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	struct err ignored = { 0 };  /* a line that is none is not the reason */
	const char *reason = NULL;
	struct str rest;

	if (lseek(log, 0, SEEK_SET) < 0 || fd_read_buf(log, &b) < 0)
		return NULL;
	rest = buf_str(&b);
	while (rest.p) {
		struct str line = str_cut(rest, '\n', &rest);
		struct log_line l = { 0 };

		if (line.n && json_decode(line, &log_line_schema, 0, a, &l, &ignored) == 0 && streq(l.level, "error"))
			reason = l.msg;
	}
	return reason;
}

/* ---- running it ------------------------------------------------------------------------------------------------------------------------------ */

enum { LOG_FD = 3 };                 /* in the runtime */

static struct strs runtime_words(const char *runtime, const char *root, const struct strs *words, struct arena *a)
{
	const char *const globals[] = { runtime, "--root", root, "--log", "/proc/self/fd/3", "--log-format", "json" };
	struct strs argv = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(globals); i++)
		strs_push(a, &argv, globals[i]);
	for (size_t i = 0; i < words->n; i++)
		strs_push(a, &argv, words->v[i]);
	return argv;
}

/* Runs `<runtime> --root R WORDS…` with @in (negative: nothing) to read, and waits for its end. Its log gives the reason of a failure. */
static int runtime_run(const char *runtime, const char *root, const struct strs *words, int in, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC), log = memfd_create("runtime.log", MFD_CLOEXEC);
	scoped_proc struct proc p = PROC_NONE;
	struct proc_fd fds[] = { { in < 0 ? null : in, 0 }, { null, 1 }, { null, 2 }, { log, LOG_FD } };
	struct strs argv = runtime_words(runtime, root, words, &a);
	const char *reason;
	struct proc_exit x;
	int r;

	if (null < 0 || log < 0)
		return err_sys(e, -errno, "prepare to run '%s'", runtime);
	r = proc_spawn(&PROC_SPAWN(.path = runtime, .argv = strs_argv(&a, &argv), .fds = fds, .n_fds = ARRAY_LEN(fds)), &p);
	if (r == 0)
		r = proc_wait(p.pidfd, -1, &x);
	if (r < 0)
		return err_sys(e, r, "run '%s %s'", runtime, words->v[0]);
	if (!x.code && !x.signal)
		return 0;
	reason = program_log_reason(log, &a);
	return err_set(e, ERR_INTERNAL, "'%s %s' failed%s%s", runtime, words->v[0], reason ? ": " : "", reason ? reason : "");
}

int program_run(const char *runtime, const char *root, const char *verb, const char *id, struct err *e)
{
	const char *words[] = { verb, id };

	return runtime_run(runtime, root, &(struct strs){ words, ARRAY_LEN(words) }, -EBADF, e);
}

int program_update(const char *runtime, const char *root, const char *id, struct str resources, struct err *e)
{
	const char *words[] = { "update", "--resources", "-", id };
	scoped_fd int in = memfd_create("resources.json", MFD_CLOEXEC);
	int r = in < 0 ? -errno : fd_write_all(in, resources.p, resources.n);

	if (r == 0 && lseek(in, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? err_sys(e, r, "write the limits") : runtime_run(runtime, root, &(struct strs){ words, ARRAY_LEN(words) }, in, e);
}

int program_delete(const char *runtime, const char *root, const char *id, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const char *words[] = { "delete", "--force", id };

	if (access(arena_printf(&a, "%s/%s", root, id), F_OK) < 0)
		return 0;
	return runtime_run(runtime, root, &(struct strs){ words, ARRAY_LEN(words) }, -EBADF, e);
}
