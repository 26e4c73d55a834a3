/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/logfmt.h"

#include "codec/json.h"

static void record_json(struct buf *out, const char *stream, struct str piece, bool end, const char *when)
{
	if (!piece.n)
		return; /* the empty end of a parted line says nothing here */
	buf_add_str(out, "{\"log\":");
	json_encode_string(piece, out);
	buf_add_str(out, ",\"stream\":\"");
	buf_add_str(out, stream);
	buf_add_str(out, "\",\"time\":\"");
	buf_add_str(out, when);
	buf_add_str(out, "\"}\n");
}

static void record_k8s(struct buf *out, const char *stream, struct str piece, bool end, const char *when)
{
	bool newline = piece.n && piece.p[piece.n - 1] == '\n';

	buf_add_str(out, when);
	buf_add_char(out, ' ');
	buf_add_str(out, stream);
	buf_add_str(out, end ? " F " : " P ");
	buf_add(out, piece.p, piece.n);
	if (!newline)
		buf_add_char(out, '\n');
}

const struct logfmt logfmts[MONITOR_LOG_COUNT] = {
	[MONITOR_LOG_NONE] = { 0 },
	[MONITOR_LOG_JSON_FILE] = { record_json },
	[MONITOR_LOG_K8S_FILE] = { record_k8s },
};
