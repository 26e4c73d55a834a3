/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/reference.h"

#include "base/test.h"

#define HEX64 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define D "sha256:" HEX64

TEST(reference_matrix_normalises_as_docker_does)
{
	static const struct {
		const char *text, *canonical, *familiar;
	} rows[] = {
		{ "busybox", "docker.io/library/busybox:latest", "busybox:latest" },
		{ "busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36" },
		{ "library/busybox", "docker.io/library/busybox:latest", "busybox:latest" },
		{ "me/app", "docker.io/me/app:latest", "me/app:latest" },
		{ "me/team/app:v1", "docker.io/me/team/app:v1", "me/team/app:v1" },
		{ "docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest" },
		{ "index.docker.io/me/app", "docker.io/me/app:latest", "me/app:latest" },
		{ "registry-1.docker.io/me/app", "docker.io/me/app:latest", "me/app:latest" },
		{ "localhost/x", "localhost/x:latest", "localhost/x:latest" },
		{ "localhost:5000/x:y", "localhost:5000/x:y", "localhost:5000/x:y" },
		{ "127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b:latest", "127.0.0.1:5000/a/b:latest" },
		{ "[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest" },
		{ "[fe80::1]/a:t", "[fe80::1]/a:t", "[fe80::1]/a:t" },
		{ "quay.io/a/b@" D, "quay.io/a/b@" D, "quay.io/a/b@" D },
		{ "quay.io/a/b:t@" D, "quay.io/a/b:t@" D, "quay.io/a/b:t@" D },
		{ "busybox@" D, "docker.io/library/busybox@" D, "busybox@" D },
		{ "a__b/c.d-e--f", "docker.io/a__b/c.d-e--f:latest", "a__b/c.d-e--f:latest" },
		{ "x:_Tag.-1", "docker.io/library/x:_Tag.-1", "x:_Tag.-1" },
		{ "Host/x", "Host/x:latest", "Host/x:latest" },
		{ "busybox:5000/x", "busybox:5000/x:latest", "busybox:5000/x:latest" },
		{ HEX64 "/x", "docker.io/" HEX64 "/x:latest", HEX64 "/x:latest" },
		{ "docker.io/a.b/c", "docker.io/a.b/c:latest", "docker.io/a.b/c:latest" },
		{ "docker.io/localhost/c", "docker.io/localhost/c:latest", "docker.io/localhost/c:latest" },
		{ "library/" HEX64, "docker.io/library/" HEX64 ":latest", "library/" HEX64 ":latest" },
		{ "docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena struct arena a = { 0 };
		struct reference r, again;
		struct err e = { 0 };

		assert_int_equal(reference_parse(rows[i].text, &a, &r, &e), 0);
		assert_string_equal(reference_print(&r, &a), rows[i].canonical);
		assert_string_equal(reference_familiar(&r, &a), rows[i].familiar);
		assert_int_equal(reference_parse(reference_print(&r, &a), &a, &again, &e), 0);
		assert_string_equal(reference_print(&again, &a), rows[i].canonical);
		assert_string_equal(reference_unescape(reference_escape(&r, &a), &a), rows[i].canonical);
		assert_null(strchr(reference_escape(&r, &a), '/'));
	}
}

TEST(reference_refuses_what_is_no_name)
{
	static const char *const rows[] = {
		"", ":", "@", "/", "a/", "/a", "a//b", "A", "aB", "busyBox:x", "-a", "a-", "a..b", "a___b", "a._b", "a:", "a:.x", "a:-x", "a: x",
		"a:b:c", "a b", "a\n", "../../etc/passwd", "docker.io/../x", "docker.io/.", HEX64, "a@sha256:123", "a@" D "0", "a@" D "@" D,
		"a@md5:d41d8cd98f00b204e9800998ecf8427e", "ho_st.x/a", "-h.x/a", "h.x:/a", "h.x:port/a", "h.x:123456/a", "[::1/a", "[zz::]/a",
		"localhost:5000", "a/b%2Fc", "a?b", "a#b", "http://h.x/a", "user@h.x/a", "a\x80",
		"x:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scoped_arena struct arena a = { 0 };
		struct reference r;
		struct err e = { 0 };

		/* "localhost:5000" is a legal short name with a tag; everything else is an error. */
		if (strcmp(rows[i], "localhost:5000") == 0) {
			assert_int_equal(reference_parse(rows[i], &a, &r, &e), 0);
			assert_string_equal(reference_print(&r, &a), "docker.io/library/localhost:5000");
			continue;
		}
		if (reference_parse(rows[i], &a, &r, &e) == 0)
			fail_msg("'%s' was taken as '%s'", rows[i], reference_print(&r, &a));
		assert_int_equal(e.kind, ERR_INVALID);
	}
}

TEST(reference_name_longer_than_255_is_refused)
{
	scoped_arena struct arena a = { 0 };
	char text[400];
	struct reference r;
	struct err e;

	memset(text, 'a', sizeof text);
	memcpy(text, "h.x/", 4);
	text[255] = 0;
	assert_int_equal(reference_parse(text, &a, &r, &e), 0);
	text[255] = 'a';
	text[256] = 0;
	assert_true(reference_parse(text, &a, &r, &e) < 0);
}

TEST(reference_unescape_refuses_foreign_file_names)
{
	scoped_arena struct arena a = { 0 };

	assert_null(reference_unescape("busybox", &a));
	assert_null(reference_unescape("docker.io%2Flibrary%2Fbusybox", &a));
	assert_null(reference_unescape("docker.io%2flibrary%2fbusybox:latest", &a));
	assert_null(reference_unescape("%2E%2E%2Fx:latest", &a));
	assert_null(reference_unescape(".hidden", &a));
	assert_null(reference_unescape("%", &a));
}

TEST(reference_may_be_id_for_hex_only)
{
	assert_true(reference_may_be_id("ab"));
	assert_true(reference_may_be_id(HEX64));
	assert_true(reference_may_be_id(D));
	assert_true(reference_may_be_id("sha256:e3b0"));
	assert_true(reference_may_be_id("sha512:e3b0"));
	assert_true(reference_may_be_id(HEX64 HEX64));
	assert_false(reference_may_be_id(HEX64 HEX64 "0"));
	assert_false(reference_may_be_id("md5:e3b0"));
	assert_false(reference_may_be_id("a"));
	assert_false(reference_may_be_id("xyz"));
	assert_false(reference_may_be_id("sha256:"));
	assert_false(reference_may_be_id("AB"));
}

TEST(reference_without_a_host_is_short)
{
	static const char *const short_[] = { "busybox", "me/app:1", "busybox@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "a/b/c" };
	static const char *const long_[] = { "docker.io/x", "localhost/x", "h:5000/x", "[::1]:5000/x" };

	for (size_t i = 0; i < sizeof short_ / sizeof *short_; i++)
		assert_true(reference_is_short(short_[i]));
	for (size_t i = 0; i < sizeof long_ / sizeof *long_; i++)
		assert_false(reference_is_short(long_[i]));
}
