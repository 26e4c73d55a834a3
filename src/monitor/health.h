/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * health: runs a container's check from time to time, by `runtime exec`, and says how it is.
 *
 *   starting --success--> healthy <--success-- unhealthy
 *       |                    |                     ^
 *       +-- retries failures in a row -------------+     (while starting, those in the start period do not count)
 *
 * With a startup check (podman's) that one runs first, and the check itself only after it has succeeded so often as was asked for; if it fails too often
 * `startup_failed` is called. Every result goes to health.json in the run directory; a change of status is an event, and `unwell` hears of every failure of one
 * that is unhealthy. There is no timer without a check, and none while the container does not run. A frozen container is not asked.
 */
#include <stdbool.h>
#include <time.h>

#include "base/buf.h"
#include "monitor/invoke.h"
#include "os/loop.h"
#include "spec/supervision.h"

struct health_entry {
	struct timespec start, end;
	int32_t code;
	char *output;                /* owned */
};

struct health {
	const struct monitor_config *config; /* NULL: no check */
	const struct invoke *invoke;
	struct loop *loop;
	int dirfd;                   /* run_dir, borrowed */
	void (*checked)(void *arg, int code);
	void (*unwell)(void *arg);
	void (*startup_failed)(void *arg);
	void *arg;

	bool running;                /* the container runs */
	pid_t init;
	struct timespec begun;
	enum health_status status;
	uint32_t streak, successes;
	bool in_startup;
	struct health_entry log[HEALTH_LOG_MAX];
	size_t n_log;
	struct loop_timer next;      /* the next check */

	struct proc proc;            /* the check under way; pid 0: none */
	struct timespec started;
	struct loop_timer limit;
	bool timed_out, truncated;
	int fd;                      /* what it says */
	struct loop_source source;
	struct buf output;
};
#define HEALTH_NONE_YET ((struct health){ .proc = PROC_NONE, .fd = -9, .source.fd = -9 /* -EBADF */ })

/* The container runs: begins anew with `starting`. Nothing without a check. */
void health_begin(struct health *h, const struct monitor_config *c, const struct invoke *v, struct loop *loop, int dirfd, pid_t init);

/* It does not run any more. */
void health_end(struct health *h);

/* True if @pid is the check under way; then its end goes to health_reaped(). */
bool health_is(const struct health *h, pid_t pid);
void health_reaped(struct health *h, const struct proc_exit *x);

/* Runs the check now, or takes part in the one under way; `checked` hears of it. False: there is none to run. */
bool health_check_now(struct health *h);

/* The rules. Pure. */
struct health_rules {
	uint32_t retries;
	bool in_grace;               /* the start period is not over */
};
enum health_status health_judge(enum health_status old, uint32_t *streak, int code, struct health_rules rules);
