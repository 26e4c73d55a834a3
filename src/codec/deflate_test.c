/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/deflate.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/test.h"

/* Compresses @n bytes in blocks of @block; returns the stream, owned. */
static unsigned char *stream_make(enum inflate_kind kind, int level, const unsigned char *in, size_t n, size_t block, size_t *ret_n)
{
	size_t blocks = n / block + 1, used = 0, made;
	unsigned char *out = alloc_or_die(2 * DEFLATE_ENDS + blocks * deflate_bound(kind, block));

	made = deflate_head(kind, out);
	for (size_t i = 0; i < blocks; i++) {
		/* Every block by somebody else, as threads do it. */
		scoped_deflate struct deflate *d = deflate_new(kind, level);
		size_t most = n - used < block ? n - used : block;

		made += deflate_block(d, in + used, most, i + 1 == blocks, out + made);
		used += most;
	}
	made += deflate_tail(kind, deflate_crc(0, in, n), n, out + made);
	*ret_n = made;
	return out;
}

static void stream_check(enum inflate_kind kind, int level, const unsigned char *in, size_t n, size_t block)
{
	scoped_inflate struct inflate *f = inflate_new(kind);
	scoped_free unsigned char *back = alloc_or_die(n + 1);
	scoped_free unsigned char *stream = NULL;
	struct stream_io io = { .out = back, .n_out = n + 1 };

	stream = stream_make(kind, level, in, n, block, &io.n_in);
	io.in = stream;
	if (kind != INFLATE_NONE)
		assert_int_equal(inflate_detect((struct str){ (const char *)stream, io.n_in }), kind);
	while (io.n_in > 0)
		assert_int_equal(inflate_step(f, &io), 0);
	assert_int_equal(inflate_end(f), 0);
	assert_int_equal(n + 1 - io.n_out, n);
	assert_memory_equal(back, in, n);
}

TEST(blocks_in_a_row_are_one_stream)
{
	static const size_t sizes[] = { 0, 1, 1000, 65536, 300001 }, blocks[] = { 4096, 65537, DEFLATE_BLOCK };
	scoped_free unsigned char *in = alloc_or_die(300001);

	/* Text, then noise: what does not compress must fit as well. */
	for (size_t i = 0, x = 1; i < 300001; i++, x = x * 1103515245 + 12345)
		in[i] = i < 100000 ? (unsigned char)"tare "[i % 5] : (unsigned char)(x >> 16);
	for (int kind = 0; kind < INFLATE_KIND_COUNT; kind++)
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
			for (size_t k = 0; k < ARRAY_LEN(blocks); k++)
				stream_check((enum inflate_kind)kind, 0, in, sizes[i], blocks[k]);
}

TEST(every_level_gives_the_bytes_back_and_higher_ones_no_more_of_them)
{
	static const char *const words[] = { "the ", "weight ", "of ", "an ", "empty ", "container ", "rounds ", "to zero\n" };
	static const int highest[INFLATE_KIND_COUNT] = { [INFLATE_GZIP] = 9, [INFLATE_ZSTD] = 20 };
	enum { N = 300001 };
	scoped_free unsigned char *in = alloc_or_die(N);

	/* Words that come again, but not where one expects them. */
	for (size_t i = 0, x = 1; i < N; x = x * 1103515245 + 12345)
		for (const char *p = words[x >> 16 & 7]; *p && i < N; p++)
			in[i++] = (unsigned char)*p;
	for (int kind = 0; kind < INFLATE_KIND_COUNT; kind++) {
		size_t quick = 0, small = 0;

		for (int level = 1; level <= highest[kind]; level++) {
			stream_check((enum inflate_kind)kind, level, in, N, DEFLATE_BLOCK);
			free(stream_make((enum inflate_kind)kind, level, in, N, DEFLATE_BLOCK, &small));
			quick = level == 1 ? small : quick;
		}
		assert_true(small <= quick);
	}
}
