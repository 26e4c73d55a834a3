/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/layer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "os/test_dir.h"

/* A ustar archive of one file, made by hand. */
static size_t tar_make(unsigned char *out, const char *name, const char *content)
{
	char *h = (char *)out;
	size_t n = strlen(content);
	unsigned sum = 0;

	memset(out, 0, 4 * 512);
	snprintf(h, 100, "%s", name);
	snprintf(h + 100, 8, "%07o", 0644);
	snprintf(h + 108, 8, "%07o", (unsigned)geteuid());
	snprintf(h + 116, 8, "%07o", (unsigned)getegid());
	snprintf(h + 124, 12, "%011o", (unsigned)n);
	snprintf(h + 136, 12, "%011o", 1000000000u);
	memset(h + 148, ' ', 8);
	h[156] = '0';
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < 512; i++)
		sum += out[i];
	snprintf(h + 148, 8, "%06o", sum);
	memcpy(h + 512, content, n);
	return 4 * 512;
}

struct layer_case {
	const void *bytes;
	size_t n, piece;
	int64_t size;
	const struct digest *blob, *diff;
};

static int layer_try(const struct layer_case *c, int blob_fd, struct layer_result *result, struct err *e)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	scoped_layer struct layer *l = NULL;
	struct layer_job job = { .blob_fd = blob_fd, .dir_fd = dir.fd, .size = c->size, .blob = c->blob, .diff = c->diff };
	int r;

	umask(0);
	r = layer_new(&job, &l, e);
	for (size_t at = 0; r == 0 && at < c->n; at += c->piece)
		r = layer_feed(l, (const char *)c->bytes + at, c->n - at < c->piece ? c->n - at : c->piece, e);
	if (r == 0)
		r = layer_finish(l, &a, result, e);
	if (r == 0 && c->n >= 2048) {
		char *text;

		assert_int_equal(file_read(dir.fd, "dir/f", 100, &a, &text, NULL), 0);
		assert_string_equal(text, "content");
	}
	return r;
}

TEST(layer_is_unpacked_whatever_the_pieces)
{
	unsigned char tar[2048];
	struct layer_case c = { .bytes = tar, .n = tar_make(tar, "dir/f", "content"), .size = 2048 };
	struct layer_result result;
	struct digest d;
	struct err e = { 0 };

	digest_of(DIGEST_SHA256, tar, 2048, &d);
	c.blob = c.diff = &d;
	for (c.piece = 1; c.piece < 3000; c.piece = c.piece * 3 + 1) {
		assert_int_equal(layer_try(&c, -EBADF, &result, &e), 0);
		assert_int_equal(result.entries, 2);
		assert_int_equal(result.bytes, 7);
		assert_true(digest_eq(&result.diff, &d));
	}
}

TEST(layer_writes_the_blob_it_was_fed)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	unsigned char tar[2048];
	struct layer_case c = { .bytes = tar, .n = tar_make(tar, "dir/f", "content"), .size = -1, .piece = 700 };
	scoped_fd int fd = openat(dir.fd, "blob", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct layer_result result;
	struct err e = { 0 };
	char *text;
	size_t n;

	assert_int_equal(layer_try(&c, fd, &result, &e), 0);
	assert_int_equal(file_read(dir.fd, "blob", 4096, &a, &text, &n), 0);
	assert_int_equal(n, 2048);
	assert_memory_equal(text, tar, n);
}

TEST(layer_that_is_not_what_it_claims_is_corrupt)
{
	unsigned char tar[2048], gz[] = { 0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3 };
	size_t n = tar_make(tar, "dir/f", "content");
	struct digest right, wrong = { .kind = DIGEST_SHA256 };
	struct layer_result result;

	digest_of(DIGEST_SHA256, tar, 2048, &right);
	{
		const struct layer_case cases[] = {
			{ tar, n, 512, 2048, &wrong, &right }, /* blob digest */
			{ tar, n, 512, 2048, &right, &wrong }, /* diff id */
			{ tar, n, 512, 2047, NULL, NULL },     /* longer than said */
			{ tar, n, 512, 2049, NULL, NULL },     /* shorter than said */
			{ tar, 700, 512, -1, NULL, NULL },     /* tar cut short */
			{ gz, sizeof gz, 4, -1, NULL, NULL },  /* damaged gzip */
			{ gz, 8, 4, -1, NULL, NULL },          /* gzip cut short (CVE-2021-20291: it must end) */
			{ "garbage that is long enough to be looked at as a tar header, which it is not", 77, 9, -1, NULL, NULL },
		};

		for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
			struct err e = { 0 };

			if (layer_try(&cases[i], -EBADF, &result, &e) == 0)
				fail_msg("case %zu was taken", i);
			assert_int_equal(e.kind, ERR_CORRUPT);
		}
	}
}

TEST(layer_of_no_bytes_is_an_empty_layer)
{
	unsigned char zeros[1024] = { 0 };
	struct layer_case c = { .bytes = zeros, .n = 0, .piece = 1, .size = 0 };
	struct layer_result result;
	struct err e = { 0 };

	assert_int_equal(layer_try(&c, -EBADF, &result, &e), 0);
	c.n = c.size = 1024;
	assert_int_equal(layer_try(&c, -EBADF, &result, &e), 0);
	assert_int_equal(result.entries, 0);
}

TEST(layer_with_a_hostile_name_says_which)
{
	unsigned char tar[2048];
	struct layer_case c = { .bytes = tar, .n = tar_make(tar, "../../etc/evil", "content"), .size = -1, .piece = 4096 };
	struct layer_result result;
	struct err e = { 0 };

	assert_true(layer_try(&c, -EBADF, &result, &e) < 0);
	assert_non_null(strstr(e.msg, "../../etc/evil"));
}
