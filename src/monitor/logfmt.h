/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * logfmt: one record of a container's log as text, per driver. Pure.
 *
 * json-file is Docker's ({"log":"…\n","stream":"stdout","time":"…"}, a part of a long line has no "\n"), k8s-file the kubelet's
 * ("time stdout F line", P for a part). Both keep the order of bytes; bytes that are not UTF-8 become U+FFFD in JSON and stay in k8s-file.
 */
#include <time.h>

#include "base/buf.h"
#include "spec/monitor.h"

enum { LOGFMT_RECORD = 6 * LIMIT_LOG_LINE + 128 }; /* the longest record: every byte as \u00XX, and the frame around it */

struct logfmt {
	/* Appends the record of a piece (see monitor/line.h) of @stream ("stdout", "stderr") that was read at @when (RFC 3339). */
	void (*record)(struct buf *out, const char *stream, struct str piece, bool end, const char *when);
};

/* One row per enum monitor_log; `none` has no record function. */
extern const struct logfmt logfmts[MONITOR_LOG_COUNT];
