/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the text builds a tree in an arena, a second one prints it. The tree is needed because TOML may come back to a table later
 * ([[registry]], [[registry.mirror]]); how a table came into being decides what may still be added to it.
 */
#include "codec/toml.h"

#include <ctype.h>
#include <errno.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/parse.h"
#include "base/text.h"
#include "base/vec.h"
#include "codec/json.h"

enum node_kind {
	NODE_VALUE,   /* @json is how it is printed */
	NODE_TABLE,   /* by [header] or on the way to one: headers below it may add more */
	NODE_DOTTED,  /* by a.b = …: closed for headers */
	NODE_INLINE,  /* { … }: closed */
	NODE_LIST,    /* [ … ]: closed */
	NODE_TABLES,  /* [[header]]: one more with each */
};

struct node {
	const char *key;         /* NULL in lists */
	enum node_kind kind;
	bool defined;            /* a table whose own [header] was seen */
	const char *json;
	struct node *first, *last, *next;
};

struct reader {
	const char *p, *end;
	int line, depth;
	size_t n_nodes;
	struct arena *a;
	struct err *e;
};

static int fail(struct reader *t, const char *what)
{
	return err_set(t->e, ERR_INVALID, "line %d: %s", t->line, what);
}

/* ---- the tree ---- */

static struct node *node_add(struct reader *t, struct node *in, const char *key, enum node_kind kind)
{
	struct node *n = arena_new(t->a, struct node);

	*n = (struct node){ .key = key, .kind = kind };
	*(in->first ? &in->last->next : &in->first) = n;
	in->last = n;
	t->n_nodes++;
	return n;
}

static struct node *node_find(const struct node *in, const char *key)
{
	for (struct node *n = in->first; n; n = n->next)
		if (streq(n->key, key))
			return n;
	return NULL;
}

/* ---- blanks ---- */

static int peek(const struct reader *t)
{
	return t->p < t->end ? (unsigned char)*t->p : -1;
}

static bool take(struct reader *t, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(t->end - t->p) < n || memcmp(t->p, word, n) != 0)
		return false;
	t->p += n;
	return true;
}

static void blanks_skip(struct reader *t)
{
	while (peek(t) == ' ' || peek(t) == '\t')
		t->p++;
}

static int comment_skip(struct reader *t)
{
	if (peek(t) != '#')
		return 0;
	for (; t->p < t->end && *t->p != '\n'; t->p++)
		if (((unsigned char)*t->p < 0x20 && *t->p != '\t' && !(*t->p == '\r' && t->p + 1 < t->end && t->p[1] == '\n')) || *t->p == 0x7f)
			return fail(t, "control character in a comment");
	return 0;
}

static bool line_end_take(struct reader *t)
{
	if (!take(t, "\n") && !take(t, "\r\n"))
		return false;
	t->line++;
	return true;
}

/* The rest of a line after an item. */
static int line_finish(struct reader *t)
{
	int r;

	blanks_skip(t);
	r = comment_skip(t);
	if (r == 0 && t->p < t->end && !line_end_take(t))
		r = fail(t, "expected the end of the line");
	return r;
}

/* Blanks, comments and line ends between the elements of an array. */
static int gap_skip(struct reader *t)
{
	for (;;) {
		int r;

		blanks_skip(t);
		r = comment_skip(t);
		if (r < 0)
			return r;
		if (!line_end_take(t))
			return 0;
	}
}

/* ---- strings ---- */

static int utf8_put(struct reader *t, struct buf *out, uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return fail(t, "no such character");
	if (c == 0)
		return fail(t, "NUL in a string");
	if (c < 0x80)
		return buf_add_char(out, (char)c);
	if (c < 0x800) {
		buf_add_char(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_add_char(out, (char)(0xe0 | c >> 12));
		} else {
			buf_add_char(out, (char)(0xf0 | c >> 18));
			buf_add_char(out, (char)(0x80 | (c >> 12 & 63)));
		}
		buf_add_char(out, (char)(0x80 | (c >> 6 & 63)));
	}
	return buf_add_char(out, (char)(0x80 | (c & 63)));
}

