/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/conmon_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/step.h"
#include "base/vec.h"
#include "monitor/conmon_wire.h"
#include "os/dev.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/signal.h"

#define ATTACH "attach"
#define CTL "ctl"
#define WINSZ "winsz"

static int own_process(void *ctx, struct err *e)
{
	struct conmon *c = ctx;
	static const int heard[] = { SIGCHLD, SIGTERM, SIGINT, SIGQUIT };
	scoped_fd int null = dev_open_null(O_RDWR);
	int r = null < 0 ? null : 0;

	if (r == 0 && c->config.log_driver == MONITOR_LOG_PASSTHROUGH)
		r = stdio_inherit(&c->stdio);
	for (int fd = 0; r >= 0 && fd < 3; fd++)
		r = dup3(null, fd, 0) < 0 ? -errno : 0;
	setsid(); /* fails if --sync was started as a leader */
	if (r >= 0)
		r = signal_reset();
	if (r == 0)
		r = signal_ignore_pipe();
	if (r == 0)
		r = c->signals = signal_fd(heard, ARRAY_LEN(heard));
	if (r >= 0)
		r = proc_set_subreaper(true);
	if (r >= 0)
		r = loop_open(&c->loop);
	if (r < 0)
		return err_sys(e, r, "set up the process");
	conmon_protect(c, true);
	c->signal_source = (struct loop_source){ .fd = c->signals, .events = EPOLLIN, .ready = conmon_signal_came, .arg = c };
	r = loop_add(&c->loop, &c->signal_source);
	return r < 0 ? err_sys(e, r, "watch signals") : 0;
}

static int open_bundle(void *ctx, struct err *e)
{
	struct conmon *c = ctx;

	c->dirfd = dir_open(AT_FDCWD, c->o.bundle);
	return c->dirfd < 0 ? err_sys(e, c->dirfd, "open the bundle '%s'", c->o.bundle) : 0;
}

static int open_log(void *ctx, struct err *e)
{
	struct conmon *c = ctx;

	return logfile_open(&c->log, &c->config, e);
}

static int open_streams(void *ctx, struct err *e)
{
	struct conmon *c = ctx;
	int ends[2], r = stdio_open(&c->stdio, &c->config, c->dirfd, e);

	if (r < 0)
		return r;
	/* With a terminal only the runtime's own complaint comes this way. */
	if (c->stdio.terminal && fd_pipe(ends, 0) == 0) {
		c->stdio.err = ends[0];
		c->stdio.theirs[2] = ends[1];
		fd_set_nonblock(ends[0], true);
	}
	pump_init(&c->pump, &c->loop, &c->stdio, c->config.stdin_once, &c->log, &c->clients, conmon_drained, c);
	c->pump.chunk = CONMON_CHUNK;
	return 0;
}

static bool has_attach(const void *ctx)
{
	const struct conmon *c = ctx;

	return c->config.log_driver != MONITOR_LOG_PASSTHROUGH && (!c->o.exec || c->o.exec_attach);
}

/* Where CRI-O looks for the socket: a link in a directory of short name. */
static const char *short_link(struct conmon *c)
{
	return c->o.full_attach || !c->o.uuid ? NULL : arena_printf(&c->arena, "%s/%s", c->o.socket_dir, c->o.uuid);
}

static int open_attach(void *ctx, struct err *e)
{
	struct conmon *c = ctx;
	const char *link = short_link(c);
	int r = clients_open(&c->clients, &c->loop, c->dirfd, ATTACH, &conmon_wire, &conmon_client_events, c, e);

	if (r < 0 || !link)
		return r;
	unlink(link);
	if (dir_ensure_all(AT_FDCWD, c->o.socket_dir, 0700) < 0 || symlink(c->o.bundle, link) < 0)
		return err_sys(e, -errno, "link '%s' to the bundle", link);
	return 0;
}

static int open_fifos(void *ctx, struct err *e)
{
	struct conmon *c = ctx;
	int r = conmon_fifo_open(&c->ctl, &c->loop, c->dirfd, CTL, conmon_ctl_line, c, e);

	return r < 0 ? r : conmon_fifo_open(&c->winsz, &c->loop, c->dirfd, WINSZ, conmon_winsz_line, c, e);
}

static bool has_notify(const void *ctx)
{
	const struct conmon *c = ctx;

	return c->o.notify_socket;
}

static int open_notify(void *ctx, struct err *e)
{
	struct conmon *c = ctx;

	return conmon_notify_open(&c->notify, &c->loop, c->dirfd, c->o.notify_socket, e);
}

static bool has_gate(const void *ctx)
{
	const struct conmon *c = ctx;

	return c->o.exec_attach;
}

/* The caller connects to the socket first, so that it misses nothing. */
static int wait_for_attach(void *ctx, struct err *e)
{
	struct conmon *c = ctx;

	conmon_report(c->attach, "data", 0, (struct str){ 0 });
	conmon_pipe_wait(c->start);
	return 0;
}

/* Order: the caller may use whatever it can see as soon as the runtime is called, so that comes last. Nothing is taken back on failure: these are
 * files of the caller's directory, which it removes. */
static const struct step steps[] = {
	{ "conmon.process", NULL, own_process, NULL },
	{ "conmon.bundle", NULL, open_bundle, NULL },
	{ "conmon.log", NULL, open_log, NULL },
	{ "conmon.streams", NULL, open_streams, NULL },
	{ "conmon.attach", has_attach, open_attach, NULL },
	{ "conmon.fifos", NULL, open_fifos, NULL },
	{ "conmon.notify", has_notify, open_notify, NULL },
	{ "conmon.gate", has_gate, wait_for_attach, NULL },
	{ "conmon.call", NULL, conmon_call, NULL },
};

int conmon_setup(struct conmon *c, struct err *e)
{
	return steps_run(steps, ARRAY_LEN(steps), c, e);
}

int conmon_finish(struct conmon *c)
{
	const char *link = short_link(c);
	struct strs words = { 0 };

	logfile_close(&c->log);
	stdio_close(&c->stdio);
	if (!c->failed)
		conmon_tell_end(c);
	if (c->clients.loop)
		clients_close(&c->clients);
	conmon_fifo_close(&c->ctl);
	conmon_fifo_close(&c->winsz);
	conmon_notify_close(&c->notify);
	if (link && has_attach(c))
		unlink(link);
	unlinkat(c->dirfd, ATTACH, 0);
	if (c->failed || !c->o.exit_command)
		return c->failed ? 1 : 0;
	strs_push(&c->arena, &words, c->o.exit_command);
	for (size_t i = 0; i < c->o.exit_arguments.n; i++)
		strs_push(&c->arena, &words, c->o.exit_arguments.v[i]);
	fd_close_others(3, NULL, 0);
	if (c->o.exit_delay)
		sleep((unsigned)c->o.exit_delay);
	conmon_protect(c, false);
	signal_reset();
	execv(c->o.exit_command, strs_argv(&c->arena, &words));
	return 1;
}
