/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rerun: the way from the end of a run to the next one (its diagram stands in restart.h), or to the end after all.
 */
#include "monitor/internal.h"

#include <errno.h>
#include <unistd.h>

#include "base/step.h"
#include "os/fd.h"
#include "os/proc.h"

static bool may_restart(const struct life *l)
{
	const struct monitor_health *h = l->config.health;

	return l->config.restart.kind != RESTART_NO || (h && (h->on_failure == HEALTH_ACTION_RESTART || h->startup.retries));
}

int life_hold(struct life *l, struct err *e)
{
	return may_restart(l) ? restart_hold(&l->restart, l->record.pid, e) : 0;
}

/* ---- from run to run ---------------------------------------------------------------------------------------------------------------------------- */

/* No further run after all: what is left of the last one is its record. */
static void end(struct life *l)
{
	loop_timer_clear(&l->loop, &l->timer);
	l->record.restarting = false;
	life_tell_end(l);
	l->state = LIFE_OVER;
	loop_stop(&l->loop, 0);
}

/* The next run could not even be begun. */
static void give_up(struct life *l, const struct err *why)
{
	l->record.error = arena_strdup(&l->run, why->msg);
	end(l);
}

static void forget_run(struct life *l)
{
	loop_remove(&l->loop, &l->pid_source);
	l->pid_source.fd = -EBADF;
	l->pidfd = fd_close(l->pidfd);
	oom_close(&l->oom);
	l->record = (struct record){ .id = l->record.id, .restarts = ++l->restart.count };
	l->ended = false;
	l->n_orphans = 0;
	l->exit_text = (struct str){ 0 };
	arena_done(&l->run);
	l->start_wanted = true;
}

static int begin_again(struct life *l, struct err *e)
{
	int r = step_fault("monitor.restart", e);

	if (r == 0)
		r = restart_redirect(&l->restart, l->config.bundle, e);
	if (r == 0)
		r = stdio_open(&l->stdio, &l->config, l->dirfd, e);
	if (r < 0)
		return r;
	pump_reset(&l->pump);
	l->state = LIFE_CREATING;
	l->call_started = proc_now_ns();
	r = invoke_create(&l->invoke, &l->stdio, e);
	stdio_close_theirs(&l->stdio);
	return r;
}

static int pause_is_over(void *arg)
{
	struct life *l = arg;
	struct record last = l->record;
	struct err e;

	forget_run(l);
	if (begin_again(l, &e) < 0) {
		last.restarts = l->restart.count;
		l->record = last;
		give_up(l, &e);
	}
	return 0;
}

bool life_begin_again(struct life *l)
{
	int code = proc_exit_number(&l->record.exit);
	struct err ignored; /* whoever looks meanwhile sees a container that ended */

	if (!l->record.started.tv_sec || l->restart.stay_down || !(l->restart.forced || restart_wants(&l->config.restart, l->restart.count, code)))
		return false;
	l->restart.forced = false;
	loop_timer_clear(&l->loop, &l->timer);
	l->record.restarting = true;
	l->record.running = false;
	life_tell_end(l);
	record_live(l->dirfd, &l->record, &ignored);
	if (l->stdio.console >= 0)
		unlinkat(l->dirfd, MONITOR_CONSOLE, 0);
	stdio_close(&l->stdio);
	l->state = LIFE_CLEARING;
	l->call_started = proc_now_ns();
	if (invoke_delete(&l->invoke, &ignored) < 0)
		life_cleared(l);
	return true;
}

void life_cleared(struct life *l)
{
	l->state = LIFE_BACKOFF;
	if (l->restart.stay_down) {
		end(l);
		return;
	}
	l->restart.pause_ms = restart_pause(l->restart.pause_ms, l->record.finished.tv_sec - l->record.started.tv_sec);
	l->timer = (struct loop_timer){ .expired = pause_is_over, .arg = l };
	loop_timer_set(&l->loop, &l->timer, l->restart.pause_ms);
}

void life_stay_down(struct life *l)
{
	l->restart.stay_down = true;
	if (l->state == LIFE_BACKOFF)
		end(l);
}
