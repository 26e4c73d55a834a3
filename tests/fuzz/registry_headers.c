/* SPDX-License-Identifier: Apache-2.0 */
/* One header of a registry, read as each of those we know: Link, Warning, Range, WWW-Authenticate, Location. */
#include "fuzz.h"

#include <assert.h>
#include <string.h>

#include "image/transfer/auth.h"
#include "image/transfer/headers.h"
#include "image/transfer/http.h"

enum { WARNINGS_MAX = 4 };

static void link_try(const char *text, struct arena *a)
{
	const char *next = header_link_next(text, a), *url;

	if (!next)
		return;
	assert(strstr(text, next) && !strchr(next, '>') && strstr(text, "<"));
	url = http_resolve("http://registry.invalid/", next, a);
	assert(!url || strchr(url, ':'));
}

static void warning_try(const char *text, struct arena *a)
{
	struct strs texts = { 0 };

	header_warnings(text, WARNINGS_MAX, a, &texts);
	assert(texts.n <= WARNINGS_MAX);
	for (size_t i = 0; i < texts.n; i++)
		assert(texts.v[i] && strlen(texts.v[i]) < strlen(text));
	assert(texts.n == 0 || strstr(text, "299"));
}

static void range_try(const char *text)
{
	uint64_t n = 0;

	assert(!header_range(text, &n) || n > 1);
}

/* A word that was taken is behind us. */
static void words_try(const char *text, struct arena *a)
{
	const char *s = text, *before, *word;

	do {
		before = s;
		word = header_word(&s, " \t;,\"", a);
		assert(word ? s > before : s == before);
		s += *s != 0;
	} while (*s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	struct auth_challenges challenges = { 0 };
	const char *text = arena_strndup(&a, (const char *)data, size);
	struct err e = { 0 };

	link_try(text, &a);
	warning_try(text, &a);
	range_try(text);
	words_try(text, &a);
	(void)auth_challenge_parse(text, &a, &challenges, &e);
	return 0;
}
