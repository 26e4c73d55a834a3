/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/life.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/step.h"
#include "monitor/internal.h"
#include "monitor/news.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/pty.h"
#include "os/trace.h"

static struct timespec wall_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

/* -ENOENT and -EACCES of a failure mean the container's own program (spec/monitor.h); a file of ours that is missing must not look like it. */
static void not_the_program(struct err *e)
{
	if (e->sys == ENOENT || e->sys == EACCES)
		e->sys = EIO;
}

/* ---- the end: drain, record, tell, delete ---- */

static void begin_delete(struct life *l)
{
	struct err ignored; /* a runtime that cannot be executed has made nothing to delete */

	loop_timer_clear(&l->loop, &l->timer);
	if (l->stdio.console >= 0)
		unlinkat(l->dirfd, MONITOR_CONSOLE, 0);
	stdio_close(&l->stdio);
	logfile_close(&l->log);
	l->state = LIFE_DELETING;
	l->call_started = proc_now_ns();
	if (step_fault("monitor.delete", &ignored) < 0 || invoke_delete(&l->invoke, &ignored) < 0) {
		l->state = LIFE_OVER;
		loop_stop(&l->loop, 0);
	}
}

/* Writes exit.json. A run directory that is full or gone must not keep the clients from hearing of the end. */
static void write_exit(struct life *l)
{
	struct err ignored;

	l->record.oom |= oom_happened(&l->oom); /* a cgroup that is gone says no */
	if (!l->record.finished.tv_sec)
		l->record.finished = wall_clock();
	l->exit_text = record_exit_text(&l->record, &l->run);
	if (!l->record.restarting && step_fault("monitor.exit", &ignored) == 0)
		record_exit(l->dirfd, l->exit_text, &ignored);
	if (!l->record.started.tv_sec || l->record.told)
		return;
	l->record.told = true;
	if (l->record.oom)
		news_tell(&l->config, "oom", NULL);
	news_tell_number(&l->config, "die", "exitCode", proc_exit_number(&l->record.exit));
}

void life_tell_end(struct life *l)
{
	write_exit(l);
	l->state = l->record.restarting ? LIFE_CLEARING : LIFE_DELETING; /* those who drop out while we tell them change nothing any more */
	for (struct client *c = l->clients.first, *next; c; c = next) {
		next = c->next;
		life_send_exited(l, c);
	}
}

/* All that the container wrote has reached log and clients. */
void life_output_is_dry(void *arg)
{
	struct life *l = arg;

	logfile_sync(&l->log);
	if (life_begin_again(l))
		return;
	life_tell_end(l);
	begin_delete(l);
}

void life_cut_drain(struct life *l)
{
	clients_drop_waiting(&l->clients);
	pump_resume(&l->pump, NULL);
}

static void begin_drain(struct life *l)
{
	l->state = LIFE_DRAINING;
	pump_drain(&l->pump);
}

/* What Docker records for a container that could not be started. */
static int failure_code(const struct err *e)
{
	return e->sys == ENOENT ? 127 : e->sys == EACCES ? 126 : 128;
}

/*
 * Ends what a runtime that died half-way has left: all our children, since orphans become ours. Theirs are the kernel's business (an init is
 * the first of its pid namespace). A child is not reaped meanwhile, so its number is its own.
 */
static void kill_children(void)
{
	char path[64], text[LIMIT_PATH];
	struct str rest;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	if (file_read_text(AT_FDCWD, path, text, sizeof text) < 0)
		return;
	for (rest = str_of(text); rest.p;) {
		struct str word = str_cut(rest, ' ', &rest);
		char number[16];
		uint32_t pid;

		snprintf(number, sizeof number, STR_FMT, STR_ARG(word));
		if (parse_u32(number, &pid) == 0) {
			scoped_fd int pidfd = proc_open((pid_t)pid);

			if (pidfd >= 0)
				proc_signal(pidfd, SIGKILL);
		}
	}
}

