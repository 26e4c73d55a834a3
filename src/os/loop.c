/* SPDX-License-Identifier: Apache-2.0 */
#include "os/loop.h"

#include <errno.h>
#include <limits.h>

#include "os/fd.h"
#include "os/internal.h"
#include "os/proc.h"

int loop_open(struct loop *l)
{
	int fd = result(epoll_create1(EPOLL_CLOEXEC));

	if (fd < 0)
		return fd;
	*l = (struct loop){ .epfd = fd };
	return 0;
}

void loop_done(struct loop *l)
{
	fd_done(&l->epfd);
	l->timers = NULL;
}

/* ---- sources ---- */

int loop_add(struct loop *l, struct loop_source *s)
{
	struct epoll_event e = { .events = s->events, .data.ptr = s };

	return result(epoll_ctl(l->epfd, EPOLL_CTL_ADD, s->fd, &e));
}

int loop_change(struct loop *l, struct loop_source *s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	if (s->events == events)
		return 0;
	s->events = events;
	return result(epoll_ctl(l->epfd, EPOLL_CTL_MOD, s->fd, &e));
}

void loop_remove(struct loop *l, struct loop_source *s)
{
	if (s->fd >= 0)
		epoll_ctl(l->epfd, EPOLL_CTL_DEL, s->fd, NULL);
	for (int i = 0; i < LOOP_ROUND; i++)
		if (l->round[i] == s)
			l->round[i] = NULL;
}

/* ---- timers ---- */

void loop_timer_clear(struct loop *l, struct loop_timer *t)
{
	for (struct loop_timer **at = &l->timers; *at; at = &(*at)->next) {
		if (*at == t) {
			*at = t->next;
			break;
		}
	}
	t->when_ns = 0;
}

void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t ms)
{
	struct loop_timer **at = &l->timers;

	loop_timer_clear(l, t);
	t->when_ns = proc_now_ns() + (uint64_t)(ms > 0 ? ms : 0) * 1000000u;
	while (*at && (*at)->when_ns <= t->when_ns)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
}

/* Milliseconds until the first timer, rounded up, but at most @timeout_ms (< 0: no limit). */
static int next_timeout(const struct loop *l, int timeout_ms)
{
	uint64_t now, ms;

	if (!l->timers)
		return timeout_ms;
	now = proc_now_ns();
	ms = l->timers->when_ns <= now ? 0 : (l->timers->when_ns - now + 999999u) / 1000000u;
	if (timeout_ms >= 0 && ms > (uint64_t)timeout_ms)
		return timeout_ms;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* Those due at the beginning of the call: a timer that sets itself to "now" does not starve the sources. */
static int run_timers(struct loop *l)
{
	uint64_t now = l->timers ? proc_now_ns() : 0;

	while (!l->stop && l->timers && l->timers->when_ns <= now) {
		struct loop_timer *t = l->timers;
		int r;

		loop_timer_clear(l, t);
		r = t->expired(t->arg);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- running ---- */

int loop_step(struct loop *l, int timeout_ms)
{
	struct epoll_event events[LOOP_ROUND];
	int n = epoll_wait(l->epfd, events, LOOP_ROUND, next_timeout(l, timeout_ms));

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++)
		l->round[i] = events[i].data.ptr;
	for (int i = 0; i < n; i++) {
		struct loop_source *s = l->round[i];
		int r;

		l->round[i] = NULL;
		if (!s || l->stop)
			continue; /* removed by an earlier callback of this round */
		r = s->ready(s->arg, events[i].events);
		if (r < 0)
			return r;
	}
	return run_timers(l);
}

int loop_run(struct loop *l)
{
	l->stop = false;
	while (!l->stop) {
		int r = loop_step(l, -1);

		if (r < 0)
			return r;
	}
	return l->result;
}

void loop_stop(struct loop *l, int result)
{
	l->stop = true;
	l->result = result;
}