static int hex_value(int c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int escape_take(struct reader *t, struct buf *out)
{
	static const char letters[] = "btnfr\"\\e", bytes[] = "\b\t\n\f\r\"\\\x1b";
	int c = peek(t), digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
	const char *at = c > 0 ? strchr(letters, c) : NULL;
	uint32_t value = 0;

	if (!at && !digits)
		return fail(t, "unknown escape in a string");
	t->p++;
	if (at)
		return buf_add_char(out, bytes[at - letters]);
	for (int i = 0; i < digits; i++, t->p++) {
		int v = hex_value(peek(t));

		if (v < 0)
			return fail(t, "escape without its hex digits");
		value = value << 4 | (uint32_t)v;
	}
	return utf8_put(t, out, value);
}

/* A backslash at the end of a line of """…""" swallows all blanks after it. True if it was one. */
static bool continuation_take(struct reader *t)
{
	const char *p = t->p;

	while (p < t->end && (*p == ' ' || *p == '\t'))
		p++;
	if (p == t->end || (*p != '\n' && !(*p == '\r' && p + 1 < t->end && p[1] == '\n')))
		return false;
	t->p = p;
	do
		blanks_skip(t);
	while (line_end_take(t));
	return true;
}

/* One character of a string's body, or what stands for it. */
static int body_take(struct reader *t, bool literal, bool lines, struct buf *out)
{
	unsigned char c = (unsigned char)*t->p;

	if (lines && line_end_take(t))
		return buf_add_char(out, '\n');
	if ((c < 0x20 && c != '\t') || c == 0x7f)
		return fail(t, c == '\n' ? "string without end" : "control character in a string");
	t->p++;
	if (c != '\\' || literal)
		return buf_add_char(out, (char)c);
	return lines && continuation_take(t) ? 0 : escape_take(t, out);
}

static int string_body(struct reader *t, const char *quote, bool literal, bool lines, struct buf *out)
{
	if (lines)
		line_end_take(t); /* one right after the opening is not part of it */
	while (t->p < t->end) {
		int r;

		if (take(t, quote)) {
			/* Up to two quotes may stand before the closing three. */
			for (int i = 0; lines && i < 2 && peek(t) == *quote; i++, t->p++)
				buf_add_char(out, *quote);
			return 0;
		}
		r = body_take(t, literal, lines, out);
		if (r < 0)
			return r;
	}
	return fail(t, "string without end");
}

static int string_take(struct reader *t, bool lines_allowed, const char **ret)
{
	static const struct {
		const char *quote;
		bool literal, lines;
	} rows[] = { { "\"\"\"", false, true }, { "'''", true, true }, { "\"", false, false }, { "'", true, false } };
	scoped_buf struct buf out = BUF(LIMIT_DOCUMENT);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int r;

		if ((rows[i].lines && !lines_allowed) || !take(t, rows[i].quote))
			continue;
		r = string_body(t, rows[i].quote, rows[i].literal, rows[i].lines, &out);
		if (r < 0)
			return r;
		*ret = arena_strndup(t->a, buf_text(&out), out.n);
		return 0;
	}
	return fail(t, "expected a string");
}

static const char *json_of_string(struct reader *t, const char *s)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT * 6 + 2);

	json_encode_string(str_of(s), &b);
	return arena_strdup(t->a, buf_text(&b));
}

/* ---- numbers, words, dates ---- */

/* Digits with single underscores between them; the underscores are dropped. */
static bool digits_copy(const char **p, int base, char *out, size_t *n)
{
	bool digit = false;

	for (;; ++*p) {
		int v = hex_value((unsigned char)**p);

		if (**p == '_' && digit && hex_value((unsigned char)(*p)[1]) >= 0) {
			digit = false;
			continue;
		}
		if (v < 0 || v >= base)
			return digit;
		out[(*n)++] = **p;
		digit = true;
	}
}

static int integer_print(struct reader *t, const char *digits, int base, bool negative, const char **ret)
{
	uint64_t value = 0;

	for (; *digits; digits++) {
		uint64_t v = (uint64_t)hex_value((unsigned char)*digits);

		if (value > (UINT64_MAX - v) / (uint64_t)base)
			return fail(t, "number does not fit");
		value = value * (uint64_t)base + v;
	}
	if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return fail(t, "number does not fit");
	*ret = arena_printf(t->a, "%s%llu", negative && value ? "-" : "", (unsigned long long)value);
	return 0;
}

/* 0x…, 0o…, 0b…; without sign. Returns 1 if it was one. */
static int based_take(struct reader *t, const char *word, const char **ret)
{
	int base = word[0] != '0' ? 0 : word[1] == 'x' ? 16 : word[1] == 'o' ? 8 : word[1] == 'b' ? 2 : 0;
	char digits[130];
	const char *p = word + 2;
	size_t n = 0;
	int r;

	if (!base)
		return 0;
	if (!digits_copy(&p, base, digits, &n) || *p)
		return fail(t, "malformed number");
	digits[n] = 0;
	r = integer_print(t, digits, base, false, ret);
	return r < 0 ? r : 1;
}

