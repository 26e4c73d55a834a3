/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * oom: did the kernel kill something in the container's cgroup for want of memory?
 *
 * The file that counts (memory.events of v2, memory.oom_control of v1) is opened while the container is young and read when it has ended, before
 * its cgroup goes: nothing is watched, nothing can be missed. Where there is no memory cgroup the answer is no.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"

struct oom {
	int fd;
};
#define OOM_NONE ((struct oom){ .fd = -9 /* -EBADF */ })

/* Opens the counter of the cgroup that @pid is in. */
void oom_open(struct oom *o, pid_t pid);

/* True if it has counted a kill. */
bool oom_happened(const struct oom *o);

void oom_close(struct oom *o);

/* The counter in the text of either file. For tests. */
bool oom_counted(struct str text);

/* The path in /proc/PID/cgroup (@text) of the memory controller (v1) or, without it, of the unified hierarchy (*ret_v2). NULL p: none. */
struct str oom_cgroup(struct str text, bool *ret_v2);
