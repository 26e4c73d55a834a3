/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * alloc: memory, or the end of the program with one line.
 *
 * Running out of memory for bounded requests is not a condition any caller could do better with, so nobody tests for it. Requests whose
 * size is decided outside go through a capped reader first.
 */
#include <stdio.h>
#include <stdlib.h>

static inline _Noreturn void alloc_die(size_t size)
{
	fprintf(stderr, "tare: out of memory (%zu bytes)\n", size);
	abort();
}

static inline void *alloc_or_die(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		alloc_die(size);
	return p;
}

static inline void *realloc_or_die(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p)
		alloc_die(size);
	return p;
}