static int number_take(struct reader *t, const char *word, const char **ret)
{
	bool negative = *word == '-', whole = true;
	const char *p = word + (*word == '-' || *word == '+');
	char text[130];
	size_t n = 0;

	text[n++] = '-';
	if (!digits_copy(&p, 10, text, &n) || (text[1] == '0' && n > 2))
		return fail(t, "malformed value");
	if (*p == '.') {
		whole = false;
		text[n++] = *p++;
		if (!digits_copy(&p, 10, text, &n))
			return fail(t, "malformed number");
	}
	if (*p == 'e' || *p == 'E') {
		whole = false;
		text[n++] = *p++;
		if (*p == '+' || *p == '-')
			text[n++] = *p++;
		if (!digits_copy(&p, 10, text, &n))
			return fail(t, "malformed number");
	}
	if (*p)
		return fail(t, "malformed value");
	text[n] = 0;
	if (whole)
		return integer_print(t, text + 1, 10, negative, ret);
	*ret = arena_strdup(t->a, text + (negative ? 0 : 1));
	return 0;
}

/* "2026-01-02", "2026-01-02T03:04:05Z", "03:04:05.6": what it says is for the reader of the field. */
static bool is_date(const char *word)
{
	return isdigit((unsigned char)word[0]) && isdigit((unsigned char)word[1]) &&
		(word[2] == ':' || (isdigit((unsigned char)word[2]) && isdigit((unsigned char)word[3]) && word[4] == '-'));
}

static bool is_word_char(int c)
{
	return c > 0 && (isalnum(c) || strchr("+-._:", c));
}

static int word_take(struct reader *t, const char **ret)
{
	const char *start = t->p, *word;
	int r;

	while (is_word_char(peek(t)))
		t->p++;
	/* A date may have a blank before its time. */
	if (t->p - start == 10 && start[4] == '-' && t->p + 2 < t->end && *t->p == ' ' && isdigit((unsigned char)t->p[1]))
		for (t->p++; is_word_char(peek(t));)
			t->p++;
	word = arena_strndup(t->a, start, (size_t)(t->p - start));
	if (!*word)
		return fail(t, "expected a value");
	if (strlen(word) > 100)
		return fail(t, "value is too long");
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
		*ret = word;
		return 0;
	}
	if (is_date(word)) {
		*ret = json_of_string(t, word);
		return 0;
	}
	r = based_take(t, word, ret);
	return r == 0 ? number_take(t, word, ret) : r < 0 ? r : 0;
}

/* ---- keys ---- */

static int key_part(struct reader *t, const char **ret)
{
	const char *start = t->p;

	if (peek(t) == '"' || peek(t) == '\'')
		return string_take(t, false, ret);
	while (peek(t) > 0 && (isalnum(peek(t)) || peek(t) == '_' || peek(t) == '-'))
		t->p++;
	if (t->p == start)
		return fail(t, "expected a key");
	*ret = arena_strndup(t->a, start, (size_t)(t->p - start));
	return 0;
}

/* a."b.c".d */
static int key_take(struct reader *t, struct strs *ret)
{
	*ret = (struct strs){ 0 };
	do {
		const char *part;
		int r;

		blanks_skip(t);
		r = key_part(t, &part);
		if (r < 0)
			return r;
		if (ret->n == LIMIT_JSON_DEPTH)
			return fail(t, "key is too deep");
		strs_push(t->a, ret, part);
		blanks_skip(t);
	} while (take(t, "."));
	return 0;
}

/* ---- values ---- */

static int pair_take(struct reader *t, struct node *in);
static int value_take(struct reader *t, struct node *in, const char *key);

static int list_take(struct reader *t, struct node *list)
{
	for (;;) {
		int r = gap_skip(t);

		if (r == 0 && take(t, "]"))
			return 0;
		if (r == 0)
			r = value_take(t, list, NULL);
		if (r == 0)
			r = gap_skip(t);
		if (r < 0)
			return r;
		if (take(t, "]"))
			return 0;
		if (!take(t, ","))
			return fail(t, "expected ',' or ']'");
	}
}

static int inline_take(struct reader *t, struct node *table)
{
	table->kind = NODE_TABLE; /* open while it is being written */
	blanks_skip(t);
	if (!take(t, "}")) {
		do {
			int r = pair_take(t, table);

			if (r < 0)
				return r;
			blanks_skip(t);
		} while (take(t, ","));
		if (!take(t, "}"))
			return fail(t, "expected ',' or '}'");
	}
	table->kind = NODE_INLINE;
	return 0;
}

static int value_take(struct reader *t, struct node *in, const char *key)
{
	const char *s;
	int r;

	if (t->n_nodes > LIMIT_TOML_NODES)
		return fail(t, "document is too long");
	if (++t->depth > LIMIT_JSON_DEPTH)
		return fail(t, "nested too deep");
	if (take(t, "[")) {
		r = list_take(t, node_add(t, in, key, NODE_LIST));
	} else if (take(t, "{")) {
		r = inline_take(t, node_add(t, in, key, NODE_INLINE));
	} else if (peek(t) == '"' || peek(t) == '\'') {
		r = string_take(t, true, &s);
		if (r == 0)
			node_add(t, in, key, NODE_VALUE)->json = json_of_string(t, s);
	} else {
		r = word_take(t, &s);
		if (r == 0)
			node_add(t, in, key, NODE_VALUE)->json = s;
	}
	t->depth--;
	return r;
}

