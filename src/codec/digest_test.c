/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/digest.h"

#include <errno.h>

#include "base/test.h"

#define EMPTY256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ABC256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC512                                                                 \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"     \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

TEST(digest_grammar_takes_only_exact_lower_case_hex)
{
	static const struct {
		const char *text;
		int r;
	} rows[] = {
		{ "sha256:" EMPTY256, 0 },
		{ "sha512:" ABC512, 0 },
		{ "sha256:" ABC512, -EINVAL },
		{ "sha512:" EMPTY256, -EINVAL },
		{ "sha256:" EMPTY256 "0", -EINVAL },
		{ "sha256:E3B0C44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", -EINVAL },
		{ "sha256:../../../../../../../../../../../../../../../../../../../../etc/x", -EINVAL },
		{ "sha256:", -EINVAL },
		{ EMPTY256, -EINVAL },
		{ "", -EINVAL },
		{ NULL, -EINVAL },
		{ "md5:d41d8cd98f00b204e9800998ecf8427e", -EOPNOTSUPP },
		{ "SHA256:" EMPTY256, -EOPNOTSUPP },
		{ " sha256:" EMPTY256, -EOPNOTSUPP },
		{ "sha256:" EMPTY256 "\n", -EINVAL },
	};
	struct digest d;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(digest_parse(rows[i].text, &d), rows[i].r);
}

TEST(digest_of_known_texts)
{
	char text[DIGEST_TEXT_SIZE];
	struct digest d, again;

	digest_of(DIGEST_SHA256, "abc", 3, &d);
	digest_print(&d, text);
	assert_string_equal(text, "sha256:" ABC256);
	assert_string_equal(digest_hex(text), ABC256);
	assert_int_equal(digest_parse(text, &again), 0);
	assert_true(digest_eq(&d, &again));
	digest_of(DIGEST_SHA512, "abc", 3, &d);
	digest_print(&d, text);
	assert_string_equal(text, "sha512:" ABC512);
	assert_false(digest_eq(&d, &again));
}

TEST(hash_streams_like_one_block)
{
	struct digest whole, parts;
	struct hash h;

	digest_of(DIGEST_SHA256, "hello, world", 12, &whole);
	hash_init(&h, DIGEST_SHA256);
	hash_add(&h, "hello", 5);
	hash_add(&h, "", 0);
	hash_add(&h, ", world", 7);
	hash_finish(&h, &parts);
	assert_true(digest_eq(&whole, &parts));
}

TEST(digest_begins_with_or_without_its_algorithm)
{
	assert_true(digest_begins("sha256:" EMPTY256, "sha256:e3b0c4"));
	assert_true(digest_begins("sha256:" EMPTY256, "e3b0"));
	assert_false(digest_begins("sha256:" EMPTY256, "sha512:e3b0"));
	assert_false(digest_begins("sha256:" EMPTY256, "sha"));
	assert_false(digest_begins("sha256:" EMPTY256, "b0c4"));
}
