/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/step.h"
#include "base/vec.h"
#include "codec/json.h"
#include "monitor/life.h"
#include "os/dev.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/signal.h"
#include "os/trace.h"

static void reap(struct life *l)
{
	struct proc_exit x;
	pid_t pid;

	while ((pid = proc_reap_any(&x)) > 0) {
		if (invoke_is(&l->invoke, pid)) {
			life_call_ended(l, &x);
		} else if (health_is(&l->health, pid)) {
			health_reaped(&l->health, &x);
		} else if (pid == l->record.pid && !l->ended) {
			l->record.exit = x;
			life_init_ended(l);
		} else if (l->state == LIFE_CREATING) {
			l->orphans[l->n_orphans % ORPHANS] = (struct orphan){ pid, x };
			l->n_orphans++;
		}
	}
}

/* Whoever signals the monitor itself (a host that goes down) wants an end. */
static void pass_on(struct life *l, int signal)
{
	life_stay_down(l);
	if (l->state == LIFE_CREATING)
		invoke_signal(&l->invoke, signal);
	else if (l->state == LIFE_DRAINING)
		life_cut_drain(l);
	else if (l->state == LIFE_CREATED)
		proc_signal(l->pidfd, SIGKILL); /* before its program runs, init may well ignore anything else */
	else if (l->pidfd >= 0 && !l->ended)
		proc_signal(l->pidfd, signal);
}

static int signal_came(void *arg, uint32_t events)
{
	struct life *l = arg;
	struct signalfd_siginfo info;

	while (signal_fd_read(l->signals, &info) == 0) {
		if (info.ssi_signo == SIGCHLD)
			reap(l);
		else if (info.ssi_signo != SIGHUP)
			pass_on(l, (int)info.ssi_signo);
	}
	return 0;
}

/* A process of its own: no terminal, no inherited streams, no inherited signal actions, and every orphan below is its child. */
static int detach(void *ctx, struct err *e)
{
	struct life *l = ctx;
	static const int heard[] = { SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGHUP };
	scoped_fd int null = dev_open_null(O_RDWR);
	int r = null;

	if (r >= 0 && l->config.log_driver == MONITOR_LOG_PASSTHROUGH)
		r = stdio_inherit(&l->stdio);
	for (int fd = 0; r >= 0 && fd < 3; fd++)
		r = dup3(null, fd, 0) < 0 ? -errno : 0;
	if (r < 0)
		return err_sys(e, r, "open the null device");
	setsid(); /* fails if the starter has done it */
	r = signal_reset();
	if (r == 0)
		r = signal_ignore_pipe();
	if (r == 0)
		r = l->signals = signal_fd(heard, ARRAY_LEN(heard));
	if (r >= 0)
		r = proc_set_subreaper(true);
	if (r >= 0)
		r = chdir("/") < 0 ? -errno : 0;
	if (r >= 0)
		r = loop_open(&l->loop);
	if (r < 0)
		return err_sys(e, r, "set up the process");
	l->signal_source = (struct loop_source){ .fd = l->signals, .events = EPOLLIN, .ready = signal_came, .arg = l };
	r = loop_add(&l->loop, &l->signal_source);
	return r < 0 ? err_sys(e, r, "watch signals") : 0;
}

static int open_directory(void *ctx, struct err *e)
{
	struct life *l = ctx;

	l->dirfd = dir_open(AT_FDCWD, l->config.run_dir);
	if (l->dirfd < 0)
		return err_sys(e, l->dirfd, "open '%s'", l->config.run_dir);
	unlinkat(l->dirfd, MONITOR_EXIT, 0); /* of an earlier run */
	return 0;
}

static int open_log(void *ctx, struct err *e)
{
	struct life *l = ctx;

	return logfile_open(&l->log, &l->config, e);
}

static int open_stdio(void *ctx, struct err *e)
{
	struct life *l = ctx;
	int r = stdio_open(&l->stdio, &l->config, l->dirfd, e);

	if (r < 0)
		return r;
	pump_init(&l->pump, &l->loop, &l->stdio, l->config.stdin_once, &l->log, &l->clients, life_output_is_dry, l);
	return 0;
}

