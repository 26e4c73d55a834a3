/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/vec.h"
#include "codec/json.h"
#include "monitor/news.h"
#include "os/pty.h"

enum { ABANDON_MS = 30 * 1000 }; /* how long a create goes on for a starter that left */

void life_send_exited(struct life *l, struct client *c)
{
	client_send(c, MONITOR_EXITED, l->exit_text.p, l->exit_text.n);
}

static void refuse(struct client *c, const char *why)
{
	struct err e;

	err_set(&e, ERR_PRECONDITION, "%s", why);
	client_send_err(c, MONITOR_REFUSED, &e);
}

static void request_start(struct life *l, struct client *c, const struct monitor_frame *f)
{
	l->start_seen = true;
	if (l->state == LIFE_CREATING)
		l->start_wanted = true;
	else if (l->state == LIFE_CREATED)
		life_begin_start(l);
	else if (l->state == LIFE_RUNNING)
		client_send_simple(c, MONITOR_STARTED);
	else if (l->state != LIFE_STARTING)
		refuse(c, "the container has ended");
}

static void request_attach(struct life *l, struct client *c, const struct monitor_frame *f)
{
	struct monitor_attach p;

	memcpy(&p, f->payload, sizeof p);
	c->attach = p.flags;
	client_send_simple(c, MONITOR_ATTACHED);
	news_tell(&l->config, "attach", NULL);
}

static void request_stdin(struct life *l, struct client *c, const struct monitor_frame *f)
{
	if (l->state < LIFE_CREATED)
		refuse(c, "the container is not created yet");
	else
		pump_stdin(&l->pump, c, (struct str){ f->payload, f->length });
}

static void request_stdin_eof(struct life *l, struct client *c, const struct monitor_frame *f)
{
	pump_stdin_eof(&l->pump, c);
}

static void request_resize(struct life *l, struct client *c, const struct monitor_frame *f)
{
	char height[8], width[8];

	memcpy(&l->size, f->payload, sizeof l->size);
	if (!l->stdio.terminal || l->stdio.out < 0)
		return;
	snprintf(height, sizeof height, "%u", l->size.rows);
	snprintf(width, sizeof width, "%u", l->size.columns);
	news_tell(&l->config, "resize", "height", height, "width", width, NULL);
	pty_set_size(l->stdio.out, (struct pty_size){ .rows = l->size.rows, .cols = l->size.columns });
}

static void request_signal(struct life *l, struct client *c, const struct monitor_frame *f)
{
	struct err e;
	int r;

	if (l->state == LIFE_DRAINING) {
		life_cut_drain(l);
		return;
	}
	r = l->pidfd < 0 || l->ended ? -ESRCH : proc_signal(l->pidfd, monitor_frame_number(f));

	if (r < 0) {
		err_sys(&e, r, "signal %d", monitor_frame_number(f));
		client_send_err(c, MONITOR_REFUSED, &e);
		return;
	}
	news_tell_number(&l->config, "kill", "signal", monitor_frame_number(f));
}

static void request_release(struct life *l, struct client *c, const struct monitor_frame *f)
{
	c->released = true;
}

static void request_log_reopen(struct life *l, struct client *c, const struct monitor_frame *f)
{
	struct err e;

	if (logfile_reopen(&l->log, &e) < 0)
		client_send_err(c, MONITOR_REFUSED, &e);
}

static void request_stay_down(struct life *l, struct client *c, const struct monitor_frame *f)
{
	life_stay_down(l);
}

/* What it says lives as long as we do; nobody says it often. */
static void request_update(struct life *l, struct client *c, const struct monitor_frame *f)
{
	struct monitor_update u;
	struct err e;

	if (json_decode((struct str){ f->payload, f->length }, &monitor_update_schema, JSON_EXACT, &l->arena, &u, &e) < 0) {
		client_send_err(c, MONITOR_REFUSED, &e);
		return;
	}
	if (u.name)
		pairs_set(&l->arena, &l->config.event_attributes, "name", u.name);
	if (u.restart) {
		l->config.restart = *u.restart;
		/* A run that nothing was to follow may have to be followed now. */
		if (l->state == LIFE_RUNNING && life_hold(l, &e) < 0)
			client_send_err(c, MONITOR_REFUSED, &e);
	}
}

static void request_check(struct life *l, struct client *c, const struct monitor_frame *f)
{
	c->asked = true;
	if (l->state != LIFE_RUNNING || !health_check_now(&l->health)) {
		c->asked = false;
		refuse(c, l->config.health ? "the container cannot be asked now" : "the container has no health check");
	}
}

static void client_request(void *arg, struct client *c, const struct monitor_frame *f)
{
	static void (*const handlers[MONITOR_MSG_COUNT])(struct life *, struct client *, const struct monitor_frame *) = {
		[MONITOR_START] = request_start,
		[MONITOR_ATTACH] = request_attach,
		[MONITOR_STDIN] = request_stdin,
		[MONITOR_STDIN_EOF] = request_stdin_eof,
		[MONITOR_RESIZE] = request_resize,
		[MONITOR_SIGNAL] = request_signal,
		[MONITOR_RELEASE] = request_release,
		[MONITOR_LOG_REOPEN] = request_log_reopen,
		[MONITOR_STAY_DOWN] = request_stay_down,
		[MONITOR_UPDATE] = request_update,
		[MONITOR_CHECK] = request_check,
	};

	if (handlers[f->type])
		handlers[f->type](arg, c, f);
	else
		refuse(c, "not a message to a monitor");
}

/* A new connection learns at once how far things are. */
static void client_joined(void *arg, struct client *c)
{
	struct life *l = arg;

	if (l->failure.kind != ERR_NONE) {
		client_send_err(c, MONITOR_FAILED, &l->failure);
		return;
	}
	if (l->state == LIFE_CLEARING || l->state == LIFE_BACKOFF) {
		client_send_simple(c, MONITOR_RESTARTING);
		return;
	}
	if (l->state >= LIFE_CREATED)
		client_send_number(c, MONITOR_CREATED, l->record.pid);
	if (l->record.running)
		client_send_simple(c, MONITOR_STARTED);
	if (l->exit_text.n)
		life_send_exited(l, c);
}

static void client_is_ready(void *arg, struct client *c)
{
	struct life *l = arg;

	pump_resume(&l->pump, c);
}

static int abandon_is_due(void *arg)
{
	const struct life *l = arg;

	invoke_signal(&l->invoke, SIGKILL);
	return 0;
}

static void client_gone(void *arg, struct client *c)
{
	struct life *l = arg;

	if (l->state >= LIFE_DELETING)
		return;
	pump_stdin_eof(&l->pump, c);
	if (c->waiting) {
		c->waiting = false;
		pump_resume(&l->pump, NULL);
	}
	if (!c->starter || !life_is_abandoned(l))
		return;
	if (l->state == LIFE_CREATED) {
		life_abandon(l);
	} else if (l->state == LIFE_CREATING) {
		l->timer = (struct loop_timer){ .expired = abandon_is_due, .arg = l };
		loop_timer_set(&l->loop, &l->timer, ABANDON_MS);
	}
}

const struct client_events life_client_events = { client_joined, client_request, client_is_ready, client_gone };
