/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes over the text: the first finds the type, the second writes the value as that type. Both walk the same grammar, so they are one set of
 * functions with a struct pass that either collects a signature or writes.
 */
#include "codec/gvariant.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/scope.h"
#include "codec/dbus.h"

enum { DEPTH_MAX = 16, SIGNATURE_MAX = 255 };

struct text {
	const char *p;
	int depth;
};

/* The type of the value at @t, appended to @signature; @t moves behind it. */
static int type_of(struct text *t, struct buf *signature);

/* Writes the value at @t as the type at *@type; both move behind what was used. */
static int write_as(struct text *t, const char **type, struct buf *b);

static void blanks(struct text *t)
{
	t->p += strspn(t->p, " \t\n");
}

static bool take(struct text *t, char c)
{
	blanks(t);
	if (*t->p != c)
		return false;
	t->p++;
	return true;
}

static const struct word {
	const char *name;
	char type;
} words[] = {
	{ "boolean", 'b' }, { "byte", 'y' }, { "int16", 'n' }, { "uint16", 'q' }, { "int32", 'i' }, { "uint32", 'u' }, { "int64", 'x' },
	{ "uint64", 't' }, { "double", 'd' }, { "string", 's' }, { "objectpath", 'o' }, { "signature", 'g' },
};

static size_t word_length(const char *p)
{
	return strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789");
}

/* A type named in front of the value ("uint32 ", "@as "): its signature is appended to @ret. 1 if there was one, 0 if not. */
static int named_type(struct text *t, struct buf *ret)
{
	size_t n;

	blanks(t);
	if (*t->p == '@') {
		scoped_buf struct buf name = BUF(SIGNATURE_MAX);

		n = strcspn(++t->p, " \t\n");
		if (buf_add(&name, t->p, n) < 0 || !dbus_signature_is_single(buf_text(&name)) || buf_add(ret, name.p, n) < 0)
			return -EINVAL;
		t->p += n;
		return 1;
	}
	n = word_length(t->p);
	for (size_t i = 0; n && i < ARRAY_LEN(words); i++) {
		if (strlen(words[i].name) == n && memcmp(words[i].name, t->p, n) == 0 && strchr(" \t\n", t->p[n]) && t->p[n]) {
			t->p += n;
			return buf_add_char(ret, words[i].type) < 0 ? -EINVAL : 1;
		}
	}
	return 0;
}

/* ---- passing over ---- */

/* The end of a quoted string, @p at its quote; NULL if it has none. */
static const char *quoted_end(const char *p)
{
	char quote = *p++;

	for (; *p && *p != quote; p++)
		if (*p == '\\' && *++p == '\0')
			return NULL;
	return *p ? p + 1 : NULL;
}

static size_t number_length(const char *p)
{
	return strspn(p, "+-.0123456789abcdefxABCDEFX");
}

static bool is_hex(const char *p)
{
	p += *p == '-' || *p == '+';
	return p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
}

static int type_of_plain(struct text *t, struct buf *s)
{
	const char *end;
	size_t n;

	if (*t->p == 'b' && (t->p[1] == '\'' || t->p[1] == '"')) {
		end = quoted_end(t->p + 1);
		t->p = end ? end : t->p;
		return end ? buf_add_str(s, "ay") : -EINVAL;
	}
	if (*t->p == '\'' || *t->p == '"') {
		end = quoted_end(t->p);
		t->p = end ? end : t->p;
		return end ? buf_add_char(s, 's') : -EINVAL;
	}
	n = word_length(t->p);
	if ((n == 4 && memcmp(t->p, "true", 4) == 0) || (n == 5 && memcmp(t->p, "false", 5) == 0)) {
		t->p += n;
		return buf_add_char(s, 'b');
	}
	n = number_length(t->p);
	if (n == 0)
		return -EINVAL;
	end = t->p;
	t->p += n;
	return buf_add_char(s, !is_hex(end) && memchr(end, '.', n) ? 'd' : !is_hex(end) && memchr(end, 'e', n) ? 'd' : 'i');
}