static void undo_stdio(void *ctx)
{
	struct life *l = ctx;

	stdio_close(&l->stdio);
	unlinkat(l->dirfd, MONITOR_CONSOLE, 0);
}

static int open_clients(void *ctx, struct err *e)
{
	struct life *l = ctx;

	return clients_open(&l->clients, &l->loop, l->dirfd, MONITOR_CTL, &client_wire, &life_client_events, l, e);
}

static void undo_clients(void *ctx)
{
	struct life *l = ctx;

	unlinkat(l->dirfd, MONITOR_CTL, 0);
}

static int write_live(void *ctx, struct err *e)
{
	struct life *l = ctx;

	l->record.id = l->config.id;
	return record_live(l->dirfd, &l->record, e);
}

static void undo_live(void *ctx)
{
	struct life *l = ctx;

	unlinkat(l->dirfd, MONITOR_STATE, 0);
}

static int begin_create(void *ctx, struct err *e)
{
	struct life *l = ctx;
	int r = invoke_init(&l->invoke, &l->config, l->dirfd, &l->arena, e);

	l->call_started = proc_now_ns();
	if (r == 0)
		r = invoke_create(&l->invoke, &l->stdio, e);
	stdio_close_theirs(&l->stdio);
	return r;
}

/* The starter's connection joins last: until then a failure is told by life_run. */
static int join_starter(void *ctx, struct err *e)
{
	struct life *l = ctx;
	int fd = fd_dup_min(l->options->control_fd, 3);

	return fd < 0 ? err_sys(e, fd, "duplicate the control socket") : clients_add(&l->clients, fd, true, e);
}

static bool has_starter(const void *ctx)
{
	const struct life *l = ctx;

	return l->options->control_fd >= 0;
}

/* Order: whatever fails must be told, so the process is set up first; whoever reads live.json must find ctl, so that comes before; the runtime
 * is called last because from there on there is something to take back. */
static const struct step steps[] = {
	{ "monitor.detach", NULL, detach, NULL },
	{ "monitor.directory", NULL, open_directory, NULL },
	{ "monitor.log", NULL, open_log, NULL },
	{ "monitor.stdio", NULL, open_stdio, undo_stdio },
	{ "monitor.listen", NULL, open_clients, undo_clients },
	{ "monitor.live", NULL, write_live, undo_live },
	{ "monitor.starter", has_starter, join_starter, NULL },
	{ "monitor.create", NULL, begin_create, NULL },
};

static int load_config(struct life *l, struct err *e)
{
	scoped_arena struct arena scratch = { 0 };
	char *text;
	size_t n;
	int r = file_read(AT_FDCWD, l->options->config, LIMIT_DOCUMENT, &scratch, &text, &n);

	if (r < 0)
		return err_sys(e, r, "read '%s'", l->options->config);
	r = json_decode((struct str){ text, n }, &monitor_config_schema, JSON_EXACT, &l->arena, &l->config, e);
	return r < 0 ? err_wrap(e, "'%s'", l->options->config) : 0;
}

int life_setup(struct life *l, struct err *e)
{
	int r = load_config(l, e);

	return r < 0 ? r : steps_run(steps, ARRAY_LEN(steps), l, e);
}

static bool is_released(const struct life *l)
{
	for (const struct client *c = l->clients.first; c; c = c->next)
		if (c->released)
			return true;
	return false;
}

/* All is over: whoever waits for the end of file hears it now, and this process becomes the exit command. */
int life_finish(struct life *l, struct err *e)
{
	bool owed = l->config.exit_command.n && !is_released(l);
	char **argv = strs_argv(&l->arena, &l->config.exit_command);

	unlinkat(l->dirfd, MONITOR_CTL, 0);
	step_fault("monitor.end", e);
	clients_close(&l->clients);
	fd_close(l->options->control_fd);
	if (!owed)
		return 0;
	signal_reset();
	execv(argv[0], argv);
	return err_sys(e, -errno, "execute '%s'", argv[0]);
}