/* Create or start failed with l->failure: says so, and takes back what there is. */
static void fail(struct life *l)
{
	kill_children();
	l->record.error = l->failure.msg;
	/* What ran before and cannot be started again has ended; what never ran is only created. */
	l->record.started = l->record.restarts ? wall_clock() : (struct timespec){ 0 };
	l->record.told = l->record.restarts > 0;
	if (!l->ended)
		l->record.exit = (struct proc_exit){ .code = failure_code(&l->failure) };
	write_exit(l);
	l->state = LIFE_DELETING;
	for (struct client *c = l->clients.first, *next; c; c = next) {
		next = c->next;
		client_send_err(c, MONITOR_FAILED, &l->failure);
	}
	begin_delete(l);
}

/* Init has ended as l->record.exit says. */
void life_init_ended(struct life *l)
{
	l->ended = true;
	l->record.finished = wall_clock();
	health_end(&l->health);
	loop_timer_clear(&l->loop, &l->timer);
	if (l->state == LIFE_CREATED || l->state == LIFE_RUNNING)
		begin_drain(l); /* while LIFE_STARTING the runtime's own answer comes first */
}

/* ---- create and start ---- */

void life_begin_start(struct life *l)
{
	l->state = LIFE_STARTING;
	l->record.started = wall_clock(); /* before it can end */
	l->call_started = proc_now_ns();
	if (step_fault("monitor.call_start", &l->failure) < 0 || invoke_start(&l->invoke, &l->failure) < 0)
		fail(l);
}

static void start_succeeded(struct life *l)
{
	struct err ignored; /* the container runs whether that is on record or not */

	l->state = LIFE_RUNNING;
	l->record.running = true;
	record_live(l->dirfd, &l->record, &ignored);
	news_tell(&l->config, "start", NULL);
	if (!l->ended)
		life_checks_begin(l);
	for (struct client *c = l->clients.first, *next; c; c = next) {
		next = c->next;
		client_send_simple(c, MONITOR_STARTED);
	}
	if (l->ended)
		begin_drain(l);
}

static int read_pid(struct life *l, struct err *e)
{
	char text[16];
	uint32_t pid;
	struct proc_stat stat;
	int r = file_read_text(l->dirfd, MONITOR_PID, text, sizeof text);

	if (r < 0)
		return err_sys(e, r, "read '" MONITOR_PID "' of the runtime");
	if (parse_u32(text, &pid) < 0 || pid < 1)
		return err_set(e, ERR_CORRUPT, "'" MONITOR_PID "' of the runtime says '%s'", text);
	l->record.pid = (pid_t)pid;
	for (size_t i = 0; i < l->n_orphans; i++) {
		if (l->orphans[i].pid == l->record.pid) {
			l->ended = true;
			l->record.exit = l->orphans[i].exit;
			return 0;
		}
	}
	l->pidfd = proc_open(l->record.pid);
	if (l->pidfd < 0)
		return err_sys(e, l->pidfd, "open process %u", pid);
	if (proc_stat_read(l->record.pid, &stat) == 0)
		l->record.pid_start = stat.start_ticks;
	return 0;
}

/* Init may end without being our child (a runtime that keeps it): then its pidfd tells, and nobody knows its status. */
static int init_is_readable(void *arg, uint32_t events)
{
	struct life *l = arg;
	struct proc_exit x = { .code = 255 };
	int r;

	loop_remove(&l->loop, &l->pid_source);
	l->pid_source.fd = -EBADF;
	r = proc_wait(l->pidfd, 0, &x);
	if (l->ended || (r < 0 && r != -ECHILD))
		return 0;
	l->record.exit = x;
	life_init_ended(l);
	return 0;
}

