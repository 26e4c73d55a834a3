/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/stream.h"

#include "base/limits.h"
#include "base/test.h"
#include "image/transfer/bomb.h"
#include "os/test_dir.h"

#define TEXT "content of a file\n"

static const unsigned char gz[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x4b, 0xce, 0xcf, 0x2b, 0x49, 0xcd, 0x2b, 0x51, 0xc8, 0x4f, 0x53, 0x48, 0x54,
	0x48, 0xcb, 0xcc, 0x49, 0xe5, 0x02, 0x00, 0x8f, 0x81, 0x29, 0x22, 0x12, 0x00, 0x00, 0x00 };
static const unsigned char zst[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x91, 0x00, 0x00, 0x63, 0x6f, 0x6e, 0x74, 0x65, 0x6e, 0x74, 0x20, 0x6f, 0x66, 0x20, 0x61, 0x20, 0x66,
	0x69, 0x6c, 0x65, 0x0a, 0x2b, 0x59, 0xab, 0x0a };
static const unsigned char skippable_zst[] = { 0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'x', 'y', 0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x91, 0x00, 0x00, 0x63, 0x6f, 0x6e, 0x74, 0x65, 0x6e,
	0x74, 0x20, 0x6f, 0x66, 0x20, 0x61, 0x20, 0x66, 0x69, 0x6c, 0x65, 0x0a, 0x2b, 0x59, 0xab, 0x0a };
static const unsigned char xz[] = { 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01, 0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5,
	0xa3, 0x01, 0x00, 0x11, 0x63, 0x6f, 0x6e, 0x74, 0x65, 0x6e, 0x74, 0x20, 0x6f, 0x66, 0x20, 0x61, 0x20, 0x66, 0x69, 0x6c, 0x65, 0x0a, 0x00,
	0x00, 0x00, 0x77, 0x93, 0x5b, 0x27, 0x51, 0xfe, 0x35, 0xa7, 0x00, 0x01, 0x2a, 0x12, 0x4b, 0x08, 0x54, 0xbc, 0x1f, 0xb6, 0xf3, 0x7d, 0x01,
	0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a };
static const unsigned char bz2[] = { 0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0xa7, 0xeb, 0x76, 0xdf, 0x00, 0x00, 0x02, 0xd1, 0x80, 0x00, 0x10, 0x40, 0x00,
	0x2b, 0x25, 0x84, 0x00, 0x20, 0x00, 0x31, 0x00, 0xd3, 0x4d, 0x05, 0x19, 0xe9, 0x06, 0xa0, 0x86, 0x96, 0x4b, 0x2b, 0x70, 0x35, 0xf3, 0xe2,
	0xee, 0x48, 0xa7, 0x0a, 0x12, 0x14, 0xfd, 0x6e, 0xdb, 0xe0 };

struct copied {
	char text[100];
	size_t n;
};

static int on_piece(void *arg, const void *p, size_t n, struct err *e)
{
	struct copied *to = arg;

	assert_true(n < sizeof to->text - to->n);
	memcpy(to->text + to->n, p, n);
	to->n += n;
	return 0;
}

static int copy(const void *bytes, size_t n, enum stream_decompress what, struct copied *ret, struct err *e)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_fd int fd = -EBADF;

	*ret = (struct copied){ .n = 0 };
	assert_int_equal(file_create(dir.fd, "f", bytes, n, 0600), 0);
	fd = openat(dir.fd, "f", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return stream_copy(fd, what, on_piece, ret, e);
}

TEST(stream_is_unfolded_whatever_it_was_compressed_with)
{
	static const struct {
		const void *bytes;
		size_t n;
		bool rare; /* also where only the rare ones are unfolded */
	} rows[] = {
		{ TEXT, sizeof TEXT - 1, true },
		{ gz, sizeof gz, false },
		{ zst, sizeof zst, false },
		{ skippable_zst, sizeof skippable_zst, false },
		{ xz, sizeof xz, true },
		{ bz2, sizeof bz2, true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct copied got;
		struct err e = { 0 };

		if (copy(rows[i].bytes, rows[i].n, STREAM_ALL, &got, &e) < 0)
			fail_msg("row %zu: %s", i, e.msg);
		assert_string_equal(got.text, TEXT);
		assert_int_equal(copy(rows[i].bytes, rows[i].n, STREAM_RARE, &got, &e), 0);
		if (rows[i].rare) {
			assert_string_equal(got.text, TEXT);
		} else {
			assert_int_equal(got.n, rows[i].n);
			assert_memory_equal(got.text, rows[i].bytes, rows[i].n);
		}
	}
}

TEST(stream_that_is_cut_or_damaged_is_corrupt)
{
	static const struct {
		const unsigned char *bytes;
		size_t n;
	} rows[] = { { gz, sizeof gz }, { zst, sizeof zst }, { xz, sizeof xz }, { bz2, sizeof bz2 } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned char damaged[128];
		struct copied got;

		for (size_t n = 10; n < rows[i].n; n++) {
			struct err e = { 0 };

			if (copy(rows[i].bytes, n, STREAM_ALL, &got, &e) == 0)
				fail_msg("row %zu: %zu bytes are taken for all", i, n);
			assert_int_equal(e.kind, ERR_CORRUPT);
		}
		memcpy(damaged, rows[i].bytes, rows[i].n);
		damaged[rows[i].n / 2] ^= 1;
		assert_true(copy(damaged, rows[i].n, STREAM_ALL, &got, &(struct err){ 0 }) < 0);
	}
}

TEST(stream_of_nothing_is_nothing)
{
	struct copied got;
	struct err e = { 0 };

	assert_int_equal(copy("", 0, STREAM_ALL, &got, &e), 0);
	assert_int_equal(got.n, 0);
	assert_int_equal(copy("B", 1, STREAM_ALL, &got, &e), 0);
	assert_string_equal(got.text, "B");
	/* A name in a tar, not bzip2. */
	assert_int_equal(copy("BZh9 is a file", 14, STREAM_ALL, &got, &e), 0);
	assert_string_equal(got.text, "BZh9 is a file");
}

TEST(bomb_is_known_by_what_it_makes_of_little)
{
	static const struct {
		uint64_t read, made;
		bool bomb;
	} rows[] = {
		{ 1, LIMIT_BOMB_FREE, false },
		{ 1, LIMIT_BOMB_FREE + UINT64_C(1), true },
		{ LIMIT_BOMB_FREE / LIMIT_BOMB_RATIO + 1, LIMIT_BOMB_FREE + UINT64_C(1), false },
		{ UINT64_C(1) << 40, UINT64_C(1) << 48, false },
		{ UINT64_C(1) << 40, UINT64_C(1) << 49, true },
		{ UINT64_MAX, UINT64_MAX, false },
		{ 0, 0, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if ((bomb_check(rows[i].read, rows[i].made, &(struct err){ 0 }) < 0) != rows[i].bomb)
			fail_msg("row %zu", i);
}
