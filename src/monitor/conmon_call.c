/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/conmon_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/vec.h"
#include "os/file.h"
#include "os/memfd.h"

enum { SUN_PATH_MAX = 107, OOM_PROTECTED = -1000 };

/* Our own protection is not the container's: children are born with what was before. */
void conmon_protect(struct conmon *c, bool on)
{
	char text[16];

	if (on && !c->old_oom[0] && file_read_text(AT_FDCWD, "/proc/self/oom_score_adj", c->old_oom, sizeof c->old_oom) < 0)
		return;
	snprintf(text, sizeof text, "%d", OOM_PROTECTED);
	file_write(AT_FDCWD, "/proc/self/oom_score_adj", on ? text : c->old_oom); /* not ours to do without privilege */
}

static const char *console_path(struct conmon *c)
{
	const char *path = arena_printf(&c->arena, "%s/" MONITOR_CONSOLE, c->o.bundle);

	return strlen(path) <= SUN_PATH_MAX ? path : arena_printf(&c->arena, "/proc/%d/fd/%d/" MONITOR_CONSOLE, (int)getpid(), c->dirfd);
}

static void push_all(struct arena *a, struct strs *to, const struct strs *from)
{
	for (size_t i = 0; i < from->n; i++)
		strs_push(a, to, from->v[i]);
}

static void push(struct arena *a, struct strs *to, const char *word, const char *value)
{
	strs_push(a, to, word);
	if (value)
		strs_push(a, to, value);
}

static struct strs runtime_words(struct conmon *c)
{
	const struct conmon_options *o = &c->o;
	struct arena *a = &c->arena;
	struct strs w = { 0 };

	push(a, &w, o->runtime, NULL);
	push_all(a, &w, &o->runtime_args);
	if (o->systemd_cgroup && !o->exec)
		push(a, &w, "--systemd-cgroup", NULL);
	push(a, &w, o->exec ? "exec" : o->restore ? "restore" : "create", NULL);
	if (o->exec) {
		push(a, &w, "--process", o->process_spec);
		push(a, &w, "--detach", NULL);
	} else {
		push(a, &w, "--bundle", o->bundle);
	}
	if (o->restore) {
		push(a, &w, "--detach", NULL);
		push(a, &w, "--image-path", o->restore);
		push(a, &w, "--work-path", o->bundle);
	}
	push(a, &w, "--pid-file", c->pid_file);
	if (o->no_pivot && !o->exec)
		push(a, &w, "--no-pivot", NULL);
	if (o->no_new_keyring && !o->exec)
		push(a, &w, "--no-new-keyring", NULL);
	if (c->stdio.terminal)
		push(a, &w, "--console-socket", console_path(c));
	push_all(a, &w, &o->runtime_options);
	push(a, &w, o->id, NULL);
	return w;
}

int conmon_call(void *ctx, struct err *e)
{
	struct conmon *c = ctx;
	struct strs words = runtime_words(c);
	struct proc_fd fds[3];
	struct proc_spawn spawn = { .path = c->o.runtime, .argv = strs_argv(&c->arena, &words), .fds = fds, .n_fds = 3, .cwd_fd = c->dirfd };
	int r;

	stdio_theirs(&c->stdio, fds);
	unlink(c->pid_file); /* of an earlier run */
	conmon_protect(c, false);
	r = str_ends(c->o.runtime, "/tare-runtime") ? memfd_spawn(&spawn, &c->runtime) : proc_spawn(&spawn, &c->runtime);
	conmon_protect(c, true);
	stdio_close_theirs(&c->stdio);
	return r < 0 ? err_sys(e, r, "execute '%s'", c->o.runtime) : 0;
}
