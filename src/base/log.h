/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * log: records and the one sink of the process.
 *
 * Library floors log at debug only; an error is logged once, where it stops travelling (main, an event loop). The sink is process-wide: a file
 * descriptor and a format, text (`time="…" level=error msg="…"`) or json (one object per line with the keys level, msg, time), as runc writes them.
 * The descriptor may also be a datagram socket of the journal or of syslog: then each record is one datagram of that protocol, and what it says is
 * the bare message or the json object.
 */
#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_PLAIN, LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

enum log_transport { LOG_TO_STREAM, LOG_TO_JOURNAL, LOG_TO_SYSLOG };

/* Points the log at @fd (borrowed for the life of the process). Plain format is "program: message", for people at a terminal. */
void log_open(int fd, enum log_format format, enum log_level max, const char *program);

/* What @fd of log_open speaks; @id (copied, at most 127 bytes) names us there. */
void log_speak(enum log_transport t, const char *id);

/* The descriptor it goes to: for whoever closes all others. */
int log_descriptor(void);

/* True if records of that level go anywhere: guards work that only a log needs. */
bool log_on(enum log_level level);

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...) (log_on(LOG_LEVEL_DEBUG) ? log_write(LOG_LEVEL_DEBUG, __VA_ARGS__) : (void)0)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
