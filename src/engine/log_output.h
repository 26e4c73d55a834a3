/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * log_output: where records go that `logs` prints: filtered by time and stream, with what stands before a line, gathered into few writes.
 */
#include <time.h>

#include "base/buf.h"
#include "engine/engine.h"
#include "engine/log_record.h"

/* Shared by all containers of one `logs`. */
struct log_output {
	const struct container_logs_options *o;
	struct timespec since, until;
	bool has_since, has_until;
	int fds[2];                  /* stdout, stderr; borrowed */
	int current;                 /* which of them `waiting` is for */
	struct buf waiting;
};

/* One container's lines. */
struct log_source {
	struct log_output *out;
	const char *before;          /* before each line: its name or id; "" */
	const char *after;           /* at the end of each line, before its '\n': the colour goes back; "" */
	const char *details;         /* "k=v,… "; "" */
	bool inside[2];              /* a line of that stream is not over */
	bool past_until;
};

/* Understands the times. Errors: ERR_INVALID. */
int log_output_begin(struct log_output *out, const struct container_logs_options *o, int out_fd, int err_fd, struct err *e);

/* Prints a record if it is wanted. Errors: those of write(2). */
int log_output_record(struct log_source *s, const struct log_record *r, struct err *e);

/* Writes what waits. */
int log_output_flush(struct log_output *out, struct err *e);

/* Milliseconds until nothing more is wanted; -1: never. */
int log_output_patience(const struct log_output *out);

void log_output_done(struct log_output *out);
