/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * text: small pure conversions between bytes and what people and protocols write: hex, UTF-8, RFC 3339 times, human sizes and ages.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/str.h"

/* Lower-case hex of @n bytes into @ret, which holds 2 * n + 1. */
void text_hex(const void *bytes, size_t n, char *ret);

/* True if @s is exactly @n lower-case hex digits. */
bool text_is_hex(struct str s, size_t n);

/* True if the bytes are well-formed UTF-8 (no surrogates, no overlong forms). */
bool text_is_utf8(struct str s);

/*
 * Makes of a text from outside one that does nothing to a terminal but stand there: blanks for tabs and line ends, '?' for each byte of other control
 * characters (also the 8-bit ones, U+0080 to U+009F) and of what is not UTF-8. Returns @s.
 */
char *text_calm(char *s);

/* True if text_calm() would change nothing. */
bool text_is_calm(const char *s);

/* Appends @s as a value in the query of a URL: letters, digits and -_.~ as they are, '+' for a blank, %XX for the rest. */
struct buf;
void text_url(const char *s, struct buf *out);

enum { TEXT_TIME_SIZE = 40, TEXT_SIZE_SIZE = 16, TEXT_AGE_SIZE = 32 };

/* RFC 3339 in UTC with nanoseconds, as Go prints it: "2026-01-02T03:04:05.123456789Z". */
void text_time(struct timespec t, char ret[TEXT_TIME_SIZE]);

/* Parses RFC 3339 with any fraction and offset. Errors: -EINVAL. */
int text_time_parse(const char *s, struct timespec *ret);

/* Decimal size with three significant digits, as Docker prints it: "77.8MB". */
void text_size(uint64_t bytes, char ret[TEXT_SIZE_SIZE]);

/* The same with up to four digits, where docker does so: "1.984MB". */
void text_size_long(uint64_t bytes, char ret[TEXT_SIZE_SIZE]);

/* Age in Docker's words: "About a minute", "5 hours", "2 weeks". */
void text_age(int64_t seconds, char ret[TEXT_AGE_SIZE]);