/* "[a, b]" has the type of a; the others only have to be values. */
static int type_of_array(struct text *t, struct buf *s)
{
	scoped_buf struct buf other = BUF(SIGNATURE_MAX);
	int r = buf_add_char(s, 'a');

	for (bool first = true; r == 0; first = false) {
		buf_clear(&other);
		r = type_of(t, first ? s : &other);
		if (r < 0 || take(t, ']'))
			break;
		r = take(t, ',') ? 0 : -EINVAL;
	}
	return r;
}

static int type_of_tuple(struct text *t, struct buf *s)
{
	int r = buf_add_char(s, '(');

	while (r == 0) {
		r = type_of(t, s);
		if (r < 0)
			break;
		if (take(t, ',') && !take(t, ')'))
			continue;
		if (t->p[-1] != ')' && !take(t, ')'))
			r = -EINVAL;
		break;
	}
	return r < 0 ? r : buf_add_char(s, ')');
}

static int type_of_dict(struct text *t, struct buf *s)
{
	scoped_buf struct buf other = BUF(SIGNATURE_MAX);
	int r = buf_add_str(s, "a{");

	for (bool first = true; r == 0; first = false) {
		struct buf *to = first ? s : &other;

		buf_clear(&other);
		r = type_of(t, to);
		if (r == 0)
			r = take(t, ':') ? type_of(t, to) : -EINVAL;
		if (r < 0 || take(t, '}'))
			break;
		r = take(t, ',') ? 0 : -EINVAL;
	}
	return r < 0 ? r : buf_add_char(s, '}');
}

static int type_of_variant(struct text *t, struct buf *s)
{
	scoped_buf struct buf inner = BUF(SIGNATURE_MAX);
	int r = type_of(t, &inner);

	return r < 0 ? r : take(t, '>') ? buf_add_char(s, 'v') : -EINVAL;
}

/* Passes over a bracketed value whose type is named: "[]" has none by itself. */
static int pass(struct text *t)
{
	scoped_buf struct buf ignored = BUF(SIGNATURE_MAX);

	blanks(t);
	if ((t->p[0] == '[' || t->p[0] == '{') && t->p[1 + strspn(t->p + 1, " \t\n")] == (t->p[0] == '[' ? ']' : '}')) {
		t->p += 2 + strspn(t->p + 1, " \t\n");
		return 0;
	}
	return type_of(t, &ignored);
}

static int type_of(struct text *t, struct buf *s)
{
	int r;

	if (++t->depth > DEPTH_MAX)
		return -EINVAL;
	r = named_type(t, s);
	if (r == 1)
		r = pass(t);
	else if (r == 0)
		r = take(t, '[') ? type_of_array(t, s) : take(t, '(') ? type_of_tuple(t, s) : take(t, '{') ? type_of_dict(t, s) :
		    take(t, '<') ? type_of_variant(t, s) : type_of_plain(t, s);
	t->depth--;
	return r < 0 ? -EINVAL : 0;
}

/* ---- writing ---- */

/* One character of a quoted string; \uXXXX only below 0x80, which is all a path or an option needs. */
static int unescape(const char **p)
{
	static const char from[] = "abfnrtv", to[] = "\a\b\f\n\r\t\v", digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at;
	int code = 0;

	if (**p != '\\')
		return (unsigned char)*(*p)++;
	++*p;
	if (**p == 'u') {
		for (int i = 1; i <= 4; i++) {
			at = (*p)[i] ? strchr(digits, (*p)[i]) : NULL;
			if (!at)
				return -EINVAL;
			code = code * 16 + (int)(at - digits) % 16;
		}
		*p += 5;
		return code == 0 || code > 0x7f ? -EINVAL : code;
	}
	at = strchr(from, **p);
	code = at && *at ? (unsigned char)to[at - from] : (unsigned char)**p;
	++*p;
	return code;
}

/* Reads the quoted string at @t into @ret, without quotes. */
static int read_quoted(struct text *t, struct buf *ret)
{
	const char *end = *t->p == '\'' || *t->p == '"' ? quoted_end(t->p) : NULL, *p = t->p + 1;

	while (end && p < end - 1) {
		int c = unescape(&p);

		if (c < 0 || buf_add_char(ret, (char)c) < 0)
			return -EINVAL;
	}
	t->p = end ? end : t->p;
	return end ? 0 : -EINVAL;
}

