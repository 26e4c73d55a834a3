/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/conmon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/parse.h"
#include "monitor/conmon_internal.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/self.h"
#include "os/signal.h"

#define OOM_FILE "oom"

enum { MESSAGE_MAX = 8192 };
enum { CTL_RESIZE = 1, CTL_REOPEN = 2 };

const char conmon_version_text[] = "conmon version 2.2.1\ncommit: tare-monitor " TARE_VERSION "\n";

const char *conmon_key(const struct conmon *c)
{
	return c->o.api_version >= 1 ? "data" : c->o.exec ? "exit_code" : "pid";
}

/* ---- the end ---- */

void conmon_drained(void *arg)
{
	struct conmon *c = arg;

	c->state = CONMON_OVER;
	loop_stop(&c->loop, 0);
}

static void begin_drain(struct conmon *c)
{
	if (c->state != CONMON_RUNNING)
		return;
	c->state = CONMON_DRAINING;
	pump_drain(&c->pump);
}

static void container_ended(struct conmon *c, const struct proc_exit *x)
{
	c->ended = true;
	c->exit = *x;
	begin_drain(c);
}

/* Files and words of the end, in the order in which callers look for them: whether memory was out first. */
void conmon_tell_end(struct conmon *c)
{
	struct str why = c->timed_out ? STR("command timed out") : (struct str){ 0 };
	int code = c->timed_out ? -1 : proc_exit_number(&c->exit);
	struct err ignored; /* one who cannot read that may still hear the rest */
	char text[16];

	snprintf(text, sizeof text, "%d", code);
	if (oom_happened(&c->oom)) {
		conmon_write(c->o.bundle, OOM_FILE, "", &ignored);
		if (c->o.persist_dir)
			conmon_write(c->o.persist_dir, OOM_FILE, "", &ignored);
	}
	if (c->o.persist_dir)
		conmon_write(c->o.persist_dir, "exit", text, &ignored);
	if (c->o.exit_dir)
		conmon_write(c->o.exit_dir, c->o.id, text, &ignored);
	if (c->o.exec)
		conmon_report(c->sync, conmon_key(c), code, why);
}

/* ---- the runtime ---- */

/* What the runtime wrote to its standard error, which is to be the container's. */
static void runtime_failed(struct conmon *c, const char *otherwise)
{
	char text[MESSAGE_MAX];
	ssize_t n = c->stdio.err >= 0 ? read(c->stdio.err, text, sizeof text) : 0;
	struct str message = n > 0 ? (struct str){ text, (size_t)n } : str_of(otherwise);

	c->failed = true;
	c->state = CONMON_OVER;
	conmon_report(c->sync, conmon_key(c), -1, str_trim(message));
	loop_stop(&c->loop, 0);
}

static int read_pid(struct conmon *c, struct err *e)
{
	char text[16];
	uint32_t pid;
	int r = file_read_text(AT_FDCWD, c->pid_file, text, sizeof text);

	if (r < 0)
		return err_sys(e, r, "read '%s'", c->pid_file);
	if (parse_u32(text, &pid) < 0 || pid < 1)
		return err_set(e, ERR_CORRUPT, "'%s' says '%s'", c->pid_file, text);
	c->pid = (pid_t)pid;
	for (size_t i = 0; i < c->n_orphans && i < CONMON_ORPHANS; i++) {
		if (c->orphans[i].pid == c->pid) {
			c->ended = true;
			c->exit = c->orphans[i].exit;
		}
	}
	return 0;
}

static int time_is_up(void *arg)
{
	struct conmon *c = arg;

	if (c->ended)
		return 0;
	c->timed_out = true;
	/* Its whole group, as conmon does: an exec has no namespace that would end with it. */
	if (kill(-c->pid, SIGKILL) < 0)
		kill(c->pid, SIGKILL);
	return 0;
}

