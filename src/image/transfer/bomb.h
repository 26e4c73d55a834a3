/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * bomb: what unfolds to far too much. A bomb is recognised by what it makes of little: gzip cannot pass 1032:1, and nothing real comes near that over a
 * gigabyte.
 */
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"

/* @made bytes have come of @read ones so far. */
static inline int bomb_check(uint64_t read, uint64_t made, struct err *e)
{
	if (made <= LIMIT_BOMB_FREE || made / LIMIT_BOMB_RATIO <= read)
		return 0;
	return err_set(e, ERR_EXHAUSTED, "%llu bytes unfold to more than %llu: not an image but a bomb", (unsigned long long)read, (unsigned long long)made);
}
