/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create, run, start: a container comes to life, in two acts or in one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/parse.h"
#include "bin/runtime/runtime.h"
#include "os/fd.h"
#include "runtime/control.h"
#include "runtime/launch.h"

struct create_options {
	struct launch_options launch;
	bool dry_run;
};

/* clang-format off */
#define COMMON_OPTS                                                                                                                     \
	OPT(struct create_options, launch.bundle,         "bundle",         'b', STR,  "DIR",  "The bundle (default: the working directory)"), \
	OPT(struct create_options, launch.config,         "config",         'f', STR,  "FILE", "Read FILE instead of the bundle's config.json"), \
	OPT(struct create_options, launch.console_socket, "console-socket", 0,   STR,  "SOCKET", "Send the terminal's master there"),       \
	OPT(struct create_options, launch.pidfd_socket,   "pidfd-socket",   0,   STR,  "SOCKET", "Send a pidfd of init there"),            \
	OPT(struct create_options, launch.pid_file,       "pid-file",       0,   STR,  "FILE", "Write the pid of init there"),             \
	OPT(struct create_options, launch.no_pivot,       "no-pivot",       0,   FLAG, NULL,   "Move the root instead of pivoting (initramfs)"), \
	OPT(struct create_options, launch.no_new_keyring, "no-new-keyring", 0,   FLAG, NULL,   "Keep the caller's session keyring"),        \
	OPT_CALL("preserve-fds", 0, take_preserve, "N", "Pass N descriptors from 3 on to the program"),                                  \
	OPT(struct create_options, dry_run,               "dry-run",        0,   FLAG, NULL,   "Print plan and steps, touch nothing")
/* clang-format on */

static int take_preserve(void *options, const char *value, struct arena *a, struct err *e)
{
	struct create_options *o = options;

	if (parse_u32(value, &o->launch.preserve_fds) < 0 || o->launch.preserve_fds > LIMIT_PASSED_FDS)
		return err_set(e, ERR_INVALID, "'%s' is not a number of descriptors", value);
	return 0;
}

/* Set by a service manager that wants to hear when the program is ready. */
static const char *notify_socket(void)
{
	const char *s = getenv("NOTIFY_SOCKET");

	return s && *s ? s : NULL;
}

/* The sockets of LISTEN_FDS, if LISTEN_PID does not say that they are for somebody else (sd_listen_fds(3)). */
static uint32_t listen_fds(void)
{
	const char *count = getenv("LISTEN_FDS"), *whose = getenv("LISTEN_PID");
	uint32_t n, pid;

	if (!count || parse_u32(count, &n) < 0 || n > LIMIT_PASSED_FDS)
		return 0;
	return !whose || (parse_u32(whose, &pid) == 0 && pid == (uint32_t)getpid()) ? n : 0;
}

static struct launch_options launch_options_of(const struct runtime *rt, const struct create_options *o)
{
	struct launch_options l = o->launch;

	l.root = rt->root;
	l.id = rt->args->v[0];
	l.notify_socket = notify_socket();
	l.listen_fds = listen_fds();
	l.systemd_cgroup = rt->systemd_cgroup;
	l.no_cgroup = rt->no_cgroup;
	l.rootless = rt->rootless;
	return l;
}

static int print_plan(const struct launch_options *l, struct runtime *rt, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	scoped_launch struct launch launch;
	int r = launch_create(l, rt->a, &launch, &b, e);

	if (r == 0)
		fputs(buf_text(&b), stdout);
	return r < 0 ? err_wrap(e, "plan") : 0;
}

/* ---- create ----------------------------------------------------------------------------------------------------------------------------- */

static const struct opt create_opts[] = {
	COMMON_OPTS,
	OPT_END,
};

static int create(const struct launch_options *l, struct runtime *rt, struct err *e)
{
	scoped_launch struct launch launch;
	int r = launch_create(l, rt->a, &launch, NULL, e);

	return r < 0 ? err_wrap(e, "create failed") : 0;
}

