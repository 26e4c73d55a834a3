/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * logs: where the log of one run goes.
 *
 *     PATH, file:PATH   appended, each record written through to the disk, as runc does it
 *     journald:ID       the journal, in its own protocol
 *     syslog:ID         /dev/log
 *
 * Errors: -errno; the log then still goes to standard error.
 */
#include <stdbool.h>

#include "base/err.h"

struct logs {
	const char *to;     /* NULL or "": standard error */
	const char *format; /* NULL, "", "text", "json" */
	const char *level;  /* NULL: info */
	bool debug;         /* stronger than level */
	bool elsewhere;     /* set by logs_open: standard error is not the log */
};

/* Until logs_open has read what it is told: text to standard error. */
void logs_begin(void);

int logs_open(struct logs *l, struct err *e);

/* The one error: to the log, and if that is elsewhere also in plain words to standard error, as callers of runc expect. */
void logs_report(const struct logs *l, const struct err *e);
