/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * logfile: a container's log on its way out: to a file that turns over, or to the journal.
 *
 * Bytes of two streams go in as they were read; whole records come out, in the format of the driver (monitor/logfmt.h), one write(2) per
 * handful. A disk that is full costs records, never the container: what could not be written whole is cut off again, so the file stays
 * well-formed.
 *
 * Past max_size the file moves to PATH.1, PATH.1 to PATH.2 …, at most max_files of them, the live one counted. Whoever reads the log holds a shared OFD
 * lock on the file it is in; that one and all newer ones stay meanwhile, so a reader that comes along loses nothing. If LOGFILE_HELD more
 * than max_files have come together so, the log is `held`: its user lets the container's output wait and asks again (logfile_release), until the reader has
 * moved on or LOGFILE_PATIENCE_MS have passed: then the reader stands still, and loses what it has not read.
 *
 * With mode=non-blocking (log_buffer) neither a slow disk nor a slow journal nor a reader makes the container wait: what does not fit into the buffer is
 * dropped, whole records, and a record that says how many takes their place.
 *
 * Life cycle: logfile_open, logfile_close. Errors: opening only; later trouble is counted in `lost`.
 */
#include <sys/types.h>
#include <time.h>

#include "base/err.h"
#include "monitor/line.h"
#include "monitor/logfmt.h"
#include "monitor/logqueue.h"
#include "spec/monitor.h"

enum logfile_stream { LOGFILE_STDOUT, LOGFILE_STDERR, LOGFILE_STREAMS };
enum { LOGFILE_HELD = 8, LOGFILE_PATIENCE_MS = 5000 };

struct logfile {
	const struct monitor_config *config;
	const struct logfmt *format;
	int fd;                      /* the file, or the journal's socket */
	uint64_t size;               /* bytes of whole records in the file */
	uint64_t total;              /* bytes of records written at all */
	uint64_t lost;               /* records that could not be written */
	struct logqueue queue;       /* mode=non-blocking: to the process that writes */
	uint64_t dropped;            /* records since the last that went out */
	uint64_t held_since;         /* CLOCK_MONOTONIC ns; 0: the log is not held */
	struct buf out;              /* records on their way to the file */
	struct buf fields;           /* what every record carries, in its form */
	char when[40];               /* time of the bytes in work */
	struct line lines[LOGFILE_STREAMS];
};
#define LOGFILE_NONE ((struct logfile){ .fd = -9 /* -EBADF */, .queue = LOGQUEUE_NONE })

/* Opens (or begins) what @config (borrowed) names. Drivers that write nothing open nothing and take everything. */
int logfile_open(struct logfile *l, const struct monitor_config *config, struct err *e);

/* Takes bytes that were read at @now. */
void logfile_write(struct logfile *l, enum logfile_stream stream, struct str bytes, struct timespec now);

/* The stream ended: its unfinished line goes out. */
void logfile_finish(struct logfile *l, enum logfile_stream stream, struct timespec now);

/* True while nothing should be written because a reader is behind. */
static inline bool logfile_is_held(const struct logfile *l)
{
	return l->held_since != 0;
}

/* Looks whether the log may go on. Returns true if it is held still. */
bool logfile_release(struct logfile *l);

/* Somebody renamed the file: begins a new one under its name. Keeps the old one if that fails. */
int logfile_reopen(struct logfile *l, struct err *e);

/* Waits until all that was taken is written. */
void logfile_sync(struct logfile *l);

void logfile_close(struct logfile *l);
