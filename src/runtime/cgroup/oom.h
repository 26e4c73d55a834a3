/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * oom: hears that the kernel ended somebody in the container for want of memory: on v1 by an eventfd of memory.oom_control, on v2 by inotify on
 * memory.events. Bare -errno.
 */
#include <stdint.h>

#include "runtime/cgroup/cgroup.h"

struct oom_watch {
	int fd;          /* readable when something may have happened; owned */
	int events;      /* v2: memory.events; -EBADF on v1 */
	uint64_t killed; /* v2: how many it said last */
};
#define OOM_WATCH_NONE ((struct oom_watch){ .fd = -9, .events = -9 /* -EBADF */ })

/* Errors: -EOPNOTSUPP without a memory cgroup. */
int oom_watch_open(const struct cgroup *c, struct oom_watch *ret);
void oom_watch_done(struct oom_watch *w);
#define scoped_oom_watch SCOPED(oom_watch_done)

/* How many since the last time; 0 if it was nothing. */
int oom_watch_read(struct oom_watch *w, uint64_t *ret_n);