static int write_string(struct text *t, char type, struct buf *b)
{
	scoped_buf struct buf s = BUF(LIMIT_GVARIANT_TEXT);

	if (read_quoted(t, &s) < 0)
		return -EINVAL;
	if (type == 'g' && !dbus_signature_is_valid(buf_text(&s)))
		return -EINVAL;
	if (type == 'o' && buf_text(&s)[0] != '/')
		return -EINVAL;
	if (type == 'g')
		dbus_put_signature(b, buf_text(&s));
	else
		dbus_put_str(b, buf_text(&s));
	return 0;
}

static int write_bool(struct text *t, struct buf *b)
{
	size_t n = word_length(t->p);
	bool yes = n == 4 && memcmp(t->p, "true", 4) == 0;

	if (!yes && !(n == 5 && memcmp(t->p, "false", 5) == 0))
		return -EINVAL;
	t->p += n;
	dbus_put_bool(b, yes);
	return 0;
}

/* Cuts the number at @t out. */
static int cut_number(struct text *t, char ret[40])
{
	size_t n = number_length(t->p);

	if (n == 0 || n >= 40)
		return -EINVAL;
	memcpy(ret, t->p, n);
	ret[n] = '\0';
	t->p += n;
	return 0;
}

static int read_double(struct text *t, double *ret)
{
	char s[40], *end;

	if (cut_number(t, s) < 0)
		return -EINVAL;
	*ret = strtod(s, &end);
	return *end || !isfinite(*ret) ? -EINVAL : 0;
}

static const struct range {
	char type;
	int64_t min;
	uint64_t max;
} ranges[] = {
	{ 'y', 0, UINT8_MAX }, { 'n', INT16_MIN, INT16_MAX }, { 'q', 0, UINT16_MAX }, { 'i', INT32_MIN, INT32_MAX },
	{ 'u', 0, UINT32_MAX }, { 'x', INT64_MIN, INT64_MAX }, { 't', 0, UINT64_MAX },
};

/* The two's complement of a whole number that fits @type. */
static int read_whole(struct text *t, char type, uint64_t *ret)
{
	char s[40], *end;

	if (cut_number(t, s) < 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		if (ranges[i].type != type)
			continue;
		errno = 0;
		if (*s == '-') {
			int64_t v = strtoll(s, &end, 0);

			*ret = (uint64_t)v;
			return errno || *end || v < ranges[i].min ? -EINVAL : 0;
		}
		*ret = strtoull(s, &end, 0);
		return errno || *end || *ret > ranges[i].max ? -EINVAL : 0;
	}
	return -EINVAL;
}

static int write_number(struct text *t, char type, struct buf *b)
{
	uint64_t v;
	double d;

	if (type == 'd') {
		if (read_double(t, &d) < 0)
			return -EINVAL;
		dbus_put_double(b, d);
		return 0;
	}
	if (read_whole(t, type, &v) < 0)
		return -EINVAL;
	switch (dbus_alignment(type)) {
	case 1:
		dbus_put_byte(b, (uint8_t)v);
		break;
	case 2:
		dbus_put_u16(b, (uint16_t)v);
		break;
	case 4:
		dbus_put_u32(b, (uint32_t)v);
		break;
	default:
		dbus_put_u64(b, v);
	}
	return 0;
}

/* b'…' ends with a NUL, as GVariant has it. */
static int write_bytes(struct text *t, struct buf *b)
{
	scoped_buf struct buf s = BUF(LIMIT_GVARIANT_TEXT);
	size_t at;

	t->p++;
	if (read_quoted(t, &s) < 0)
		return -EINVAL;
	at = dbus_array_open(b, 1);
	buf_add(b, buf_text(&s), s.n + 1);
	dbus_array_close(b, at);
	return 0;
}

static int write_entry(struct text *t, const char **type, struct buf *b)
{
	int r;

	dbus_align(b, 8);
	++*type;
	r = write_as(t, type, b);
	if (r == 0)
		r = take(t, ':') ? write_as(t, type, b) : -EINVAL;
	++*type;
	return r;
}

