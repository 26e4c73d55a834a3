/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/logfmt.h"

#include "codec/json.h"

/* "attrs":{…}, */
static void fields_json(struct buf *out, const struct pairs *fields)
{
	if (!fields->n)
		return;
	buf_add_str(out, "\"attrs\":{");
	for (size_t i = 0; i < fields->n; i++) {
		buf_add_str(out, i ? "," : "");
		json_encode_string(str_of(fields->v[i].key), out);
		buf_add_char(out, ':');
		json_encode_string(str_of(fields->v[i].value), out);
	}
	buf_add_str(out, "},");
}

static void record_json(struct buf *out, const struct logfmt_piece *p)
{
	if (!p->text.n)
		return; /* the empty end of a parted line says nothing here */
	buf_add_str(out, "{\"log\":");
	json_encode_string(p->text, out);
	buf_add_str(out, ",\"stream\":\"");
	buf_add_str(out, p->stream);
	buf_add_str(out, "\",");
	buf_add(out, p->fields.p, p->fields.n);
	buf_add_str(out, "\"time\":\"");
	buf_add_str(out, p->when);
	buf_add_str(out, "\"}\n");
}

static bool has_newline(const struct logfmt_piece *p)
{
	return p->text.n && p->text.p[p->text.n - 1] == '\n';
}

static void record_k8s(struct buf *out, const struct logfmt_piece *p)
{
	buf_add_str(out, p->when);
	buf_add_char(out, ' ');
	buf_add_str(out, p->stream);
	buf_add_str(out, p->end ? " F " : " P ");
	buf_add(out, p->text.p, p->text.n);
	if (!has_newline(p))
		buf_add_char(out, '\n');
}

/* A field whose value may hold anything: NAME, newline, 64 bits of length (little end first), the bytes, newline. */
static void journal_field(struct buf *out, const char *name, struct str value)
{
	buf_add_str(out, name);
	buf_add_char(out, '\n');
	for (unsigned shift = 0; shift < 64; shift += 8)
		buf_add_char(out, (char)(((uint64_t)value.n >> shift) & 0xff));
	buf_add(out, value.p, value.n);
	buf_add_char(out, '\n');
}

static void fields_journal(struct buf *out, const struct pairs *fields)
{
	for (size_t i = 0; i < fields->n; i++)
		journal_field(out, fields->v[i].key, str_of(fields->v[i].value));
}

/* The priorities are docker's and podman's: info for stdout, error for stderr. */
static void record_journal(struct buf *out, const struct logfmt_piece *p)
{
	struct str text = { p->text.p, p->text.n - has_newline(p) };

	if (p->end && !p->text.n)
		return;
	buf_add_str(out, streq(p->stream, "stderr") ? "PRIORITY=3\n" : "PRIORITY=6\n");
	if (!p->end)
		buf_add_str(out, "CONTAINER_PARTIAL_MESSAGE=true\n");
	buf_add(out, p->fields.p, p->fields.n);
	journal_field(out, "MESSAGE", text);
}

const struct logfmt logfmts[MONITOR_LOG_COUNT] = {
	[MONITOR_LOG_NONE] = { 0 },
	[MONITOR_LOG_JSON_FILE] = { record_json, fields_json },
	[MONITOR_LOG_K8S_FILE] = { record_k8s, NULL },
	[MONITOR_LOG_JOURNALD] = { record_journal, fields_journal },
	[MONITOR_LOG_PASSTHROUGH] = { 0 },
};
