/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/yaml.h"

#include <ctype.h>
#include <errno.h>

#include <yaml.h>

#include "base/limits.h"
#include "codec/json.h"

enum holder { DOCUMENT, SEQUENCE, MAPPING_KEY, MAPPING_VALUE };

struct writer {
	yaml_parser_t parser;
	struct buf *out;
	struct err *e;
	enum holder in[LIMIT_JSON_DEPTH];  /* what the next item belongs to */
	bool first[LIMIT_JSON_DEPTH];
	int depth;
};

static void writer_done(struct writer *w)
{
	yaml_parser_delete(&w->parser);
}

static void event_done(yaml_event_t *event)
{
	yaml_event_delete(event);
}

static int fail(const struct writer *w, size_t line, const char *what)
{
	return err_set(w->e, ERR_INVALID, "line %zu: %s", line + 1, what);
}

/* ---- scalars ---- */

static bool is_number(const char *s)
{
	const char *p = s + (*s == '-');

	/* What JSON takes for a number too; octal, hex, ".5", infinities stay words. */
	if (!isdigit((unsigned char)*p) || (*p == '0' && isdigit((unsigned char)p[1])))
		return false;
	p += strspn(p, "0123456789");
	if (*p == '.') {
		if (!isdigit((unsigned char)p[1]))
			return false;
		p += 1 + strspn(p + 1, "0123456789");
	}
	if (*p == 'e' || *p == 'E') {
		p += 1 + (p[1] == '+' || p[1] == '-');
		if (!isdigit((unsigned char)*p))
			return false;
		p += strspn(p, "0123456789");
	}
	return !*p;
}

static const char *word_of(const char *s)
{
	static const char *const rows[][2] = { { "", "null" }, { "~", "null" }, { "null", "null" }, { "Null", "null" }, { "NULL", "null" }, { "true", "true" },
		{ "True", "true" }, { "TRUE", "true" }, { "false", "false" }, { "False", "false" }, { "FALSE", "false" } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i][0], s) == 0)
			return rows[i][1];
	return is_number(s) ? s : NULL;
}

static int scalar_write(struct writer *w, const yaml_event_t *event, bool key)
{
	struct str text = { (const char *)event->data.scalar.value, event->data.scalar.length };
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	const char *word = plain && !key ? word_of(text.p) : NULL;

	if (strlen(text.p) != text.n)
		return fail(w, event->start_mark.line, "NUL in a text");
	return word ? buf_add_str(w->out, word) : json_encode_string(text, w->out);
}

/* ---- structure ---- */

/* Before an item: what divides it from the one before. */
static int item_begin(struct writer *w, const yaml_event_t *event)
{
	enum holder in = w->in[w->depth];

	if (in == MAPPING_KEY && event->type != YAML_SCALAR_EVENT)
		return fail(w, event->start_mark.line, "a key is no text");
	if (in != MAPPING_VALUE && !w->first[w->depth])
		buf_add_char(w->out, ',');
	w->first[w->depth] = false;
	return 0;
}

static void item_end(struct writer *w)
{
	enum holder *in = &w->in[w->depth];

	if (*in == MAPPING_KEY) {
		buf_add_char(w->out, ':');
		*in = MAPPING_VALUE;
	} else if (*in == MAPPING_VALUE) {
		*in = MAPPING_KEY;
	}
}

static int nest(struct writer *w, const yaml_event_t *event, enum holder in)
{
	if (w->depth + 1 == LIMIT_JSON_DEPTH)
		return fail(w, event->start_mark.line, "nested too deep");
	w->in[++w->depth] = in;
	w->first[w->depth] = true;
	buf_add_char(w->out, in == SEQUENCE ? '[' : '{');
	return 0;
}

static bool is_marked(const yaml_event_t *event)
{
	switch ((int)event->type) {
	case YAML_ALIAS_EVENT:
		return true;
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor || event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor || event->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor || event->data.mapping_start.tag;
	default:
		return false;
	}
}

static int event_take(struct writer *w, const yaml_event_t *event)
{
	int r = 0;

	if (is_marked(event))
		return fail(w, event->start_mark.line, "anchors, aliases and tags are not read");
	switch ((int)event->type) {
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		r = item_begin(w, event);
		if (r == 0 && event->type == YAML_SCALAR_EVENT) {
			r = scalar_write(w, event, w->in[w->depth] == MAPPING_KEY);
			item_end(w);
		} else if (r == 0) {
			r = nest(w, event, event->type == YAML_SEQUENCE_START_EVENT ? SEQUENCE : MAPPING_KEY);
		}
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		buf_add_char(w->out, event->type == YAML_SEQUENCE_END_EVENT ? ']' : '}');
		w->depth--;
		item_end(w);
		break;
	default:
		break;
	}
	return r;
}

int yaml_to_json(struct str text, struct buf *out, struct err *e)
{
	SCOPED(writer_done) struct writer w = { .out = out, .e = e, .in = { DOCUMENT }, .first = { true } };
	bool end = false;
	int documents = 0, r = 0;

	if (!yaml_parser_initialize(&w.parser))
		return err_sys(e, -ENOMEM, "yaml");
	if (text.n > LIMIT_MANIFEST)
		return err_set(e, ERR_INVALID, "more than %d bytes", LIMIT_MANIFEST);
	yaml_parser_set_input_string(&w.parser, (const unsigned char *)text.p, text.n);
	yaml_parser_set_encoding(&w.parser, YAML_UTF8_ENCODING);
	while (r == 0 && !end) {
		SCOPED(event_done) yaml_event_t event = { 0 };

		if (!yaml_parser_parse(&w.parser, &event))
			return fail(&w, w.parser.problem_mark.line, w.parser.problem ? w.parser.problem : "no YAML");
		if (event.type == YAML_DOCUMENT_START_EVENT && ++documents > 1)
			return fail(&w, event.start_mark.line, "more than one document");
		end = event.type == YAML_STREAM_END_EVENT;
		r = event_take(&w, &event);
	}
	if (r == 0 && documents == 0)
		buf_add_str(out, "null");
	if (r == 0 && buf_is_full(out))
		r = err_set(e, ERR_EXHAUSTED, "document is too long");
	return r;
}
