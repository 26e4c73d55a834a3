/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/auth.h"

#include "base/test.h"

static struct auth_challenges parse(const char *header, struct arena *a, int want)
{
	struct auth_challenges list = { 0 };
	struct err e = { 0 };

	if ((auth_challenge_parse(header, a, &list, &e) == 0) != (want == 0))
		fail_msg("'%s': %s", header, e.msg);
	return list;
}

TEST(challenge_of_docker_hub_is_read)
{
	scoped_arena struct arena a = { 0 };
	struct auth_challenges list = parse("Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
		"scope=\"repository:library/busybox:pull,push\",error=\"invalid_token\"", &a, 0);

	assert_int_equal(list.n, 1);
	assert_string_equal(list.v[0].scheme, "bearer");
	assert_string_equal(pairs_find(&list.v[0].parameters, "realm"), "https://auth.docker.io/token");
	assert_string_equal(pairs_find(&list.v[0].parameters, "scope"), "repository:library/busybox:pull,push");
	assert_null(pairs_find(&list.v[0].parameters, "none"));
}

TEST(challenges_in_one_header_are_told_apart)
{
	scoped_arena struct arena a = { 0 };
	struct auth_challenges list = parse("Negotiate, BASIC realm=x , charset = \"UTF-8\", Bearer realm=\"a\\\"b,c\"", &a, 0);

	assert_int_equal(list.n, 3);
	assert_string_equal(list.v[0].scheme, "negotiate");
	assert_string_equal(pairs_find(&auth_challenge_find(&list, "basic")->parameters, "charset"), "UTF-8");
	assert_string_equal(pairs_find(&auth_challenge_find(&list, "bearer")->parameters, "realm"), "a\"b,c");
	assert_null(auth_challenge_find(&list, "digest"));
}

TEST(challenges_that_are_none_are_refused)
{
	static const char *const rows[] = { "Bearer realm=\"x", "\"", "=", "Bearer realm=", "B\x01", "Bearer realm=\"x\\", "a/b c=d" };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena struct arena a = { 0 };

		parse(rows[i], &a, -1);
	}
	{
		scoped_arena struct arena a = { 0 };
		char *many = arena_alloc(&a, 20000);

		memset(many, 'a', 19999);
		parse(many, &a, -1);
		for (size_t i = 0; i < 8000; i += 2)
			memcpy(many + i, "a,", 2);
		many[8000] = 0;
		parse(many, &a, -1);
		assert_int_equal(parse("", &a, 0).n, 0);
		assert_int_equal(parse(" , ,", &a, 0).n, 0);
	}
}

static struct auth_origin origin(const char *url, struct arena *a)
{
	struct auth_origin o = { 0 };
	struct err e = { 0 };

	if (auth_origin_parse(url, a, &o, &e) < 0)
		fail_msg("'%s': %s", url, e.msg);
	return o;
}

/* CVE-2020-15157 and family: the whole policy in one table. */
TEST(redirect_keeps_credentials_only_on_the_same_origin)
{
	static const struct {
		const char *from, *to;
		bool follow, keep;
	} rows[] = {
		{ "https://r.example/v2/x", "https://r.example/other", true, true },
		{ "https://r.example/v2/x", "https://R.Example:443/other", true, true },
		{ "https://r.example/v2/x", "https://r.example:8443/other", true, false },
		{ "https://r.example/v2/x", "https://cdn.r.example/other", true, false },
		{ "https://r.example/v2/x", "https://evil.example/", true, false },
		{ "https://r.example/v2/x", "https://r.example.evil.test/", true, false },
		{ "https://r.example/v2/x", "http://r.example/other", false, false },
		{ "https://r.example/v2/x", "http://127.0.0.1/latest/meta-data", false, false },
		{ "http://127.0.0.1:5000/v2/x", "http://127.0.0.1:5000/y", true, true },
		{ "http://127.0.0.1:5000/v2/x", "http://127.0.0.1:5001/y", true, false },
		{ "http://127.0.0.1:5000/v2/x", "https://127.0.0.1:5000/y", true, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena struct arena a = { 0 };
		struct auth_origin from = origin(rows[i].from, &a), to = origin(rows[i].to, &a);
		struct auth_redirect judged = auth_redirect_judge(&from, &to);

		if (judged.follow != rows[i].follow || judged.keep_credentials != rows[i].keep)
			fail_msg("%s -> %s", rows[i].from, rows[i].to);
	}
}

TEST(password_goes_to_a_token_server_of_the_same_domain_only)
{
	static const struct {
		const char *registry, *realm;
		bool ok;
	} rows[] = {
		{ "https://registry-1.docker.io", "https://auth.docker.io/token", true },
		{ "https://registry.gitlab.com", "https://gitlab.com/jwt/auth", true },
		{ "https://ghcr.io", "https://ghcr.io/token", true },
		{ "https://r.example:5000", "https://r.example/token", true },
		{ "https://ghcr.io", "https://evil.io/token", false },
		{ "https://docker.io", "https://docker.io.evil.test/token", false },
		{ "https://r.shop.co.uk", "https://evil.co.uk/token", false },
		{ "https://r.shop.co.uk", "https://auth.shop.co.uk/token", true },
		{ "https://r.example", "http://r.example/token", false },
		{ "http://127.0.0.1:5000", "http://127.0.0.1:5001/token", true },
		{ "http://127.0.0.1:5000", "http://10.0.0.1/token", false },
		{ "https://192.0.2.1", "https://192.0.3.1/token", false },
		{ "http://localhost:5000", "http://evil/token", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena struct arena a = { 0 };
		struct auth_origin registry = origin(rows[i].registry, &a), realm = origin(rows[i].realm, &a);
		struct err e = { 0 };

		if ((auth_realm_judge(&registry, &realm, &e) == 0) != rows[i].ok)
			fail_msg("%s -> %s", rows[i].registry, rows[i].realm);
	}
}

TEST(origins_of_other_schemes_and_with_user_names_are_refused)
{
	static const char *const rows[] = { "file:///etc/passwd", "ftp://x/", "gopher://x/", "//x/y", "/x", "", "https://", "https://u:p@x/", "https://u@x/",
		"javascript:x", "https://x:99999999/", "dict://x" };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena struct arena a = { 0 };
		struct auth_origin o;
		struct err e = { 0 };

		if (auth_origin_parse(rows[i], &a, &o, &e) == 0)
			fail_msg("'%s' was taken as %s %s", rows[i], o.scheme, o.host);
	}
}

TEST(loopback_is_known)
{
	assert_true(auth_host_is_loopback("localhost"));
	assert_true(auth_host_is_loopback("127.0.0.1"));
	assert_true(auth_host_is_loopback("127.255.1.1"));
	assert_true(auth_host_is_loopback("[::1]"));
	assert_false(auth_host_is_loopback("127.0.0.1.evil.test"));
	assert_false(auth_host_is_loopback("localhost.evil.test"));
	assert_false(auth_host_is_loopback("128.0.0.1"));
	assert_false(auth_host_is_loopback("10.0.0.1"));
}

TEST(basic_is_base64)
{
	scoped_arena struct arena a = { 0 };

	assert_string_equal(auth_basic("alice", "secret", &a), "Basic YWxpY2U6c2VjcmV0");
	assert_string_equal(auth_basic("a", "", &a), "Basic YTo=");
	assert_string_equal(auth_basic("ab", "", &a), "Basic YWI6");
	assert_string_equal(auth_basic("a", "bc", &a), "Basic YTpiYw==");
}
