/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"
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

/* Runs `<runtime> --root R WORDS…`, quietly, and waits for its end. */
static int runtime_run(const char *runtime, const char *root, const struct strs *words, struct proc_exit *ret, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct strs argv = { 0 };
	scoped_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	scoped_proc struct proc p = PROC_NONE;
	int r;

	if (null < 0)
		return err_sys(e, -errno, "open /dev/null");
	strs_push(&a, &argv, runtime);
	strs_push(&a, &argv, "--root");
	strs_push(&a, &argv, root);
	for (size_t i = 0; i < words->n; i++)
		strs_push(&a, &argv, words->v[i]);
	r = proc_spawn(&PROC_SPAWN(.path = runtime, .argv = strs_argv(&a, &argv),
			.fds = (struct proc_fd[]){ { null, 0 }, { null, 1 }, { null, 2 } }, .n_fds = 3), &p);
	if (r == 0)
		r = proc_wait(p.pidfd, -1, ret);
	return r < 0 ? err_sys(e, r, "run '%s %s'", runtime, words->v[0]) : 0;
}

int program_run(const char *runtime, const char *root, const char *verb, const char *id, struct err *e)
{
	const char *words[] = { verb, id };
	struct proc_exit x;
	int r = runtime_run(runtime, root, &(struct strs){ words, ARRAY_LEN(words) }, &x, e);

	if (r < 0)
		return r;
	return x.code || x.signal ? err_set(e, ERR_INTERNAL, "'%s %s' of " SHORT_ID_FMT " failed", runtime, verb, id) : 0;
}

int program_delete(const char *runtime, const char *root, const char *id, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const char *words[] = { "delete", "--force", id };
	struct proc_exit x;
	int r;

	if (access(arena_printf(&a, "%s/%s", root, id), F_OK) < 0)
		return 0;
	r = runtime_run(runtime, root, &(struct strs){ words, ARRAY_LEN(words) }, &x, e);
	if (r < 0)
		return r;
	return x.code || x.signal ? err_set(e, ERR_INTERNAL, "'%s delete --force' of " SHORT_ID_FMT " failed", runtime, id) : 0;
}
