/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * checksum: 64 bits that tell whether bytes changed by accident, at memory speed. No protection against whoever changes them on purpose.
 *
 * Four polynomials over the integers modulo 2^61 - 1, each over every fourth word, joined at the end: a change within one word of 8 bytes is always noticed,
 * any other with a chance of a few in 2^61. Zeros are added in no time however many they are, so holes of sparse files cost nothing.
 */
#include <stddef.h>
#include <stdint.h>

enum { CHECKSUM_LANES = 4, CHECKSUM_BLOCK = 8 * CHECKSUM_LANES };

struct checksum {
	uint64_t lanes[CHECKSUM_LANES], total;
	unsigned char block[CHECKSUM_BLOCK];
	size_t n;                    /* bytes in block */
};

void checksum_init(struct checksum *c);
void checksum_add(struct checksum *c, const void *p, size_t n);
void checksum_add_zeros(struct checksum *c, uint64_t n);
uint64_t checksum_finish(struct checksum *c);