/* a.b = value, in the table @in. */
static int pair_take(struct reader *t, struct node *in)
{
	struct strs key;
	int r = key_take(t, &key);

	if (r < 0)
		return r;
	if (!take(t, "="))
		return fail(t, "expected '='");
	for (size_t i = 0; i + 1 < key.n; i++) {
		struct node *next = node_find(in, key.v[i]);

		if (next && next->kind != NODE_DOTTED)
			return fail(t, "key is defined already");
		in = next ? next : node_add(t, in, key.v[i], NODE_DOTTED);
	}
	if (node_find(in, key.v[key.n - 1]))
		return fail(t, "key is defined already");
	blanks_skip(t);
	return value_take(t, in, key.v[key.n - 1]);
}

/* ---- headers ---- */

/* The table a header's key goes through: itself, or the last one of a list of tables. NULL: nothing can be added there. */
static struct node *header_enter(struct reader *t, struct node *in, const char *key)
{
	struct node *n = node_find(in, key);

	if (!n)
		return node_add(t, in, key, NODE_TABLE);
	if (n->kind == NODE_TABLES)
		return n->last;
	return n->kind == NODE_TABLE || n->kind == NODE_DOTTED ? n : NULL;
}

/* [a.b] and [[a.b]]: the table that what follows belongs to. */
static int header_take(struct reader *t, struct node *root, struct node **ret)
{
	bool list = take(t, "[");
	struct node *at = root, *n;
	struct strs key;
	int r = key_take(t, &key);

	if (r == 0 && !take(t, list ? "]]" : "]"))
		r = fail(t, "header without its end");
	for (size_t i = 0; r == 0 && i + 1 < key.n; i++) {
		at = header_enter(t, at, key.v[i]);
		if (!at)
			r = fail(t, "what is no table cannot have one in it");
	}
	if (r < 0)
		return r;
	n = node_find(at, key.v[key.n - 1]);
	if (list) {
		if (n && n->kind != NODE_TABLES)
			return fail(t, "table is defined already");
		*ret = node_add(t, n ? n : node_add(t, at, key.v[key.n - 1], NODE_TABLES), NULL, NODE_TABLE);
		return 0;
	}
	if (n && (n->kind != NODE_TABLE || n->defined))
		return fail(t, "table is defined already");
	*ret = n ? n : node_add(t, at, key.v[key.n - 1], NODE_TABLE);
	(*ret)->defined = true;
	return 0;
}

static int document_take(struct reader *t, struct node *root)
{
	struct node *table = root;

	while (t->p < t->end) {
		int r = 0;

		if (t->n_nodes > LIMIT_TOML_NODES)
			return fail(t, "document is too long");
		blanks_skip(t);
		if (take(t, "["))
			r = header_take(t, root, &table);
		else if (t->p < t->end && !strchr("#\r\n", *t->p))
			r = pair_take(t, table);
		if (r == 0)
			r = line_finish(t);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- printing ---- */

static void node_print(const struct node *n, struct buf *out)
{
	bool list = n->kind == NODE_LIST || n->kind == NODE_TABLES;

	if (n->kind == NODE_VALUE) {
		buf_add_str(out, n->json);
		return;
	}
	buf_add_char(out, list ? '[' : '{');
	for (const struct node *c = n->first; c; c = c->next) {
		if (c != n->first)
			buf_add_char(out, ',');
		if (c->key) {
			json_encode_string(str_of(c->key), out);
			buf_add_char(out, ':');
		}
		node_print(c, out);
	}
	buf_add_char(out, list ? ']' : '}');
}

int toml_to_json(struct str text, struct buf *out, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct reader t = { .p = text.p, .end = text.p + text.n, .line = 1, .a = &a, .e = e };
	struct node root = { .kind = NODE_TABLE };
	int r;

	if (text.n > LIMIT_MANIFEST || memchr(text.p, 0, text.n) || !text_is_utf8(text))
		return err_set(e, ERR_INVALID, "no text, or more than %d bytes of it", LIMIT_MANIFEST);
	take(&t, "\xef\xbb\xbf");
	r = document_take(&t, &root);
	if (r < 0)
		return r;
	node_print(&root, out);
	return buf_is_full(out) ? err_set(e, ERR_EXHAUSTED, "document is too long") : 0;
}
