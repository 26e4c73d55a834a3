/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/headers.h"

#include <limits.h>

#include "base/test.h"
#include "image/transfer/registry.h"

TEST(link_header_leads_to_the_next_page)
{
	static const struct {
		const char *value, *next; /* NULL: none */
	} rows[] = {
		{ "</v2/_catalog?n=2&last=b>; rel=\"next\"", "/v2/_catalog?n=2&last=b" },
		{ "<https://r.test/v2/a/tags/list?last=x>;rel=next", "https://r.test/v2/a/tags/list?last=x" },
		{ "</first>; rel=\"first\", </second>; rel=\"next\"", "/second" },
		{ "</a,b>; title=\"one, two; rel=next\"; rel=\"prev\" , </c>; REL=\"last NEXT\"", "/c" },
		{ "</a>; rel=\"prefetch\"; title=\"next\"", NULL },
		{ "</a>; rel=prev; rel=next", NULL },
		{ "</a>", NULL },
		{ "</a>; rel=nextpage", NULL },
		{ "</a; rel=next", NULL },
		{ "/a; rel=next", NULL },
		{ "</a>; rel=\"next", NULL },
		{ "</a> rel=next", NULL },
		{ ",, </a>; rel=next", "/a" },
		{ "<>; rel=next", "" },
		{ "", NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena struct arena a = { 0 };
		const char *next = header_link_next(rows[i].value, &a);

		if (!streq(next, rows[i].next))
			fail_msg("'%s': got '%s', expected '%s'", rows[i].value, next ? next : "none", rows[i].next ? rows[i].next : "none");
	}
}

TEST(warnings_for_people_are_taken_and_those_of_caches_left)
{
	static const struct {
		const char *value, *first, *second;
	} rows[] = {
		{ "299 - \"pull limit is near\"", "pull limit is near", NULL },
		{ "299 r.test \"say \\\"no\\\"\" \"Wed, 25 Nov 2026 00:00:00 GMT\"", "say \"no\"", NULL },
		{ "299 - \"one\", 299 - \"two\"", "one", "two" },
		{ "110 cache \"stale\", 299 - \"two\"", "two", NULL },
		{ "299 - \"one\" \"date\" , 199 - \"x\", 299 - \"two\"", "one", "two" },
		{ "299 \"without an agent\"", "without an agent", NULL },
		{ "299 - \"not closed", NULL, NULL },
		{ "299 - bare", NULL, NULL },
		{ "2999 - \"x\"", NULL, NULL },
		{ "299", NULL, NULL },
		{ "", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena struct arena a = { 0 };
		struct strs got = { 0 };

		header_warnings(rows[i].value, 8, &a, &got);
		if (got.n != (size_t)(rows[i].first != NULL) + (rows[i].second != NULL) || (got.n > 0 && !streq(got.v[0], rows[i].first)) ||
			(got.n > 1 && !streq(got.v[1], rows[i].second)))
			fail_msg("'%s': %zu texts, the first '%s'", rows[i].value, got.n, got.n ? got.v[0] : "");
	}
}

TEST(warnings_are_not_more_than_asked_for)
{
	scoped_arena struct arena a = { 0 };
	struct strs got = { 0 };

	header_warnings("299 - \"1\", 299 - \"2\", 299 - \"3\"", 2, &a, &got);
	assert_int_equal(got.n, 2);
	header_warnings("299 - \"4\"", 2, &a, &got);
	assert_int_equal(got.n, 2);
}

TEST(range_of_an_upload_says_how_much_is_there)
{
	static const struct {
		const char *value;
		bool known;
		uint64_t n;
	} rows[] = {
		{ "0-1023", true, 1024 },
		{ "0-1", true, 2 },
		{ "0-0", false, 0 },
		{ "1-5", false, 0 },
		{ "0-", false, 0 },
		{ "0--1", false, 0 },
		{ "0-5 ", false, 0 },
		{ "0-18446744073709551614", true, UINT64_MAX },
		{ "0-18446744073709551615", false, 0 },
		{ "0-18446744073709551616", false, 0 },
		{ "", false, 0 },
		{ NULL, false, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t n = 0;
		bool known = header_range(rows[i].value, &n);

		if (known != rows[i].known || n != rows[i].n)
			fail_msg("'%s': %d %llu", rows[i].value ? rows[i].value : "none", known, (unsigned long long)n);
	}
}

TEST(pause_is_what_was_asked_for_or_longer_each_time)
{
	assert_int_equal(registry_pause_ms(0, 0), 200);
	assert_int_equal(registry_pause_ms(0, 3), 1600);
	assert_int_equal(registry_pause_ms(7, 3), 7000);
	assert_int_equal(registry_pause_ms(60, 0), 60000);
	assert_int_equal(registry_pause_ms(61, 0), -1);
	/* Retry-After may be a date that has passed, or any number. */
	assert_int_equal(registry_pause_ms(-5, 1), 400);
	assert_int_equal(registry_pause_ms(LONG_MIN, 0), 200);
	assert_int_equal(registry_pause_ms(LONG_MAX, 0), -1);
}
