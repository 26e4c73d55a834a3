/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * logfile: a container's log on disk.
 *
 * Bytes of two streams go in as they were read; whole records come out, in the format of the driver (monitor/logfmt.h), one write(2) per
 * handful. A disk that is full costs records, never the container: what could not be written whole is cut off again, so the file stays
 * well-formed. Past max_size the file moves to PATH.1, PATH.1 to PATH.2 …, at most max_files of them, the live one counted.
 * Life cycle: logfile_open, logfile_close. Errors: opening only; later trouble is counted in `lost`.
 */
#include <sys/types.h>
#include <time.h>

#include "base/err.h"
#include "monitor/line.h"
#include "monitor/logfmt.h"
#include "spec/monitor.h"

enum logfile_stream { LOGFILE_STDOUT, LOGFILE_STDERR, LOGFILE_STREAMS };

struct logfile {
	const struct monitor_config *config;
	const struct logfmt *format;
	int fd;
	uint64_t size;               /* bytes of whole records in the file */
	uint64_t lost;               /* records that could not be written */
	struct buf out;              /* records on their way to the file */
	char when[40];               /* time of the bytes in work */
	struct line lines[LOGFILE_STREAMS];
};
#define LOGFILE_NONE ((struct logfile){ .fd = -9 /* -EBADF */ })

/* Opens (or begins) the file that @config (borrowed) names. Driver `none` opens nothing and takes everything. */
int logfile_open(struct logfile *l, const struct monitor_config *config, struct err *e);

/* Takes bytes that were read at @now. */
void logfile_write(struct logfile *l, enum logfile_stream stream, struct str bytes, struct timespec now);

/* The stream ended: its unfinished line goes out. */
void logfile_finish(struct logfile *l, enum logfile_stream stream, struct timespec now);

/* Somebody renamed the file: begins a new one under its name. Keeps the old one if that fails. */
int logfile_reopen(struct logfile *l, struct err *e);

void logfile_close(struct logfile *l);
