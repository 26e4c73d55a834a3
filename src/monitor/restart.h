/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * restart: what follows the end of a run: the end, or after a while the next run, by the container's policy.
 *
 *   DRAINING --all output out, policy says again--> CLEARING --runtime delete ended--> BACKOFF --time is over--> CREATING …
 *                                                      |                                  |
 *                                                      +----- STAY_DOWN, a signal --------+--> EXITED, OVER
 *
 * The next run has the same bundle and the same network namespace: it is held from the first run on, and config.json gets a path that leads to it (a user
 * namespace likewise: it owns the other). The pause is docker's: 100 ms, doubled each time up to a minute, and from the beginning again after a run of
 * 10 seconds.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "spec/monitor.h"

enum { RESTART_FIRST_MS = 100, RESTART_LAST_MS = 60 * 1000, RESTART_STEADY_S = 10 };

struct restart {
	uint32_t count;              /* restarts so far */
	int64_t pause_ms;            /* the last one */
	bool stay_down;              /* somebody wants no further run */
	bool forced;                 /* one more run whatever the policy says: the action of a health check */
	int net, user;               /* namespaces of the first run; -EBADF: not held */
};
#define RESTART_NONE ((struct restart){ .net = -9, .user = -9 /* -EBADF */ })

/* Whether a run that ended with @code is followed by another. Pure. */
bool restart_wants(const struct restart_policy *p, uint32_t count, int code);

/* The pause after a run of @seconds, when the pause before it was @last_ms. Pure. */
int64_t restart_pause(int64_t last_ms, int64_t seconds);

/* Holds the namespaces of the process @pid, if they are not held yet. */
int restart_hold(struct restart *r, pid_t pid, struct err *e);

/* Makes config.json of @bundle say where the held namespaces are. Once is enough: our descriptors keep their numbers. */
int restart_redirect(const struct restart *held, const char *bundle, struct err *e);