static int create_run(struct runtime *rt, const void *options, struct err *e)
{
	const struct create_options *o = options;
	const struct launch_options l = launch_options_of(rt, o);

	return o->dry_run ? print_plan(&l, rt, e) : create(&l, rt, e);
}

const struct verb create_verb = {
	.command = { .names = { "create" }, .summary = "Create a container whose program waits to be started", .args = "ID", .min_args = 1,
		.max_args = 1, .opts = { create_opts }, .options_size = sizeof(struct create_options) },
	.run = create_run,
	.enters = true,
};

/* ---- run -------------------------------------------------------------------------------------------------------------------------------- */

static const struct opt run_opts[] = {
	COMMON_OPTS,
	OPT(struct create_options, launch.detach, "detach", 'd', FLAG, NULL, "Return when the program runs"),
	OPT(struct create_options, launch.keep, "keep", 0, FLAG, NULL, "Do not delete the container when it has ended"),
	OPT(struct create_options, launch.no_subreaper, "no-subreaper", 0, FLAG, NULL, "Accepted: no subreaper is needed"),
	OPT_END,
};

/* The container we made goes away, whether it ended or could not be started. */
static int remove_launched(struct launch *l, struct err *e)
{
	scoped_control struct control c = {
		.a = l->a, .root_fd = take_fd(&l->root_fd), .dir_fd = take_fd(&l->dir_fd), .state = l->state, .status = STATE_STOPPED,
		.cgroup = take_ptr(&l->cgroup),
	};

	return control_remove(&c, true, e);
}

int runtime_foreground(struct launch *l, int signals, struct err *e)
{
	int status = runtime_wait(&l->init, &l->terminal.master, signals, &l->notify, e), r;

	if (status < 0 || l->opts->keep)
		return status;
	l->init.pid = 0;
	r = remove_launched(l, e);
	return r < 0 ? r : status;
}

static int start_it(struct launch *l, struct err *e)
{
	struct err ignored;
	int r = launch_start(l, e);

	if (r < 0) {
		proc_done(&l->init);
		remove_launched(l, &ignored);
	}
	return r;
}

static int run(const struct launch_options *l, struct runtime *rt, struct err *e)
{
	scoped_fd int signals = l->detach ? -EBADF : runtime_signals(e);
	scoped_launch struct launch launch;
	int r = launch_create(l, rt->a, &launch, NULL, e);

	if (r == 0)
		r = start_it(&launch, e);
	if (r == 0 && l->detach && l->notify_socket)
		r = notify_wait(&launch.notify, launch.init.pidfd, launch.init.pid, e);
	if (r == 0 && !l->detach)
		r = runtime_foreground(&launch, signals, e);
	return r < 0 ? err_wrap(e, "run failed") : r;
}

static int run_run(struct runtime *rt, const void *options, struct err *e)
{
	const struct create_options *o = options;
	struct launch_options l = launch_options_of(rt, o);

	l.run = true;
	return o->dry_run ? print_plan(&l, rt, e) : run(&l, rt, e);
}

const struct verb run_verb = {
	.command = { .names = { "run" }, .summary = "Create and start a container", .args = "ID", .min_args = 1, .max_args = 1,
		.opts = { run_opts }, .options_size = sizeof(struct create_options) },
	.run = run_run,
	.enters = true,
};

/* ---- start ------------------------------------------------------------------------------------------------------------------------------ */

static int start_run(struct runtime *rt, const void *options, struct err *e)
{
	int r = launch_start_created(rt->root, rt->args->v[0], notify_socket(), rt->a, e);

	return r < 0 ? err_wrap(e, "start failed") : 0;
}

const struct verb start_verb = {
	.command = { .names = { "start" }, .summary = "Start the program of a created container", .args = "ID", .min_args = 1, .max_args = 1 },
	.run = start_run,
};
