/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debian compiles its static libraries against glibc with fortification, so they ask for checked functions by names that musl does not have. Here
 * they are: the check (does the destination hold what may be written?), then the plain function. Linked only into programs built with musl.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int __vsnprintf_chk(char *p, size_t n, int flag, size_t size, const char *format, va_list args);
int __snprintf_chk(char *p, size_t n, int flag, size_t size, const char *format, ...);
int __fprintf_chk(FILE *f, int flag, const char *format, ...);
char *__strncpy_chk(char *to, const char *from, size_t n, size_t size);

static void check(size_t n, size_t size)
{
	if (n > size)
		abort();
}

int __vsnprintf_chk(char *p, size_t n, int flag, size_t size, const char *format, va_list args)
{
	(void)flag;
	check(n, size);
	return vsnprintf(p, n, format, args);
}

int __snprintf_chk(char *p, size_t n, int flag, size_t size, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = __vsnprintf_chk(p, n, flag, size, format, args);
	va_end(args);
	return r;
}

int __fprintf_chk(FILE *f, int flag, const char *format, ...)
{
	va_list args;
	int r;

	(void)flag;
	va_start(args, format);
	r = vfprintf(f, format, args);
	va_end(args);
	return r;
}

char *__strncpy_chk(char *to, const char *from, size_t n, size_t size)
{
	size_t length = strnlen(from, n);

	check(n, size);
	memcpy(to, from, length);
	memset(to + length, 0, n - length);
	return to;
}
