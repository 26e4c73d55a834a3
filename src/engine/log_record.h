/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * log_record: one record of a log as it is read back. Pure.
 */
#include "base/arena.h"
#include "base/str.h"
#include "spec/monitor.h"

struct log_record {
	struct str text;             /* whatever the program wrote, NUL bytes too; with its '\n' if the line ends here */
	bool is_err;
	bool ends;                   /* the line ends here */
	const char *time;            /* RFC 3339 */
};

/* Reads a line of the file (without its '\n') that @driver wrote. Memory of @a and @line. False: it is none, such as the rest of one cut off by a crash. */
bool log_record_parse(enum monitor_log driver, struct str line, struct arena *a, struct log_record *ret);
