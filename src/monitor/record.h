/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * record: the two files a monitor leaves in run_dir: who lives (live.json) and how it ended (exit.json). Whole or not at all, mode 0600.
 */
#include <time.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "os/proc.h"
#include "spec/monitor.h"

/* What is known about one container's run. */
struct record {
	const char *id;
	pid_t pid;
	uint64_t pid_start;
	bool running;
	struct timespec started;     /* zero: not started */
	struct timespec finished;
	struct proc_exit exit;
	bool oom;
	const char *error;           /* NULL: none */
	uint32_t restarts;           /* by the restart policy */
	bool told;                   /* the journal of events has heard of the end */
	bool restarting;             /* the end is not the last: another run follows */
};

/* Replaces live.json in @dirfd. */
int record_live(int dirfd, const struct record *rec, struct err *e);

/* The text of exit.json, in @a; and its replacement. */
struct str record_exit_text(const struct record *rec, struct arena *a);
int record_exit(int dirfd, struct str text, struct err *e);
