/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * events: what a container uses, once or every so often, and that it ran out of memory: one JSON object per line (spec/runtime_events.h).
 *
 * Errors: ERR_CONFLICT for a container that has ended.
 */
#include "runtime/control.h"

/* Writes one "stats" line to @fd. */
int control_stats(const struct control *c, int fd, struct err *e);

/* Writes a "stats" line every @interval_ns and an "oom" line whenever it happens, until the container ends. */
int control_events(const struct control *c, int fd, int64_t interval_ns, struct err *e);
