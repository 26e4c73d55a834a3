/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/log_record.h"

#include <string.h>

#include "codec/json.h"

/* ---- json-file ---- */

struct json_record {
	struct str log;
	const char *stream, *time;
};
static const struct field record_fields[] = {
	FIELD(struct json_record, log, "log", BYTES, 0),
	FIELD(struct json_record, stream, "stream", STR, 0),
	FIELD(struct json_record, time, "time", STR, 0),
};
static const struct schema record_schema = SCHEMA("log record", struct json_record, record_fields);

static bool ends_line(struct str text)
{
	return text.n && text.p[text.n - 1] == '\n';
}

static bool parse_any_json(struct str line, struct arena *a, struct log_record *ret)
{
	struct json_record rec = { 0 };
	struct err ignored = { 0 };  /* a line that is none is not worth losing the rest */

	if (json_decode(line, &record_schema, 0, a, &rec, &ignored) < 0 || !rec.log.p)
		return false;
	*ret = (struct log_record){ .text = rec.log, .is_err = streq(rec.stream, "stderr"), .ends = ends_line(rec.log), .time = rec.time };
	return true;
}

/* The short escapes our own records have; others are for parse_any_json. Returns 0 if it is none of them. */
static char unescape(char c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at = c ? strchr(from, c) : NULL;

	return at ? to[at - from] : '\0';
}

/* The string that begins after the quote at @in->p, unescaped; *in moves behind its end. */
static bool take_string(struct str *in, struct arena *a, struct str *ret)
{
	char *out = arena_alloc_n(a, in->n + 1, 1);
	size_t n = 0, i = 0;

	for (; i < in->n && in->p[i] != '"'; i++) {
		char c = in->p[i];

		if (c == '\\') {
			c = ++i < in->n ? unescape(in->p[i]) : '\0';
			if (!c)
				return false;
		}
		out[n++] = c;
	}
	if (i == in->n)
		return false;
	out[n] = '\0';
	*ret = (struct str){ out, n };
	*in = (struct str){ in->p + i + 1, in->n - i - 1 };
	return true;
}

static bool take_literal(struct str *in, struct str literal)
{
	if (in->n < literal.n || memcmp(in->p, literal.p, literal.n) != 0)
		return false;
	*in = (struct str){ in->p + literal.n, in->n - literal.n };
	return true;
}

/* The form our monitor writes when there are no attributes, which is nearly always: ten times as fast as a document that may be anything. */
static bool parse_our_json(struct str line, struct arena *a, struct log_record *ret)
{
	struct str text, stream, time;

	if (!take_literal(&line, STR("{\"log\":\"")) || !take_string(&line, a, &text))
		return false;
	if (!take_literal(&line, STR(",\"stream\":\"")) || !take_string(&line, a, &stream))
		return false;
	if (!take_literal(&line, STR(",\"time\":\"")) || !take_string(&line, a, &time) || !str_is(line, "}"))
		return false;
	*ret = (struct log_record){ .text = text, .is_err = str_is(stream, "stderr"), .ends = ends_line(text), .time = time.p };
	return true;
}

/* ---- k8s-file ---- */

/* "TIME STREAM F|P[:…] TEXT" */
static bool parse_k8s(struct str line, struct arena *a, struct log_record *ret)
{
	struct str rest, time = str_cut(line, ' ', &rest), stream, tag;
	char *text;

	if (!rest.p)
		return false;
	stream = str_cut(rest, ' ', &rest);
	if (!rest.p)
		return false;
	tag = str_cut(rest, ' ', &rest);
	if (!rest.p || !tag.n || (tag.p[0] != 'F' && tag.p[0] != 'P'))
		return false;
	*ret = (struct log_record){ .is_err = str_is(stream, "stderr"), .ends = tag.p[0] == 'F', .time = arena_strndup(a, time.p, time.n) };
	text = arena_alloc_n(a, rest.n + 1, 1);
	memcpy(text, rest.p, rest.n);
	text[rest.n] = '\n';
	ret->text = (struct str){ text, rest.n + ret->ends };
	return true;
}

bool log_record_parse(enum monitor_log driver, struct str line, struct arena *a, struct log_record *ret)
{
	if (driver == MONITOR_LOG_K8S_FILE)
		return parse_k8s(line, a, ret);
	return parse_our_json(line, a, ret) || parse_any_json(line, a, ret);
}
