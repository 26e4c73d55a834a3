/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/inflate.h"

#include <errno.h>

#include "base/test.h"

static const unsigned char hello_gz[] = { 0x1f, 0x8b, 0x8, 0, 0, 0, 0, 0, 0x2, 0x3, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xd7, 0x51, 0x28,
	0xcf, 0x2f, 0xca, 0x49, 0xe1, 0x2, 0, 0x53, 0x74, 0x24, 0xf4, 0xd, 0, 0, 0 };
static const unsigned char hello_zst[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x69, 0, 0, 'h', 'e', 'l', 'l', 'o', ',', ' ', 'w', 'o',
	'r', 'l', 'd', '\n', 0x4c, 0x1f, 0xf9, 0xf1 };

/* Runs @in through in pieces of @piece bytes with an output window of @window; the text made, or the negative error. */
static int inflate_all(enum inflate_kind kind, const unsigned char *in, size_t n, size_t piece, size_t window, char *ret)
{
	scoped_inflate struct inflate *f = inflate_new(kind);
	size_t made = 0, used = 0;

	while (used < n) {
		size_t most = n - used < piece ? n - used : piece;
		struct stream_io io = { .in = in + used, .n_in = most };
		size_t before;

		do {
			int r;

			before = made;
			io.out = (unsigned char *)ret + made;
			io.n_out = window;
			r = inflate_step(f, &io);
			if (r < 0)
				return r;
			made += window - io.n_out;
		} while (io.n_in > 0 || made - before == window);
		used += most;
	}
	ret[made] = 0;
	return inflate_end(f);
}

TEST(inflate_reads_every_split_of_input_and_room)
{
	unsigned char twice[2 * sizeof hello_gz];
	char text[128];

	memcpy(twice, hello_gz, sizeof hello_gz);
	memcpy(twice + sizeof hello_gz, hello_gz, sizeof hello_gz);
	for (size_t piece = 1; piece < 40; piece++) {
		for (size_t window = 1; window < 20; window++) {
			assert_int_equal(inflate_all(INFLATE_GZIP, hello_gz, sizeof hello_gz, piece, window, text), 0);
			assert_string_equal(text, "hello, world\n");
			assert_int_equal(inflate_all(INFLATE_GZIP, twice, sizeof twice, piece, window, text), 0);
			assert_string_equal(text, "hello, world\nhello, world\n");
			assert_int_equal(inflate_all(INFLATE_ZSTD, hello_zst, sizeof hello_zst, piece, window, text), 0);
			assert_string_equal(text, "hello, world\n");
			assert_int_equal(inflate_all(INFLATE_NONE, (const unsigned char *)"plain", 5, piece, window, text), 0);
			assert_string_equal(text, "plain");
		}
	}
}

TEST(inflate_refuses_cut_spoiled_and_followed_streams)
{
	unsigned char bad[sizeof hello_gz + 8];
	char text[128];

	for (size_t n = 1; n < sizeof hello_gz; n++)
		assert_int_equal(inflate_all(INFLATE_GZIP, hello_gz, n, 64, 64, text), -EBADMSG);
	for (size_t n = 1; n < sizeof hello_zst; n++)
		assert_int_equal(inflate_all(INFLATE_ZSTD, hello_zst, n, 64, 64, text), -EBADMSG);
	memset(bad, 'x', sizeof bad);
	memcpy(bad, hello_gz, sizeof hello_gz);
	assert_int_equal(inflate_all(INFLATE_GZIP, bad, sizeof bad, 64, 64, text), -EBADMSG);
	bad[sizeof hello_gz - 6] ^= 1; /* the checksum */
	assert_int_equal(inflate_all(INFLATE_GZIP, bad, sizeof hello_gz, 64, 64, text), -EBADMSG);
	assert_int_equal(inflate_all(INFLATE_GZIP, (const unsigned char *)"not gzip at all", 15, 64, 64, text), -EBADMSG);
}

TEST(inflate_detect_knows_its_formats)
{
	assert_int_equal(inflate_detect((struct str){ (const char *)hello_gz, 6 }), INFLATE_GZIP);
	assert_int_equal(inflate_detect((struct str){ (const char *)hello_zst, 6 }), INFLATE_ZSTD);
	assert_int_equal(inflate_detect(STR("\x50\x2a\x4d\x18")), INFLATE_ZSTD);
	assert_int_equal(inflate_detect(STR("BZh91A")), INFLATE_NONE);
	assert_int_equal(inflate_detect(STR("")), INFLATE_NONE);
}
