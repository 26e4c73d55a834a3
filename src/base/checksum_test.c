/* SPDX-License-Identifier: Apache-2.0 */
#include "base/checksum.h"

#include <string.h>

#include "base/test.h"

static uint64_t sum_of(const void *p, size_t n)
{
	struct checksum c;

	checksum_init(&c);
	checksum_add(&c, p, n);
	return checksum_finish(&c);
}

TEST(checksum_does_not_depend_on_the_pieces)
{
	unsigned char bytes[1000];
	uint64_t whole;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 13);
	whole = sum_of(bytes, sizeof bytes);
	for (size_t piece = 1; piece < 100; piece++) {
		struct checksum c;

		checksum_init(&c);
		for (size_t at = 0; at < sizeof bytes; at += piece)
			checksum_add(&c, bytes + at, sizeof bytes - at < piece ? sizeof bytes - at : piece);
		assert_true(checksum_finish(&c) == whole);
	}
}

TEST(checksum_notices_every_flipped_bit_and_every_length)
{
	unsigned char bytes[100] = { 1, 2, 3 };
	uint64_t whole = sum_of(bytes, sizeof bytes);

	for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
		bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_true(sum_of(bytes, sizeof bytes) != whole);
		bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	for (size_t n = 0; n < sizeof bytes; n++)
		assert_true(sum_of(bytes, n) != sum_of(bytes, n + 1));
}

TEST(checksum_of_zeros_is_the_same_however_they_come)
{
	unsigned char bytes[700] = { 0 };

	for (size_t before = 0; before < 40; before++) {
		for (size_t zeros = 0; zeros < 600; zeros += 1 + zeros / 5) {
			struct checksum c;

			memset(bytes, 0, sizeof bytes);
			memset(bytes, 'x', before);
			bytes[before + zeros] = 'y';
			checksum_init(&c);
			checksum_add(&c, bytes, before);
			checksum_add_zeros(&c, zeros);
			checksum_add(&c, "y", 1);
			assert_true(checksum_finish(&c) == sum_of(bytes, before + zeros + 1));
		}
	}
}
