/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <errno.h>
#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(struct str in, struct arena *a)
{
	char *out = arena_alloc(a, (in.n + 2) / 3 * 4 + 1), *p = out;

	for (size_t i = 0; i < in.n; i += 3) {
		size_t left = in.n - i;
		uint32_t bits = (uint32_t)(uint8_t)in.p[i] << 16;

		if (left > 1)
			bits |= (uint32_t)(uint8_t)in.p[i + 1] << 8;
		if (left > 2)
			bits |= (uint8_t)in.p[i + 2];
		*p++ = digits[bits >> 18];
		*p++ = digits[bits >> 12 & 63];
		*p++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*p++ = left > 2 ? digits[bits & 63] : '=';
	}
	return out;
}

static int value_of(char c)
{
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* The number of digits before the padding, or -EINVAL if the padding is none. */
static ssize_t digits_count(struct str text)
{
	size_t n = text.n;

	while (n > 0 && text.p[n - 1] == '=')
		n--;
	if (n % 4 == 1 || text.n - n > 2 || (text.n != n && text.n % 4 != 0))
		return -EINVAL;
	return (ssize_t)n;
}

int base64_decode(struct str text, struct arena *a, struct str *ret)
{
	ssize_t n = digits_count(text);
	char *out, *p;
	uint32_t bits = 0;

	if (n < 0)
		return (int)n;
	out = p = arena_alloc(a, (size_t)n / 4 * 3 + 3);
	for (size_t i = 0; i < (size_t)n; i++) {
		int v = value_of(text.p[i]);

		if (v < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)v;
		if (i % 4 > 0)
			*p++ = (char)(bits >> (6 - 2 * (i % 4)) & 0xff);
	}
	*ret = (struct str){ out, (size_t)(p - out) };
	return 0;
}
