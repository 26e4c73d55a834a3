/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a registry can say outside of documents: challenges, redirects, token realms, and the user's auth file beside them. First line: header; second: URL;
 * the rest: a document.
 */
#include "fuzz.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "image/registries/authfile.h"
#include "image/registries/helper.h"
#include "image/transfer/auth.h"

static void url_try(const char *url, struct arena *a)
{
	struct auth_origin here = { "https", "r.example", "443" }, there, again;
	struct auth_redirect judged;
	struct err e = { 0 };

	if (auth_origin_parse(url, a, &there, &e) < 0) {
		assert(e.kind == ERR_INVALID);
		return;
	}
	assert(*there.host && (streq(there.scheme, "http") || streq(there.scheme, "https")));
	judged = auth_redirect_judge(&here, &there);
	assert(!judged.keep_credentials || (judged.follow && auth_origin_eq(&here, &there)));
	assert(!judged.follow || streq(there.scheme, "https"));
	if (auth_realm_judge(&here, &there, &e) == 0)
		assert(streq(there.scheme, "https") && (streq(there.host, "r.example") || str_ends(there.host, ".r.example") || str_ends(there.host, "r.example")));
	again = there;
	assert(auth_origin_eq(&there, &again));
}

static void header_try(const char *header, struct arena *a)
{
	struct auth_challenges list = { 0 };
	struct err e = { 0 };

	if (auth_challenge_parse(header, a, &list, &e) < 0)
		return;
	for (size_t i = 0; i < list.n; i++) {
		assert(list.v[i].scheme && *list.v[i].scheme);
		for (size_t k = 0; k < list.v[i].parameters.n; k++)
			assert(list.v[i].parameters.v[k].key && list.v[i].parameters.v[k].value);
		if (pairs_find(&list.v[i].parameters, "realm"))
			url_try(pairs_find(&list.v[i].parameters, "realm"), a);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	char *text = arena_strndup(&a, (const char *)data, size), *url = strchr(text, '\n'), *document = url ? strchr(url + 1, '\n') : NULL;
	struct authfile_answer answer;
	struct credentials credentials;
	struct err e = { 0 };

	if (url)
		*url++ = 0;
	if (document)
		*document++ = 0;
	header_try(text, &a);
	if (url)
		url_try(url, &a);
	if (document) {
		scoped_buf struct buf out = BUF(LIMIT_MANIFEST);

		(void)authfile_parse(str_of(document), false, "r.example", "a/b", &a, &answer, &e);
		(void)authfile_edit(str_of(document), "r.example", NULL, false, &out, &e);
		(void)helper_parse(str_of(document), &a, &credentials, &e);
	}
	return 0;
}
