/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * loop: one thread waiting for many things (epoll).
 *
 * Sources and timers are members of the caller's own structs and must not move while they are in the loop. A callback may add, change and remove
 * any source, also its own, also one that is ready in the same round: a removed source is not called any more (but its memory must live until
 * the callback returns). A callback's negative result stops the loop and is what loop_run returns.
 * A pidfd is readable when the process has ended; a signalfd (os/signal.h) when a signal came: both are plain sources.
 * Errors: -errno. EINTR: retried.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/scope.h"

struct loop_source {
	int fd;                                    /* borrowed; close it after loop_remove. -EBADF: not in a loop */
	uint32_t events;                           /* EPOLLIN, EPOLLOUT; 0 waits for errors only */
	int (*ready)(void *arg, uint32_t events);
	void *arg;
};

struct loop_timer {
	uint64_t when_ns;                          /* CLOCK_MONOTONIC; 0: not set */
	int (*expired)(void *arg);                 /* the timer is not set any more when called */
	void *arg;
	struct loop_timer *next;                   /* the loop's */
};

enum { LOOP_ROUND = 16 };

struct loop {
	int epfd;
	bool stop;
	int result;
	struct loop_timer *timers;                 /* by time */
	struct loop_source *round[LOOP_ROUND];     /* ready in this round and not yet called */
};
#define LOOP_NONE ((struct loop){ .epfd = -9 /* -EBADF */ })

int loop_open(struct loop *l);
void loop_done(struct loop *l);
#define scoped_loop SCOPED(loop_done)

/* Watches s->fd for s->events. Errors: -EEXIST; -EPERM a regular file (always ready: do not watch it). */
int loop_add(struct loop *l, struct loop_source *s);

/* Changes what is waited for. */
int loop_change(struct loop *l, struct loop_source *s, uint32_t events);

/* Stops watching. Does nothing if it is not watched (fd negative). Leaves s->fd as it is. */
void loop_remove(struct loop *l, struct loop_source *s);

/* Calls t->expired once, @ms from now; set again, it moves. */
void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t ms);
void loop_timer_clear(struct loop *l, struct loop_timer *t);

/* Runs until loop_stop or a negative result of a callback; returns that. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l, int result);

/* One round: waits at most @timeout_ms (< 0: for ever) and calls what is ready. Returns 0 or a negative result of a callback. */
int loop_step(struct loop *l, int timeout_ms);
