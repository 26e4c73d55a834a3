/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pattern.h"

#include <errno.h>
#include <regex.h>

#include "base/scope.h"
#include "base/test.h"

/* What libc says to the same question: 1 fits, 0 does not, -1 no pattern. */
static int libc_says(const char *pattern, const char *text)
{
	regex_t re;
	int r;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return -1;
	r = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return r;
}

static int we_say(const char *pattern, const char *text)
{
	scoped_arena struct arena a = { 0 };
	struct pattern p;

	return pattern_parse(pattern, &a, &p) < 0 ? -1 : pattern_fits(&p, text);
}

TEST(patterns_mean_what_libc_takes_them_for)
{
	static const char *const patterns[] = {
		"web", "^web", "db$", "^web-[0-9]+$", "a*", "^a*$", "^(web|db)-", "^(a|b|cd)*$", "^[^0-9]*$", "w.b", "^(ab?c){2,3}$", "x{0}", "^a{2,}$",
		"[[:digit:]]{2}", "^[]a]+$", "^[a-]+$", "a\\.b", "^(a*)*$", "^((a|b)+-?){2}$", "(^a|b$)", "", "a|", "^$", "[[:upper:]_-]", "^a?a?a?aaa$",
		"(", "[a", "a{1", "a{3,2}", "[z-a]", "*a", "[[:nope:]]", "\\",
	};
	static const char *const texts[] = { "", "a", "aaa", "web", "web-12", "webdb", "db", "ab-ba", "abcac", "abcabcac", "]a", "a-", "a.b", "axb", "A_",
		"cd", "b", "wab" };

	for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
		for (size_t k = 0; k < ARRAY_LEN(texts); k++)
			if (we_say(patterns[i], texts[k]) != libc_says(patterns[i], texts[k]))
				fail_msg("'%s' on '%s': %d, libc says %d", patterns[i], texts[k], we_say(patterns[i], texts[k]),
					libc_says(patterns[i], texts[k]));
}

/* Every short pattern over a few letters that mean something. */
TEST(short_patterns_mean_what_libc_takes_them_for)
{
	static const char letters[] = "ab|*()^$.";
	static const char *const texts[] = { "", "a", "b", "ab", "ba", "aab" };
	enum { N = sizeof letters - 1, LENGTH = 4 };
	char pattern[LENGTH + 1] = "";

	for (unsigned number = 0; number < N * N * N * N; number++) {
		for (unsigned i = 0, rest = number; i < LENGTH; i++, rest /= N)
			pattern[i] = letters[rest % N];
		for (size_t k = 0; k < ARRAY_LEN(texts); k++) {
			int ours = we_say(pattern, texts[k]), theirs = libc_says(pattern, texts[k]);

			/* glibc repeats nothing, and takes a ')' alone for a letter: what POSIX leaves open we refuse. */
			if (ours != theirs && ours != -1)
				fail_msg("'%s' on '%s': %d, libc says %d", pattern, texts[k], ours, theirs);
		}
	}
}

TEST(patterns_that_would_grow_without_end_are_refused)
{
	scoped_arena struct arena a = { 0 };
	struct pattern p;

	assert_int_equal(pattern_parse("(a{200}){200}", &a, &p), -E2BIG);
	assert_int_equal(pattern_parse("((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))", &a, &p), -E2BIG);
	assert_int_equal(we_say("^(a?){30}a{30}$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), 1);
}