/* Arrays, and dictionaries, which are arrays of entries. */
static int write_array(struct text *t, const char **type, struct buf *b)
{
	const char *element = *type + 1, *after = element;
	bool dict = *element == '{';
	char close = dict ? '}' : ']';
	size_t at;
	int r = 0;

	if (!dict && *element == 'y' && *t->p == 'b')
		return *type += 2, write_bytes(t, b);
	if (!take(t, dict ? '{' : '['))
		return -EINVAL;
	at = dbus_array_open(b, dbus_alignment(*element));
	for (bool first = true; r == 0 && !take(t, close); first = false) {
		after = element;
		if (!first && !take(t, ','))
			return -EINVAL;
		r = dict ? write_entry(t, &after, b) : write_as(t, &after, b);
	}
	dbus_array_close(b, at);
	/* An empty one has not shown where the type of its element ends. */
	if (r == 0 && after == element) {
		int depth = 0;

		while (*after == 'a')
			after++;
		do
			depth += *after == '(' || *after == '{' ? 1 : *after == ')' || *after == '}' ? -1 : 0;
		while (*after && (after++, depth > 0));
	}
	*type = after;
	return r;
}

static int write_tuple(struct text *t, const char **type, struct buf *b)
{
	int r = take(t, '(') ? 0 : -EINVAL;

	dbus_align(b, 8);
	for (++*type; r == 0 && **type && **type != ')';) {
		r = write_as(t, type, b);
		if (r == 0 && !take(t, ',') && **type != ')')
			r = -EINVAL;
	}
	++*type;
	return r < 0 || !take(t, ')') ? -EINVAL : 0;
}

static int write_variant(struct text *t, struct buf *b)
{
	scoped_buf struct buf inner = BUF(SIGNATURE_MAX);
	struct text look;
	const char *type;
	int r;

	if (!take(t, '<'))
		return -EINVAL;
	look = *t;
	r = type_of(&look, &inner);
	type = buf_text(&inner);
	if (r < 0 || !dbus_signature_is_single(type))
		return -EINVAL;
	dbus_put_signature(b, type);
	r = write_as(t, &type, b);
	return r < 0 || !take(t, '>') ? -EINVAL : 0;
}

static int write_as(struct text *t, const char **type, struct buf *b)
{
	scoped_buf struct buf named = BUF(SIGNATURE_MAX);
	int r = 0;

	if (++t->depth > DEPTH_MAX || named_type(t, &named) < 0)
		return -EINVAL;
	/* A type named inside must be the one that the whole has there. */
	if (named.n && strncmp(buf_text(&named), *type, named.n) != 0)
		return -EINVAL;
	blanks(t);
	switch (**type) {
	case 'a':
		r = write_array(t, type, b);
		break;
	case '(':
		r = write_tuple(t, type, b);
		break;
	case 'v':
		++*type;
		r = write_variant(t, b);
		break;
	case 'b':
		++*type;
		r = write_bool(t, b);
		break;
	case 's':
	case 'o':
	case 'g':
		r = write_string(t, *(*type)++, b);
		break;
	default:
		r = write_number(t, *(*type)++, b);
	}
	t->depth--;
	return r;
}

/* ---- the whole ---- */

static int put_seconds(struct buf *body, struct text t, char type)
{
	scoped_buf struct buf named = BUF(SIGNATURE_MAX);
	double seconds;

	if (!strchr("ynqiuxtd", type) || named_type(&t, &named) < 0)
		return -EINVAL;
	blanks(&t);
	if (read_double(&t, &seconds) < 0 || seconds < 0 || seconds > (double)(UINT64_MAX / 2000000))
		return -EINVAL;
	dbus_put_signature(body, "t");
	dbus_put_u64(body, (uint64_t)(seconds * 1e6));
	return 0;
}

int gvariant_put(struct buf *body, const char *text, bool seconds)
{
	scoped_buf struct buf signature = BUF(SIGNATURE_MAX);
	struct text look = { text, 0 }, t = { text, 0 };
	const char *type;

	if (strlen(text) > LIMIT_GVARIANT_TEXT)
		return -E2BIG;
	if (type_of(&look, &signature) < 0)
		return -EINVAL;
	blanks(&look);
	type = buf_text(&signature);
	if (*look.p || !dbus_signature_is_single(type))
		return -EINVAL;
	if (seconds)
		return signature.n == 1 ? put_seconds(body, t, *type) : -EINVAL;
	dbus_put_signature(body, type);
	return write_as(&t, &type, body) < 0 || *type ? -EINVAL : 0;
}
