/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * logfmt: one record of a container's log as text, per driver. Pure.
 *
 * json-file is Docker's ({"log":"…\n","stream":"stdout","attrs":{…},"time":"…"}, a part of a long line has no "\n"), k8s-file the kubelet's
 * ("time stdout F line", P for a part), journald's is the datagram of systemd's native journal protocol (a part has CONTAINER_PARTIAL_MESSAGE). All
 * keep the order of bytes; bytes that are not UTF-8 become U+FFFD in JSON and stay in the others.
 */
#include <time.h>

#include "base/buf.h"
#include "spec/monitor.h"

enum {
	LOGFMT_FIELDS = 16 * 1024,                           /* the text of all fields that every record carries */
	LOGFMT_RECORD = 6 * LIMIT_LOG_LINE + LOGFMT_FIELDS + 256, /* the longest record: every byte as \u00XX, and the frame around it */
};

/* A piece of a line (see monitor/line.h) and where it came from. */
struct logfmt_piece {
	const char *stream;          /* "stdout", "stderr" */
	const char *when;            /* RFC 3339 */
	struct str text;
	bool end;                    /* the line ends with it */
	struct str fields;           /* as logfmt.fields made it */
};

struct logfmt {
	/* Appends the record of a piece. */
	void (*record)(struct buf *out, const struct logfmt_piece *p);
	/* Appends what every record carries, once for all; NULL: the format has no place for it. */
	void (*fields)(struct buf *out, const struct pairs *fields);
};

/* One row per enum monitor_log; drivers that write nothing have no functions. */
extern const struct logfmt logfmts[MONITOR_LOG_COUNT];
