/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * crew: one kind of work on several processors at once, for lists that are long enough to pay for a thread (some 50 µs).
 *
 * What the workers share they must only read; each has an arena of its own, which arena_take() can hand to the caller's afterwards.
 */
#include <stddef.h>

enum { CREW_MAX = 8 };

/* As many as there are processors for us, but so that each has at least @each of @jobs; 1 … CREW_MAX. */
unsigned crew_size(size_t jobs, size_t each);

/* Calls @work with 0 … @n - 1, each in a thread of its own, one of them in the caller's; returns when all have ended. Where no thread can be had, here. */
void crew_run(unsigned n, void (*work)(void *arg, unsigned index), void *arg);
