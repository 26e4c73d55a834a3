/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/health.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "base/text.h"
#include "codec/json.h"
#include "monitor/news.h"
#include "os/dev.h"
#include "os/fd.h"
#include "os/file.h"

#define PID_FILE "health.pid"
#define PAUSED_FILE "paused" /* the engine's note that it froze the container: the pid of its init */

enum { MILLISECOND_NS = 1000000, SECOND_NS = 1000000000, START_INTERVAL_S = 5,
	RECORD_MAX = 4096 + HEALTH_LOG_MAX * (HEALTH_OUTPUT_MAX + 64) * 6 }; /* a byte of output may take six in JSON */

static struct timespec wall_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

/* ---- rules -------------------------------------------------------------------------------------------------------------------------------------- */

enum health_status health_judge(enum health_status old, uint32_t *streak, int code, struct health_rules rules)
{
	if (code == 0) {
		*streak = 0;
		return HEALTH_HEALTHY;
	}
	if (old == HEALTH_STARTING && rules.in_grace)
		return old;
	++*streak;
	return *streak >= rules.retries ? HEALTH_UNHEALTHY : old;
}

static const struct monitor_check *check_of(const struct health *h)
{
	const struct monitor_health *c = h->config->health;

	return h->in_startup ? &c->startup : &c->check;
}

static bool is_in_grace(const struct health *h)
{
	struct timespec now = wall_clock();

	return (int64_t)(now.tv_sec - h->begun.tv_sec) * SECOND_NS + now.tv_nsec - h->begun.tv_nsec < h->config->health->start_period;
}

static int64_t pause_ns(const struct health *h)
{
	const struct monitor_health *c = h->config->health;
	int64_t start = c->start_interval ? c->start_interval : (int64_t)START_INTERVAL_S * SECOND_NS;

	if (!h->in_startup && h->status == HEALTH_STARTING && is_in_grace(h) && c->check.interval > start)
		return start;
	return check_of(h)->interval;
}

/* `--health-interval disable`: only who asks makes it run. */
static void next_set(struct health *h)
{
	int64_t ns = pause_ns(h);

	if (ns > 0)
		loop_timer_set(h->loop, &h->next, (ns + MILLISECOND_NS - 1) / MILLISECOND_NS);
}

/* ---- the record --------------------------------------------------------------------------------------------------------------------------------- */

static void record_write(const struct health *h)
{
	scoped_buf struct buf text = BUF(RECORD_MAX);
	char times[HEALTH_LOG_MAX][2][TEXT_TIME_SIZE];
	struct health_result results[HEALTH_LOG_MAX];
	struct health_state state = { .status = h->status, .streak = h->streak, .log = results, .n_log = h->n_log };

	for (size_t i = 0; i < h->n_log; i++) {
		text_time(h->log[i].start, times[i][0]);
		text_time(h->log[i].end, times[i][1]);
		results[i] = (struct health_result){ times[i][0], times[i][1], h->log[i].code, h->log[i].output };
	}
	/* A run directory that is full keeps the older record. */
	if (json_encode(&health_state_schema, &state, JSON_INDENT_NONE, &text) == 0)
		file_replace(h->dirfd, MONITOR_HEALTH, text.p, text.n, 0600, 0);
}

static void log_clear(struct health *h)
{
	for (size_t i = 0; i < h->n_log; i++)
		free(h->log[i].output);
	h->n_log = 0;
}

static char *copy_of(const char *text)
{
	size_t n = strlen(text) + 1;

	return memcpy(alloc_or_die(n), text, n);
}

static void log_add(struct health *h, int code, const char *output)
{
	if (h->n_log == HEALTH_LOG_MAX) {
		free(h->log[0].output);
		memmove(h->log, h->log + 1, (HEALTH_LOG_MAX - 1) * sizeof *h->log);
		h->n_log--;
	}
	h->log[h->n_log++] = (struct health_entry){ h->started, wall_clock(), code, copy_of(output) };
}

/* ---- one check ---------------------------------------------------------------------------------------------------------------------------------- */

static void output_close(struct health *h)
{
	loop_remove(h->loop, &h->source);
	h->source.fd = -EBADF;
	h->fd = fd_close(h->fd);
}

static void output_take(struct health *h)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(h->fd, chunk, sizeof chunk)) > 0) {
		size_t room = HEALTH_OUTPUT_MAX - h->output.n;

		h->truncated |= (size_t)n > room;
		buf_add(&h->output, chunk, (size_t)n < room ? (size_t)n : room);
	}
	if (n == 0)
		output_close(h);
}

static int output_ready(void *arg, uint32_t events)
{
	output_take(arg);
	return 0;
}

/* What the runtime started in the container, if that is still its child: a number alone could be somebody else's by now. */
static void program_kill(const struct health *h)
{
	char text[16];
	uint32_t pid;
	struct proc_stat stat;
	scoped_fd int pidfd = -EBADF;

	if (file_read_text(h->dirfd, PID_FILE, text, sizeof text) < 0 || parse_u32(text, &pid) < 0)
		return;
	pidfd = proc_open((pid_t)pid);
	if (pidfd >= 0 && proc_stat_read((pid_t)pid, &stat) == 0 && stat.parent == h->proc.pid)
		proc_signal(pidfd, SIGKILL);
}

static int limit_is_over(void *arg)
{
	struct health *h = arg;

	h->timed_out = true;
	program_kill(h);
	proc_signal(h->proc.pidfd, SIGKILL);
	return 0;
}

static bool is_frozen(const struct health *h)
{
	char text[16];
	uint32_t pid;

	return file_read_text(h->dirfd, PAUSED_FILE, text, sizeof text) == 0 && parse_u32(text, &pid) == 0 && (pid_t)pid == h->init;
}

