/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * life: one container from create to delete, as its monitor sees it.
 *
 *   CREATING --runtime create succeeded--> CREATED --START--> STARTING --runtime start succeeded--> RUNNING
 *      |                                      |                  |                                     |
 *      | failed                               | init ended       | failed                              | init ended
 *      v                                      v                  v                                     v
 *   DELETING <------------- all output is in the log and with the clients, exit.json is written --- DRAINING
 *      |
 *      +--runtime delete ended--> OVER: connections close, the process becomes the exit command (or ends)
 *
 * Guarantees: CREATED is said only after live.json names init, STARTED only after it says `running`; EXITED only after the log is complete and exit.json is there; connections end
 * only after the runtime's own state is gone. A client with MONITOR_ATTACH_WAIT gets all output however long it takes (`run | less`); a signal
 * for a container that is over but for such a client means that nobody wants to wait any more. A container that nobody will start (its starter left before START) does not stay. Signals SIGTERM,
 * SIGINT and SIGQUIT go on to the container; the terminal, the starter and its pipes may vanish at any time.
 * The monitor is the subreaper of all it starts, so init is its child whoever forked it.
 */
#include "base/err.h"

struct life_options {
	const char *config;          /* path of monitor.json */
	int control_fd;              /* connected to the starter, taken; -EBADF: none, START comes over ctl */
};

/* Lives. Returns the exit status of the program when all is over and there was no exit command to become; a failure before that is also told to the
 * starter as FAILED. */
int life_run(const struct life_options *o, struct err *e);
