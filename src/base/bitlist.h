/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * bitlist: lists of small numbers as people and the kernel write them ("0-3,7"), as a mask for system calls.
 *
 * Blanks around an element and empty elements are fine, as in runc; "" is the empty list.
 * Errors: -EINVAL for what is no list, -ERANGE for a number at or above LIMIT_BITLIST.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"

enum { BITLIST_WORD = 8 * sizeof(unsigned long) };

struct bitlist {
	unsigned long words[LIMIT_BITLIST / BITLIST_WORD];
	size_t n; /* one more than the highest number; 0: empty */
};

int bitlist_parse(const char *text, struct bitlist *ret);
bool bitlist_has(const struct bitlist *b, size_t bit);
