/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/attach.h"

#include <errno.h>

#include "base/test.h"

static size_t filter(struct attach_keys *k, const char *in, char *out, bool *hit)
{
	size_t n = attach_keys_filter(k, (const unsigned char *)in, strlen(in), (unsigned char *)out, hit);

	out[n] = '\0';
	return n;
}

TEST(detach_keys_are_found_across_reads)
{
	struct attach_keys k;
	struct err e = { 0 };
	char out[64];
	bool hit = false;

	assert_int_equal(attach_keys_parse(NULL, &k, &e), 0);
	filter(&k, "ab\x10", out, &hit);
	assert_string_equal(out, "ab");
	assert_false(hit);
	filter(&k, "\x11zz", out, &hit);
	assert_true(hit);
}

TEST(a_beginning_of_the_detach_keys_that_leads_nowhere_is_passed_on)
{
	struct attach_keys k;
	struct err e = { 0 };
	char out[64];
	bool hit = false;

	assert_int_equal(attach_keys_parse("a,b", &k, &e), 0);
	filter(&k, "axaab", out, &hit);
	assert_string_equal(out, "axa");
	assert_true(hit);
}

TEST(empty_detach_keys_pass_everything)
{
	struct attach_keys k;
	struct err e = { 0 };
	char out[64];
	bool hit = false;

	assert_int_equal(attach_keys_parse("", &k, &e), 0);
	filter(&k, "\x10\x11", out, &hit);
	assert_string_equal(out, "\x10\x11");
	assert_false(hit);
}

TEST(detach_keys_that_are_none_are_refused)
{
	struct attach_keys k;
	struct err e = { 0 };

	assert_int_equal(attach_keys_parse("ctrl-", &k, &e), -EINVAL);
	assert_int_equal(attach_keys_parse("ctrl-p,,x", &k, &e), -EINVAL);
	assert_int_equal(attach_keys_parse("ctrl-1", &k, &e), -EINVAL);
}
