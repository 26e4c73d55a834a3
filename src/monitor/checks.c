/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checks: what a container's health means for its life: who asked hears the result, and one that is not well is ended, or begun anew.
 */
#include "monitor/internal.h"

#include <signal.h>

#include "os/signal.h"

static int patience_is_over(void *arg)
{
	const struct life *l = arg;

	if (l->pidfd >= 0 && !l->ended)
		proc_signal(l->pidfd, SIGKILL);
	return 0;
}

/* The stop signal, and SIGKILL after the container's own patience. Said again while it takes its time, it does nothing. */
static void end_politely(struct life *l)
{
	int signal = SIGTERM;

	if (l->pidfd < 0 || l->ended || l->timer.when_ns)
		return;
	if (l->config.stop_signal)
		signal_parse(l->config.stop_signal, &signal);
	proc_signal(l->pidfd, signal);
	if (l->config.stop_timeout == UINT32_MAX)
		return;
	l->timer = (struct loop_timer){ .expired = patience_is_over, .arg = l };
	loop_timer_set(&l->loop, &l->timer, (int64_t)l->config.stop_timeout * 1000);
}

static void health_unwell(void *arg)
{
	struct life *l = arg;

	switch (l->config.health->on_failure) {
	case HEALTH_ACTION_KILL:
		patience_is_over(l);
		break;
	case HEALTH_ACTION_RESTART:
		l->restart.forced = true;
		end_politely(l);
		break;
	case HEALTH_ACTION_STOP:
		life_stay_down(l);
		end_politely(l);
		break;
	case HEALTH_ACTION_NONE:
	case HEALTH_ACTION_COUNT:
		break;
	}
}

static void health_startup_failed(void *arg)
{
	struct life *l = arg;

	l->restart.forced = true;
	end_politely(l);
}

static void health_checked(void *arg, int code)
{
	struct life *l = arg;

	for (struct client *c = l->clients.first, *next; c; c = next) {
		next = c->next;
		if (c->asked)
			client_send_number(c, MONITOR_CHECKED, code);
		c->asked = false;
	}
}

void life_checks_begin(struct life *l)
{
	l->health.checked = health_checked;
	l->health.unwell = health_unwell;
	l->health.startup_failed = health_startup_failed;
	l->health.arg = l;
	health_begin(&l->health, &l->config, &l->invoke, &l->loop, l->dirfd, l->record.pid);
}