static int begin_running(struct conmon *c, struct err *e)
{
	int r = read_pid(c, e);

	if (r == 0 && c->stdio.terminal) {
		fd_done(&c->stdio.err);
		r = stdio_accept_console(&c->stdio, &c->config, c->dirfd, e);
		if (r == 0 && c->size.rows)
			pty_set_size(c->stdio.out, c->size);
	}
	if (r < 0)
		return r;
	oom_open(&c->oom, c->pid);
	conmon_report(c->sync, c->o.api_version >= 1 ? "data" : "pid", c->pid, (struct str){ 0 });
	c->state = CONMON_RUNNING;
	r = pump_start(&c->pump, e);
	if (c->o.timeout && r == 0) {
		c->timer = (struct loop_timer){ .expired = time_is_up, .arg = c };
		loop_timer_set(&c->loop, &c->timer, c->o.timeout * 1000);
	}
	if (r == 0 && c->ended)
		begin_drain(c);
	return r;
}

static void runtime_ended(struct conmon *c, const struct proc_exit *x)
{
	struct err e = { 0 };

	c->runtime.pid = 0;
	fd_done(&c->runtime.pidfd);
	if (x->code || x->signal)
		runtime_failed(c, "the runtime failed without a word");
	else if (begin_running(c, &e) < 0)
		runtime_failed(c, e.msg);
}

/* ---- signals ---- */

static void reap(struct conmon *c)
{
	struct proc_exit x;
	pid_t pid;

	while ((pid = proc_reap_any(&x)) > 0) {
		if (c->runtime.pid == pid) {
			runtime_ended(c, &x);
		} else if (pid == c->pid && !c->ended) {
			container_ended(c, &x);
		} else if (c->state == CONMON_CALLING) {
			c->orphans[c->n_orphans % CONMON_ORPHANS] = (struct conmon_orphan){ pid, x };
			c->n_orphans++;
		}
	}
}

int conmon_signal_came(void *arg, uint32_t events)
{
	struct conmon *c = arg;
	struct signalfd_siginfo info;

	while (signal_fd_read(c->signals, &info) == 0) {
		if (info.ssi_signo == SIGCHLD)
			reap(c);
		else if (c->runtime.pid)
			proc_signal(c->runtime.pidfd, (int)info.ssi_signo);
		else if (c->pid && !c->ended)
			kill(c->pid, (int)info.ssi_signo); /* our child, and not reaped: the number is its own */
	}
	return 0;
}

/* ---- clients and fifos ---- */

static void client_joined(void *arg, struct client *client)
{
	client->attach = MONITOR_ATTACH_OUTPUT | MONITOR_ATTACH_STDIN | MONITOR_ATTACH_WAIT;
}

static void client_request(void *arg, struct client *client, const struct monitor_frame *f)
{
	struct conmon *c = arg;

	if (f->type == MONITOR_STDIN_EOF) {
		pump_stdin_eof(&c->pump, client);
		return;
	}
	pump_stdin(&c->pump, client, (struct str){ f->payload, f->length });
	/* No more from it before the container has taken this. */
	if (client->in.n)
		client_listen(client, false);
}

static void client_ready(void *arg, struct client *client)
{
	struct conmon *c = arg;

	pump_resume(&c->pump, client);
}

static void client_gone(void *arg, struct client *client)
{
	struct conmon *c = arg;

	if (c->state == CONMON_OVER)
		return;
	pump_stdin_eof(&c->pump, client);
	if (client->waiting) {
		client->waiting = false;
		pump_resume(&c->pump, NULL);
	}
}

const struct client_events conmon_client_events = { client_joined, client_request, client_ready, client_gone };

static void resize(struct conmon *c, int rows, int columns)
{
	c->size = (struct pty_size){ .rows = (uint16_t)rows, .cols = (uint16_t)columns };
	if (c->stdio.terminal && c->stdio.out >= 0)
		pty_set_size(c->stdio.out, c->size);
}

void conmon_ctl_line(void *arg, const int *n, size_t count)
{
	struct conmon *c = arg;
	struct err ignored;

	if (count != 3)
		return;
	if (n[0] == CTL_RESIZE)
		resize(c, n[1], n[2]);
	else if (n[0] == CTL_REOPEN)
		logfile_reopen(&c->log, &ignored);
}

void conmon_winsz_line(void *arg, const int *n, size_t count)
{
	if (count == 2)
		resize(arg, n[0], n[1]);
}

