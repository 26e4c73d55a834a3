/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * ranges: system calls that are allowed whatever their arguments, as a search tree over the ranges of their numbers.
 *
 * A profile allows most of what there is, so some 350 calls of an architecture are some 40 ranges. libseccomp compares with every single number: a program
 * four times as long, which the kernel checks, translates and compiles at every container start and every exec (0.4 ms against 0.1). The tree stands in
 * front of libseccomp's program and answers what it holds; everything else goes on behind it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "runtime/seccomp/exact.h"

/* Numbers of system calls, in any order. */
struct call_numbers {
	uint32_t *v;
	size_t n, cap;
};

/* Sorts @numbers. False if they make more ranges than the jumps of one tree reach across. */
bool ranges_fit(struct call_numbers *numbers);

/*
 * Appends: allows the calls of @numbers, which ranges_fit(), where @audit_arch is the caller's architecture; else goes on behind it with the accumulator
 * lost. Nothing for no numbers.
 */
void ranges_emit(struct arena *a, struct filter_code *p, uint32_t audit_arch, const struct call_numbers *numbers);
