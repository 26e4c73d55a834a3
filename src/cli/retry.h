/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * retry: --retry and --retry-delay, as podman has them: the whole command once more. Each request is tried again in any case (docs/images.md).
 */
#include "cli/command.h"

struct retry_options {
	int64_t times, delay; /* delay in nanoseconds; 0: 1, 2, 4… seconds */
};

#define RETRY_OPTS(type, member)                                                                                  \
	OPT(type, member.times, "retry", 0, I64, "N", "Begin again N times when the registry does not answer (default 0)"), \
	OPT(type, member.delay, "retry-delay", 0, DURATION, "DURATION", "Before that, wait so long (default: 1s, 2s, 4s…)")

/* True if the failure @e of the turn @turn (the first is 0) is worth another: that was said, and the pause is over. False after a signal, which @e is about then. */
bool retry_wait(const struct retry_options *o, int64_t turn, struct err *e);
