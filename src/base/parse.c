/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/scope.h"
#include "base/str.h"

/* Reads decimal digits from *s on and moves *s past them. Errors: -EINVAL without a digit, -ERANGE on overflow. */
static int digits(const char **s, uint64_t *ret)
{
	const char *p = *s;
	uint64_t v = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -ERANGE;
	*s = p;
	*ret = v;
	return 0;
}

int parse_u64(const char *s, uint64_t *ret)
{
	uint64_t v;
	int r = digits(&s, &v);

	if (r < 0)
		return r;
	if (*s)
		return -EINVAL;
	*ret = v;
	return 0;
}

int parse_i64(const char *s, int64_t *ret)
{
	bool negative = *s == '-';
	uint64_t v;
	int r = parse_u64(s + negative, &v);

	if (r < 0)
		return r;
	if (v > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*ret = negative ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

int parse_u32(const char *s, uint32_t *ret)
{
	uint64_t v;
	int r = parse_u64(s, &v);

	if (r < 0)
		return r;
	if (v > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)v;
	return 0;
}

int parse_i32(const char *s, int32_t *ret)
{
	int64_t v;
	int r = parse_i64(s, &v);

	if (r < 0)
		return r;
	if (v < INT32_MIN || v > INT32_MAX)
		return -ERANGE;
	*ret = (int32_t)v;
	return 0;
}

int parse_id(const char *s, uint32_t *ret)
{
	uint32_t v;
	int r = parse_u32(s, &v);

	if (r < 0)
		return r;
	if (v == UINT32_MAX)
		return -ERANGE;
	*ret = v;
	return 0;
}

int parse_bool(const char *s, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "true", true }, { "1", true }, { "yes", true }, { "on", true }, { "t", true },
		{ "false", false }, { "0", false }, { "no", false }, { "off", false }, { "f", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcasecmp(s, words[i].word) == 0) {
			*ret = words[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

int parse_mode(const char *s, uint32_t *ret)
{
	uint32_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '7')
			return -EINVAL;
		v = v * 8 + (uint32_t)(*s - '0');
		if (v > 07777)
			return -ERANGE;
	}
	*ret = v;
	return 0;
}

/* Reads "digits[.digits]" scaled by @unit (a power of 1024, 10 or 60) without floating point; moves *s past it. */
static int fraction(const char **s, uint64_t unit, uint64_t *ret)
{
	uint64_t whole, part = 0, scale = 1;
	int r = digits(s, &whole);

	if (r < 0)
		return r;
	if (**s == '.') {
		const char *p = *s + 1;

		if (*p < '0' || *p > '9')
			return -EINVAL;
		for (; *p >= '0' && *p <= '9'; p++) {
			if (scale >= 1000000000u)
				continue; /* more digits than any unit resolves */
			part = part * 10 + (uint64_t)(*p - '0');
			scale *= 10;
		}
		*s = p;
	}
	if (__builtin_mul_overflow(whole, unit, &whole))
		return -ERANGE;
	part = (uint64_t)((unsigned __int128)part * unit / scale);
	return __builtin_add_overflow(whole, part, ret) ? -ERANGE : 0;
}

int parse_size(const char *s, int64_t *ret)
{
	static const struct {
		const char *suffix;
		unsigned shift;
	} units[] = {
		{ "", 0 },    { "b", 0 },   { "k", 10 },  { "kb", 10 },  { "kib", 10 }, { "m", 20 },  { "mb", 20 },  { "mib", 20 },
		{ "g", 30 },  { "gb", 30 }, { "gib", 30 }, { "t", 40 },  { "tb", 40 },  { "tib", 40 }, { "p", 50 },  { "pb", 50 },
		{ "pib", 50 },
	};
	const char *p = s + strspn(s, "0123456789.");

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		uint64_t v;
		int r;

		if (strcasecmp(p, units[i].suffix) != 0)
			continue;
		r = fraction(&s, UINT64_C(1) << units[i].shift, &v);
		if (r < 0)
			return r;
		if (s != p)
			return -EINVAL;
		if (v > INT64_MAX)
			return -ERANGE;
		*ret = (int64_t)v;
		return 0;
	}
	return -EINVAL;
}

int parse_duration(const char *s, int64_t *ret_ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {
		{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, { "m", 60000000000 }, { "h", 3600000000000 },
	};
	uint64_t total = 0, v;

	if (parse_u64(s, &v) == 0) {
		if (v > INT64_MAX / 1000000000)
			return -ERANGE;
		*ret_ns = (int64_t)v * 1000000000;
		return 0;
	}
	if (!*s)
		return -EINVAL;
	while (*s) {
		size_t n_num = strspn(s, "0123456789."), n_unit = strcspn(s + n_num, "0123456789."), i;
		int r;

		for (i = 0; i < ARRAY_LEN(units); i++)
			if (strlen(units[i].unit) == n_unit && strncmp(units[i].unit, s + n_num, n_unit) == 0)
				break;
		if (i == ARRAY_LEN(units))
			return -EINVAL;
		r = fraction(&s, units[i].ns, &v);
		if (r < 0)
			return r;
		if (__builtin_add_overflow(total, v, &total) || total > INT64_MAX)
			return -ERANGE;
		s += n_unit;
	}
	*ret_ns = (int64_t)total;
	return 0;
}

int parse_nano(const char *s, int64_t *ret)
{
	uint64_t v;
	int r = fraction(&s, 1000000000, &v);

	if (r < 0)
		return r;
	if (*s)
		return -EINVAL;
	if (v > INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)v;
	return 0;
}

int parse_port_range(const char *s, uint16_t *ret_first, uint16_t *ret_last)
{
	uint64_t first, last;
	int r = digits(&s, &first);

	if (r < 0)
		return r;
	last = first;
	if (*s == '-') {
		s++;
		r = digits(&s, &last);
		if (r < 0)
			return r;
	}
	if (*s)
		return -EINVAL;
	if (first < 1 || last > UINT16_MAX || first > last)
		return -ERANGE;
	*ret_first = (uint16_t)first;
	*ret_last = (uint16_t)last;
	return 0;
}
