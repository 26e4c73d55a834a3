/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * forward: ports of the host carried into another network namespace by one process.
 *
 * forward_run() reads lines of "PROTOCOL HOST-ADDRESS HOST-PORT ADDRESS PORT" (spec.h), opens all of them in the namespace it is called in, enters
 * @netns and answers on @ready: the one byte 0, or a struct err, then end of file. It returns only if it cannot go on. It ends with SIGTERM.
 */
#include "base/err.h"

/* @lines and @ready are taken; @netns is borrowed. */
int forward_run(int lines, int netns, int ready, struct err *e);
