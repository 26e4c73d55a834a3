/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/template_printf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/scope.h"

struct verb {
	bool left, zero, plus;
	int width, precision; /* -1: none */
	char letter;
};

/* Digits, if there are any. A number larger than anybody means is some large number. */
static int number_read(const char **at)
{
	int n = 0;

	for (; isdigit((unsigned char)**at); ++*at)
		n = n < LIMIT_PATH ? n * 10 + (**at - '0') : n;
	return n;
}

/* Reads what stands after a '%'. */
static const char *verb_read(const char *at, struct verb *ret)
{
	*ret = (struct verb){ .precision = -1 };
	for (; *at && strchr("-0+ #", *at); at++) {
		ret->left |= *at == '-';
		ret->zero |= *at == '0';
		ret->plus |= *at == '+';
	}
	ret->width = number_read(&at);
	if (*at == '.') {
		at++;
		ret->precision = number_read(&at);
	}
	ret->letter = *at;
	return *at ? at + 1 : at;
}

static void put_hex(const json_t *v, bool upper, struct buf *b)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	if (json_is_integer(v)) {
		buf_printf(b, upper ? "%llX" : "%llx", (unsigned long long)json_integer_value(v));
		return;
	}
	for (size_t i = 0; i < json_string_length(v); i++) {
		unsigned char byte = (unsigned char)json_string_value(v)[i];

		buf_add_char(b, digits[byte >> 4]);
		buf_add_char(b, digits[byte & 15]);
	}
}

/* How many bytes the first @most characters have. */
static size_t characters_size(const char *p, size_t n, size_t most)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (((unsigned char)p[i] & 0xc0) != 0x80 && most-- == 0)
			break;
	return i;
}

static void put_verb(const struct verb *verb, const json_t *v, struct buf *b)
{
	size_t before = b->n;

	switch (verb->letter) {
	case 'q': {
		scoped_free char *quoted = json_dumps(v, JSON_ENCODE_ANY);

		buf_add_str(b, quoted ? quoted : "\"\"");
		break;
	}
	case 'x':
	case 'X':
		put_hex(v, verb->letter == 'X', b);
		break;
	case 'f':
	case 'e':
	case 'g':
		buf_printf(b, verb->letter == 'f' ? "%.*f" : verb->letter == 'e' ? "%.*e" : "%.*g", verb->precision < 0 ? 6 : verb->precision,
			json_number_value(v));
		break;
	case 'T':
		buf_add_str(b, template_type(v));
		break;
	default:
		if (verb->plus && json_is_integer(v) && json_integer_value(v) >= 0)
			buf_add_char(b, '+');
		template_put(v, b);
		if (verb->letter == 's' && verb->precision >= 0 && b->n > before)
			b->n = before + characters_size(b->p + before, b->n - before, (size_t)verb->precision);
	}
}

static bool verb_fits(const struct verb *verb, const json_t *v)
{
	switch (verb->letter) {
	case 'd':
	case 'c':
	case 'o':
	case 'b':
		return verb->letter == 'd' && json_is_integer(v);
	case 't':
		return json_is_boolean(v);
	case 'f':
	case 'e':
	case 'g':
		return json_is_real(v);
	case 'x':
	case 'X':
		return json_is_integer(v) || json_is_string(v);
	default:
		return verb->letter && strchr("svqT", verb->letter);
	}
}

/* As fmt says what does not fit: %!d(string=x). */
static void put_misfit(const struct verb *verb, const json_t *v, struct buf *b)
{
	buf_printf(b, "%%!%c(%s=", verb->letter ? verb->letter : '!', template_type(v));
	template_put(v, b);
	buf_add_char(b, ')');
}

static void put_padded(const struct verb *verb, const json_t *v, struct buf *out)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	size_t n = 0;

	if (verb_fits(verb, v))
		put_verb(verb, v, &b);
	else
		put_misfit(verb, v, &b);
	for (size_t i = 0; i < b.n; i++)
		n += ((unsigned char)b.p[i] & 0xc0) != 0x80;
	for (size_t i = n; !verb->left && i < (size_t)verb->width; i++)
		buf_add_char(out, verb->zero && json_is_number(v) ? '0' : ' ');
	buf_add(out, buf_text(&b), b.n);
	for (size_t i = n; verb->left && i < (size_t)verb->width; i++)
		buf_add_char(out, ' ');
}

void template_printf(const char *format, json_t *const *v, size_t n, struct buf *out)
{
	const char *at = format;
	struct verb verb;
	size_t used = 0;

	while (*at) {
		size_t text = strcspn(at, "%");

		buf_add(out, at, text);
		at += text;
		if (!*at)
			break;
		at = verb_read(at + 1, &verb);
		if (verb.letter == '%')
			buf_add_char(out, '%');
		else if (used == n)
			buf_printf(out, "%%!%c(MISSING)", verb.letter ? verb.letter : '!');
		else
			put_padded(&verb, v[used++], out);
	}
	if (used < n)
		buf_add_str(out, "%!(EXTRA)");
}