static int create_succeeded(struct life *l, struct err *e)
{
	int r = step_fault("monitor.created", e);

	if (r == 0)
		r = read_pid(l, e);
	if (r == 0 && l->stdio.terminal)
		r = stdio_accept_console(&l->stdio, &l->config, l->dirfd, e);
	if (r == 0)
		r = pump_start(&l->pump, e);
	if (r == 0 && !l->ended) {
		oom_open(&l->oom, l->record.pid);
		l->pid_source = (struct loop_source){ .fd = l->pidfd, .events = EPOLLIN, .ready = init_is_readable, .arg = l };
		r = loop_add(&l->loop, &l->pid_source);
		if (r < 0)
			err_sys(e, r, "watch the container's process");
	}
	if (r == 0 && !l->ended)
		r = life_hold(l, e);
	if (r == 0)
		r = record_live(l->dirfd, &l->record, e);
	return r;
}

static bool starter_is_here(const struct life *l)
{
	for (const struct client *c = l->clients.first; c; c = c->next)
		if (c->starter)
			return true;
	return false;
}

/* Nobody will ever send START. */
void life_abandon(struct life *l)
{
	l->record.error = "its starter left before it was started";
	if (l->pidfd >= 0)
		proc_signal(l->pidfd, SIGKILL);
}

bool life_is_abandoned(const struct life *l)
{
	return l->options->control_fd >= 0 && !l->config.keep_created && !l->start_seen && !starter_is_here(l);
}

static void announce_created(struct life *l)
{
	l->state = LIFE_CREATED;
	if (l->size.rows)
		pty_set_size(l->stdio.out, (struct pty_size){ .rows = l->size.rows, .cols = l->size.columns });
	for (struct client *c = l->clients.first, *next; c; c = next) {
		next = c->next;
		client_send_number(c, MONITOR_CREATED, l->record.pid);
	}
	if (l->ended)
		life_init_ended(l);
	else if (life_is_abandoned(l))
		life_abandon(l);
	else if (l->start_wanted)
		life_begin_start(l);
}

/* The runtime's process ended as @x. */
void life_call_ended(struct life *l, const struct proc_exit *x)
{
	static const char *const names[] = { [LIFE_CREATING] = "runtime.create", [LIFE_STARTING] = "runtime.start", [LIFE_DELETING] = "runtime.delete",
		[LIFE_CLEARING] = "runtime.delete" };
	enum life_state state = l->state;
	struct err e;
	int r = invoke_result(&l->invoke, x, &e);

	if (state == LIFE_CREATING || state == LIFE_STARTING || state == LIFE_DELETING || state == LIFE_CLEARING)
		trace_note(names[state], l->call_started);
	if (state == LIFE_CLEARING) {
		life_cleared(l);
		return;
	}
	if (state == LIFE_DELETING) {
		l->state = LIFE_OVER;
		loop_stop(&l->loop, 0);
		return;
	}
	if (state == LIFE_CREATING && r == 0) {
		loop_timer_clear(&l->loop, &l->timer);
		r = create_succeeded(l, &e);
		if (r == 0) {
			announce_created(l);
			return;
		}
		not_the_program(&e);
	} else if (state == LIFE_STARTING && r == 0) {
		start_succeeded(l);
		return;
	}
	l->failure = e;
	fail(l);
}

int life_run(const struct life_options *o, struct err *e)
{
	static struct life life;
	struct life *l = &life;
	int r;

	l->options = o;
	l->dirfd = l->signals = l->pidfd = -EBADF;
	l->loop = LOOP_NONE;
	l->clients = CLIENTS_NONE;
	l->stdio = STDIO_NONE;
	l->oom = OOM_NONE;
	l->restart = RESTART_NONE;
	l->health = HEALTH_NONE_YET;
	l->state = LIFE_CREATING;
	r = life_setup(l, e);
	if (r < 0) {
		struct err ignored; /* the starter may be gone */

		not_the_program(e);
		if (o->control_fd >= 0)
			monitor_send(o->control_fd, MONITOR_FAILED, e, sizeof *e, &ignored);
		return -e->sys;
	}
	r = loop_run(&l->loop);
	if (r < 0)
		return err_sys(e, r, "wait for events");
	return life_finish(l, e);
}
