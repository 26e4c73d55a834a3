/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * events: cgroup.events of v2: "populated 1", "frozen 0". Bare -errno.
 */

/* 1 if one of its lines is @line, else 0. */
int events_has(int cgroup, const char *line);

/* Waits for that, woken by the kernel. Errors: -ETIMEDOUT. */
int events_wait(int cgroup, const char *line, int timeout_ms);