/* ---- the beginning ---- */

static const char *absolute(struct conmon *c, const char *path)
{
	char cwd[PATH_MAX];

	if (path[0] == '/' || !getcwd(cwd, sizeof cwd))
		return path;
	return arena_printf(&c->arena, "%s/%s", cwd, path);
}

static int read_line(struct conmon *c, int argc, char **argv, struct err *e)
{
	char *program;
	int r = conmon_options_parse(argc, argv, &c->arena, &c->o, e);

	if (r < 0 || c->o.version || c->o.help)
		return r;
	c->o.bundle = absolute(c, c->o.bundle ? c->o.bundle : ".");
	c->pid_file = absolute(c, c->o.pid_file ? c->o.pid_file : arena_printf(&c->arena, "pidfile-%s", c->o.id));
	r = self_find_in_path(c->o.runtime, &c->arena, &program);
	if (r < 0)
		return err_sys(e, r, "runtime '%s'", c->o.runtime);
	c->o.runtime = program;
	return conmon_options_config(&c->o, &c->arena, &c->config, e);
}

/* The first process ends when the second one's number is on record. Returns only in the second. */
static int go_apart(struct conmon *c, struct err *e)
{
	char text[16];
	pid_t pid;

	if (c->o.stay)
		return 0;
	pid = proc_clone(0, -1, NULL);
	if (pid < 0)
		return err_sys(e, (int)pid, "fork");
	if (pid == 0)
		return 0;
	snprintf(text, sizeof text, "%d", (int)pid);
	if (c->o.monitor_pid_file && file_replace(AT_FDCWD, c->o.monitor_pid_file, text, strlen(text), 0644, 0) < 0) {
		kill(pid, SIGKILL);
		_exit(1);
	}
	_exit(0);
}

/* ---- the whole ---- */

static void say(const char *text)
{
	if (write(2, text, strlen(text)) < 0)
		return; /* nobody is left to tell */
}

static int complain(const struct err *e)
{
	say("tare-monitor: ");
	say(e->msg);
	say("\n");
	return 1;
}

static int print(const char *text)
{
	return write(1, text, strlen(text)) < 0;
}

static int print_help(void)
{
	print("Usage: tare-monitor --cid ID --cuuid ID --runtime PROGRAM --log-path DRIVER[:PATH] [OPTION...]   (the command line of conmon)\n");
	for (const struct conmon_option *o = conmon_option_table; o->name; o++) {
		char line[80];

		snprintf(line, sizeof line, "  --%s%s\n", o->name, o->kind == CONMON_FLAG ? "" : o->kind == CONMON_NUMBER ? " N" : " TEXT");
		print(line);
	}
	return 0;
}

static void prepare(struct conmon *c)
{
	c->dirfd = c->signals = -EBADF;
	c->loop = LOOP_NONE;
	c->clients = CLIENTS_NONE;
	c->stdio = STDIO_NONE;
	c->log = LOGFILE_NONE;
	c->oom = OOM_NONE;
	c->ctl = c->winsz = CONMON_FIFO_NONE;
	c->notify = CONMON_NOTIFY_NONE;
	c->runtime = PROC_NONE;
	c->sync = conmon_pipe("_OCI_SYNCPIPE");
	c->start = conmon_pipe("_OCI_STARTPIPE");
	c->attach = conmon_pipe("_OCI_ATTACHPIPE");
}

int conmon_main(int argc, char **argv)
{
	static struct conmon conmon;
	struct conmon *c = &conmon;
	struct err e = { 0 };
	int r = read_line(c, argc, argv, &e);

	if (r < 0)
		return complain(&e);
	if (c->o.version)
		return print(conmon_version_text);
	if (c->o.help)
		return print_help();
	prepare(c);
	conmon_pipe_wait(c->start);
	r = go_apart(c, &e);
	if (r == 0)
		r = conmon_setup(c, &e);
	if (r == 0)
		r = loop_run(&c->loop);
	else
		conmon_report(c->sync, conmon_key(c), -1, str_of(e.msg));
	return r < 0 ? 1 : conmon_finish(c);
}