static int check_spawn(struct health *h, struct err *e)
{
	int ends[2] = { -EBADF, -EBADF }, r = fd_pipe(ends, 0);
	scoped_fd int null = dev_open_null(O_RDWR);
	struct proc_fd fds[] = { { null, 0 }, { ends[1], 1 }, { ends[1], 2 } };

	if (r == 0 && null < 0)
		r = null;
	if (r == 0)
		r = fd_set_nonblock(ends[0], true);
	if (r < 0)
		err_sys(e, r, "open the streams of the check");
	else
		r = invoke_exec(h->invoke, check_of(h)->process, PID_FILE, fds, ARRAY_LEN(fds), &h->proc, e);
	fd_close(ends[1]);
	if (r < 0) {
		fd_close(ends[0]);
		return r;
	}
	h->fd = ends[0];
	h->source = (struct loop_source){ .fd = h->fd, .events = EPOLLIN, .ready = output_ready, .arg = h };
	r = loop_add(h->loop, &h->source);
	return r < 0 ? err_sys(e, r, "watch the check") : 0;
}

static void check_done(struct health *h, int code);

static void check_run(struct health *h)
{
	struct err e;

	loop_timer_clear(h->loop, &h->next);
	h->started = wall_clock();
	h->timed_out = h->truncated = false;
	h->output = BUF(HEALTH_OUTPUT_MAX + 64);
	unlinkat(h->dirfd, PID_FILE, 0);
	if (check_spawn(h, &e) < 0) {
		buf_add_str(&h->output, e.msg);
		check_done(h, -1);
		return;
	}
	h->limit.expired = limit_is_over;
	h->limit.arg = h;
	loop_timer_set(h->loop, &h->limit, check_of(h)->timeout / MILLISECOND_NS);
}

static int check_is_due(void *arg)
{
	struct health *h = arg;

	if (!is_frozen(h))
		check_run(h);
	else
		next_set(h);
	return 0;
}

/* ---- what follows ------------------------------------------------------------------------------------------------------------------------------- */

static void status_set(struct health *h, enum health_status status)
{
	char action[64];

	if (status == h->status)
		return;
	h->status = status;
	snprintf(action, sizeof action, "health_status: %s", enumtab_name(&health_statuses, (int)status));
	news_tell(h->config, action, NULL);
}

/* The startup check: its successes open the way for the other one. */
static bool startup_judge(struct health *h, int code)
{
	const struct monitor_health *c = h->config->health;

	if (code == 0) {
		h->streak = 0;
		h->in_startup = ++h->successes < c->success;
		return false;
	}
	h->successes = 0;
	h->streak++;
	return c->startup.retries && h->streak >= c->startup.retries;
}

static void check_done(struct health *h, int code)
{
	bool give_up = false;

	loop_timer_clear(h->loop, &h->limit);
	if (h->truncated)
		buf_add_str(&h->output, "...");
	log_add(h, code, buf_text(&h->output));
	buf_done(&h->output);
	if (h->in_startup)
		give_up = startup_judge(h, code);
	else
		status_set(h, health_judge(h->status, &h->streak, code, (struct health_rules){ check_of(h)->retries, is_in_grace(h) }));
	record_write(h);
	next_set(h);
	h->checked(h->arg, code);
	if (give_up)
		h->startup_failed(h->arg);
	else if (code != 0 && h->status == HEALTH_UNHEALTHY)
		h->unwell(h->arg);
}

void health_reaped(struct health *h, const struct proc_exit *x)
{
	int64_t timeout = check_of(h)->timeout;

	h->proc.pidfd = fd_close(h->proc.pidfd);
	h->proc.pid = 0;
	if (h->fd >= 0)
		output_take(h);
	output_close(h);
	unlinkat(h->dirfd, PID_FILE, 0);
	if (!h->timed_out) {
		check_done(h, proc_exit_number(x));
		return;
	}
	buf_clear(&h->output);
	h->truncated = false;
	if (timeout % SECOND_NS == 0)
		buf_printf(&h->output, "Health check exceeded timeout (%llds)", (long long)(timeout / SECOND_NS));
	else
		buf_printf(&h->output, "Health check exceeded timeout (%lldms)", (long long)(timeout / MILLISECOND_NS));
	check_done(h, -1);
}

bool health_is(const struct health *h, pid_t pid)
{
	return h->proc.pid > 0 && h->proc.pid == pid;
}

bool health_check_now(struct health *h)
{
	if (!h->running || is_frozen(h))
		return false;
	if (h->proc.pid <= 0)
		check_run(h);
	return true;
}

void health_begin(struct health *h, const struct monitor_config *c, const struct invoke *v, struct loop *loop, int dirfd, pid_t init)
{
	if (!c->health)
		return;
	h->config = c;
	h->invoke = v;
	h->loop = loop;
	h->dirfd = dirfd;
	h->init = init;
	h->running = true;
	h->begun = wall_clock();
	h->in_startup = c->health->startup.process != NULL;
	h->streak = h->successes = 0;
	h->status = HEALTH_STARTING;
	log_clear(h);
	record_write(h);
	h->next = (struct loop_timer){ .expired = check_is_due, .arg = h };
	next_set(h);
}

void health_end(struct health *h)
{
	if (!h->running)
		return;
	h->running = false;
	loop_timer_clear(h->loop, &h->next);
	loop_timer_clear(h->loop, &h->limit);
	if (h->proc.pid > 0) {
		program_kill(h);
		proc_signal(h->proc.pidfd, SIGKILL);
		h->proc.pidfd = fd_close(h->proc.pidfd);
		h->proc.pid = 0; /* whoever reaps it hears nothing from it any more */
	}
	output_close(h);
	buf_done(&h->output);
	unlinkat(h->dirfd, PID_FILE, 0);
}
