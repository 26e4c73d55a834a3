/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/scope.h"

void text_hex(const void *bytes, size_t n, char *ret)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *b = bytes;

	for (size_t i = 0; i < n; i++) {
		*ret++ = hex[b[i] >> 4];
		*ret++ = hex[b[i] & 15];
	}
	*ret = '\0';
}

bool text_is_hex(struct str s, size_t n)
{
	if (s.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return true;
}

/* Length of the well-formed sequence at @p (at most @n bytes), or 0. */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char lead_mask, lead, size;
		uint32_t min;
	} forms[] = { { 0x80, 0x00, 1, 0 }, { 0xe0, 0xc0, 2, 0x80 }, { 0xf0, 0xe0, 3, 0x800 }, { 0xf8, 0xf0, 4, 0x10000 } };

	for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
		uint32_t c;

		if ((p[0] & forms[f].lead_mask) != forms[f].lead)
			continue;
		if (forms[f].size > n)
			return 0;
		c = p[0] & (unsigned char)~forms[f].lead_mask;
		for (size_t i = 1; i < forms[f].size; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (p[i] & 0x3f);
		}
		return c < forms[f].min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : forms[f].size;
	}
	return 0;
}

bool text_is_utf8(struct str s)
{
	for (size_t i = 0; i < s.n;) {
		size_t n = utf8_sequence((const unsigned char *)s.p + i, s.n - i);

		if (!n)
			return false;
		i += n;
	}
	return true;
}

/* Length of the character at @p if it may be shown, else 0. */
static size_t calm_sequence(const char *p)
{
	const unsigned char *c = (const unsigned char *)p;
	size_t n;

	if (*c < 0x80)
		return *c >= 0x20 && *c != 0x7f;
	n = utf8_sequence(c, strnlen(p, 4));
	return c[0] == 0xc2 && c[1] < 0xa0 ? 0 : n;
}

bool text_is_calm(const char *s)
{
	for (size_t n; *s; s += n) {
		n = calm_sequence(s);
		if (!n)
			return false;
	}
	return true;
}

char *text_calm(char *s)
{
	for (char *p = s; *p;) {
		size_t n = calm_sequence(p);
		bool blank = strchr("\t\n\v\f\r", *p) != NULL;

		if (n) {
			p += n;
			continue;
		}
		/* Its second byte alone would be shown as what it is by nobody, or obeyed. */
		if (*(unsigned char *)p == 0xc2 && utf8_sequence((unsigned char *)p, strnlen(p, 4)))
			*p++ = '?';
		*p++ = blank ? ' ' : '?';
	}
	return s;
}

void text_time(struct timespec t, char ret[TEXT_TIME_SIZE])
{
	struct tm tm;
	size_t n;

	gmtime_r(&t.tv_sec, &tm);
	n = strftime(ret, TEXT_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret + n, TEXT_TIME_SIZE - n, ".%09ldZ", t.tv_nsec);
}

/* Takes @n digits, and one of the characters in @after if there are any. */
static bool digits_take(const char **s, int n, const char *after, int *ret)
{
	const char *p = *s;

	*ret = 0;
	for (; n > 0 && *p >= '0' && *p <= '9'; n--, p++)
		*ret = *ret * 10 + (*p - '0');
	if (n > 0 || (*after && (!*p || !strchr(after, *p))))
		return false;
	*s = *after ? p + 1 : p;
	return true;
}

/* By hand: a list of a thousand images has two thousand of them, and sscanf would be a tenth of the work. */
int text_time_parse(const char *s, struct timespec *ret)
{
	struct tm tm = { 0 };
	long nsec = 0, scale = 100000000;
	int off_h = 0, off_m = 0, sign = 1;

	if (!digits_take(&s, 4, "-", &tm.tm_year) || !digits_take(&s, 2, "-", &tm.tm_mon) || !digits_take(&s, 2, "Tt ", &tm.tm_mday) ||
		!digits_take(&s, 2, ":", &tm.tm_hour) || !digits_take(&s, 2, ":", &tm.tm_min) || !digits_take(&s, 2, "", &tm.tm_sec))
		return -EINVAL;
	if (*s == '.') {
		for (s++; *s >= '0' && *s <= '9'; s++, scale /= 10)
			nsec += (*s - '0') * scale;
	}
	if (*s == '+' || *s == '-') {
		sign = *s++ == '-' ? -1 : 1;
		if (!digits_take(&s, 2, ":", &off_h) || !digits_take(&s, 2, "", &off_m) || *s)
			return -EINVAL;
	} else if (!((*s == 'Z' || *s == 'z') && !s[1])) {
		return -EINVAL;
	}
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ret = (struct timespec){ .tv_sec = timegm(&tm) - sign * (off_h * 3600L + off_m * 60L), .tv_nsec = nsec };
	return 0;
}

static void size_print(uint64_t bytes, int digits, char ret[TEXT_SIZE_SIZE])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double v = (double)bytes;
	size_t u = 0;

	while (v >= 1000 && u + 1 < ARRAY_LEN(units)) {
		v /= 1000;
		u++;
	}
	snprintf(ret, TEXT_SIZE_SIZE, "%.*g%s", digits, v, units[u]);
}

void text_size(uint64_t bytes, char ret[TEXT_SIZE_SIZE])
{
	size_print(bytes, 3, ret);
}

void text_size_long(uint64_t bytes, char ret[TEXT_SIZE_SIZE])
{
	size_print(bytes, 4, ret);
}

void text_age(int64_t seconds, char ret[TEXT_AGE_SIZE])
{
	/* Up to @below seconds the age is counted in @unit; a row without unit is a phrase of its own. */
	static const struct {
		int64_t below, unit;
		const char *words;
	} rows[] = {
		{ 1, 0, "Less than a second" }, { 2, 0, "1 second" }, { 60, 1, "seconds" }, { 120, 0, "About a minute" },
		{ 3600, 60, "minutes" }, { 5400, 0, "About an hour" }, { 48 * 3600, 3600, "hours" },
		{ 14 * 86400, 86400, "days" }, { 60 * 86400, 7 * 86400, "weeks" }, { 730 * 86400, 30 * 86400, "months" },
		{ INT64_MAX, 365 * 86400, "years" },
	};
	size_t i = 0;

	while (seconds >= rows[i].below && i + 1 < ARRAY_LEN(rows))
		i++;
	if (!rows[i].unit)
		snprintf(ret, TEXT_AGE_SIZE, "%s", rows[i].words);
	else
		snprintf(ret, TEXT_AGE_SIZE, "%" PRId64 " %s", seconds / rows[i].unit, rows[i].words);
}

void text_url(const char *s, struct buf *out)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-_.~", c))
			buf_add_char(out, (char)c);
		else if (c == ' ')
			buf_add_char(out, '+');
		else
			buf_printf(out, "%%%02X", c);
	}
}
