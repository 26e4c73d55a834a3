/* SPDX-License-Identifier: Apache-2.0 */
#include "base/checksum.h"

#include <string.h>

#define PRIME ((UINT64_C(1) << 61) - 1)
#define BASE UINT64_C(0x0F1E2D3C4B5A6978)

__extension__ typedef unsigned __int128 wide;

static uint64_t reduce(uint64_t x)
{
	x = (x & PRIME) + (x >> 61);
	return x >= PRIME ? x - PRIME : x;
}

static uint64_t multiply(uint64_t a, uint64_t b)
{
	wide x = (wide)a * b;

	return reduce((uint64_t)(x & PRIME) + (uint64_t)(x >> 61));
}

static uint64_t power(uint64_t n)
{
	uint64_t result = 1;

	for (uint64_t square = BASE; n; n >>= 1, square = multiply(square, square))
		if (n & 1)
			result = multiply(result, square);
	return result;
}

void checksum_init(struct checksum *c)
{
	*c = (struct checksum){ .n = 0 };
}

static void block_add(struct checksum *c, const unsigned char *p)
{
	for (size_t i = 0; i < CHECKSUM_LANES; i++) {
		uint64_t word;

		memcpy(&word, p + 8 * i, 8);
		c->lanes[i] = reduce(multiply(c->lanes[i], BASE) + reduce(word));
	}
}

void checksum_add(struct checksum *c, const void *data, size_t n)
{
	const unsigned char *p = data;

	if (n == 0)
		return;
	c->total += n;
	if (c->n > 0) {
		size_t take = CHECKSUM_BLOCK - c->n < n ? CHECKSUM_BLOCK - c->n : n;

		memcpy(c->block + c->n, p, take);
		c->n += take;
		p += take;
		n -= take;
		if (c->n < CHECKSUM_BLOCK)
			return;
		block_add(c, c->block);
		c->n = 0;
	}
	for (; n >= CHECKSUM_BLOCK; n -= CHECKSUM_BLOCK, p += CHECKSUM_BLOCK)
		block_add(c, p);
	memcpy(c->block, p, n);
	c->n = n;
}

void checksum_add_zeros(struct checksum *c, uint64_t n)
{
	static const unsigned char zeros[CHECKSUM_BLOCK];
	size_t first = c->n ? CHECKSUM_BLOCK - c->n : 0;
	uint64_t factor;

	if (n < first + CHECKSUM_BLOCK) {
		checksum_add(c, zeros, n < CHECKSUM_BLOCK ? (size_t)n : CHECKSUM_BLOCK);
		if (n > CHECKSUM_BLOCK)
			checksum_add(c, zeros, (size_t)n - CHECKSUM_BLOCK);
		return;
	}
	checksum_add(c, zeros, first);
	n -= first;
	factor = power(n / CHECKSUM_BLOCK);
	for (size_t i = 0; i < CHECKSUM_LANES; i++)
		c->lanes[i] = multiply(c->lanes[i], factor);
	c->total += n / CHECKSUM_BLOCK * CHECKSUM_BLOCK;
	checksum_add(c, zeros, n % CHECKSUM_BLOCK);
}

uint64_t checksum_finish(struct checksum *c)
{
	uint64_t sum = reduce(c->total + 1), total = c->total;

	if (c->n > 0) {
		memset(c->block + c->n, 0, CHECKSUM_BLOCK - c->n);
		block_add(c, c->block);
	}
	for (size_t i = 0; i < CHECKSUM_LANES; i++)
		sum = reduce(multiply(sum, BASE + i + 1) + c->lanes[i]);
	return sum ^ total << 61;
}
