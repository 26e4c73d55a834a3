/* SPDX-License-Identifier: Apache-2.0 */
/* registries.conf, hosts.toml, and what becomes of them: rules, rewritten names, short names. */
#include "image/registries/registries.h"

#include "base/limits.h"
#include "base/test.h"
#include "codec/toml.h"
#include "image/registries/hosts.h"

static int add(struct registries *io, const char *toml, struct arena *a, struct err *e)
{
	scoped_buf struct buf json = BUF(LIMIT_FILE);
	int r = toml_to_json(str_of(toml), &json, e);

	return r < 0 ? r : registries_add(io, "file", buf_str(&json), a, e);
}

static void add_ok(struct registries *io, const char *toml, struct arena *a)
{
	struct err e = { 0 };

	if (add(io, toml, a, &e) < 0)
		fail_msg("%s: %s", toml, e.msg);
}

static struct reference ref_of(const char *name, struct arena *a)
{
	struct reference ref;
	struct err e = { 0 };

	assert_int_equal(reference_parse(name, a, &ref, &e), 0);
	return ref;
}

TEST(registries_the_longest_prefix_counts_and_is_replaced)
{
	static const struct {
		const char *name, *prefix, *location; /* prefix NULL: no rule */
	} rows[] = {
		{ "a.test/x:1", "a.test/x", "c.test:5000/z" },
		{ "a.test/v:1", "a.test", "b.test/v" },
		{ "a.test/x/y:1", "a.test/x", "c.test:5000/z/y" },
		{ "a.test/xy:1", "a.test", "b.test/xy" },
		{ "a.test:5000/x:1", NULL, NULL },
		{ "aa.test/x:1", NULL, NULL },
		{ "busybox", "docker.io/library/busybox", "m.test/bb" },
		{ "docker.io/library/busybox:2", "docker.io/library/busybox", "m.test/bb" },
		{ "busybox2", NULL, NULL },
		{ "s.w.test/x:1", "*.w.test", "wild.test/x" },
		{ "s.t.w.test:5000/x:1", "*.w.test", "wild.test:5000/x" },
		{ "w.test/x:1", NULL, NULL },
		{ "n.v.test/x:1", "*.v.test", "n.v.test/x" },
	};
	scoped_arena struct arena a = { 0 };
	struct registries r = { 0 };

	add_ok(&r, "[[registry]]\nprefix='a.test'\nlocation='b.test'\n[[registry]]\nprefix='a.test/x'\nlocation='c.test:5000/z/'\n"
		"[[registry]]\nprefix='docker.io/library/busybox'\nlocation='m.test/bb'\n[[registry]]\nprefix='*.w.test'\nlocation='wild.test'\n"
		"[[registry]]\nprefix='*.v.test'\ninsecure=true", &a);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reference ref = ref_of(rows[i].name, &a);
		const struct registry_rule *rule = registries_match(&r, &ref, &a);

		if (!rule != !rows[i].prefix)
			fail_msg("%s: %s", rows[i].name, rule ? rule->prefix : "no rule");
		if (!rule)
			continue;
		assert_string_equal(rule->prefix, rows[i].prefix);
		assert_string_equal(registries_rewrite(rule, rule->location, &ref, &a), rows[i].location);
	}
}

TEST(registries_later_files_replace_rules_and_words_of_earlier_ones)
{
	scoped_arena struct arena a = { 0 };
	struct registries r = { 0 };

	add_ok(&r, "unqualified-search-registries=['one.test']\nshort-name-mode='enforcing'\n[[registry]]\nlocation='a.test'\nblocked=true\n[aliases]\nx='one.test/x'\ny='one.test/y'", &a);
	add_ok(&r, "[[registry]]\nlocation='a.test'\n[[registry.mirror]]\nlocation='m.test'\n[aliases]\nx='two.test/x'\ny=''", &a);
	assert_int_equal(r.rules.n, 1);
	assert_false(r.rules.v[0].blocked);
	assert_int_equal(r.rules.v[0].n_mirrors, 1);
	assert_int_equal(r.mode, SHORT_NAME_ENFORCING);
	assert_string_equal(pairs_find(&r.aliases, "x"), "two.test/x");
	assert_string_equal(r.unqualified.v[0], "one.test");
}

TEST(registries_mirrors_may_be_for_digests_or_tags_only)
{
	scoped_arena struct arena a = { 0 };
	struct registries r = { 0 };
	struct reference tag = ref_of("a.test/x:1", &a),
			 digest = ref_of("a.test/x@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", &a);
	const struct registry_rule *rule;

	add_ok(&r, "[[registry]]\nlocation='a.test'\n[[registry.mirror]]\nlocation='all.test'\n[[registry.mirror]]\nlocation='d.test'\npull-from-mirror='digest-only'\n"
		"[[registry.mirror]]\nlocation='t.test'\npull-from-mirror='tag-only'\n[[registry]]\nlocation='b.test'\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation='m.test'", &a);
	rule = &r.rules.v[0];
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(registries_mirror_fits(rule, &rule->mirrors[i], &tag), i != 1);
		assert_int_equal(registries_mirror_fits(rule, &rule->mirrors[i], &digest), i != 2);
	}
	rule = &r.rules.v[1];
	assert_false(registries_mirror_fits(rule, &rule->mirrors[0], &tag));
	assert_true(registries_mirror_fits(rule, &rule->mirrors[0], &digest));
}

TEST(registries_short_names_have_an_alias_or_a_place_to_be_looked_for)
{
	scoped_arena struct arena a = { 0 };
	struct registries r = { 0 };
	struct err e = { 0 };
	struct strs names;
	bool alias;

	assert_int_equal(registries_resolve(&r, "busybox", &a, &names, &alias, &e), 0);
	assert_int_equal(names.n, 1);
	assert_string_equal(names.v[0], "docker.io/library/busybox:latest");
	add_ok(&r, "unqualified-search-registries=['a.test','docker.io']\n[aliases]\nfedora='f.test/fedora'\nbad='nohost'", &a);
	assert_int_equal(registries_resolve(&r, "me/x:2", &a, &names, &alias, &e), 0);
	assert_int_equal(names.n, 2);
	assert_string_equal(names.v[0], "a.test/me/x:2");
	assert_string_equal(names.v[1], "docker.io/me/x:2");
	assert_int_equal(registries_resolve(&r, "fedora:40", &a, &names, &alias, &e), 0);
	assert_true(alias);
	assert_string_equal(names.v[0], "f.test/fedora:40");
	assert_true(registries_resolve(&r, "bad", &a, &names, &alias, &e) < 0);
	add_ok(&r, "unqualified-search-registries=[]", &a);
	assert_true(registries_resolve(&r, "busybox", &a, &names, &alias, &e) < 0);
}

TEST(registries_that_make_no_sense_are_refused)
{
	static const char *const rows[] = { "[registries.search]\nregistries=['a']", "[[registry]]\ninsecure=true", "[[registry]]\nlocation='https://a.test'",
		"[[registry]]\nlocation='a b'", "[[registry]]\nlocation='a.test'\n[[registry.mirror]]\ninsecure=true", "short-name-mode='perhaps'",
		"[[registry]]\nprefix='*x.*.test'\nlocation='a.test'", "[[registry]]\nlocation='a.test'\nblocked='yes'",
		"[[registry]]\nlocation='a.test'\n[[registry.mirror]]\nlocation='m.test'\npull-from-mirror='never'",
		"[[registry]]\nlocation='a.test'\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation='m.test'\npull-from-mirror='tag-only'" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		struct registries r = { 0 };
		struct err e = { 0 };

		if (add(&r, rows[i], &a, &e) >= 0)
			fail_msg("taken: %s", rows[i]);
	}
}

static int hosts_of(const char *toml, const char *host, struct arena *a, struct hosts *ret, struct err *e)
{
	scoped_buf struct buf json = BUF(LIMIT_FILE);
	int r = toml_to_json(str_of(toml), &json, e);

	return r < 0 ? r : hosts_parse(buf_str(&json), host, "/d", a, ret, e);
}

TEST(hosts_are_asked_in_the_order_of_the_file_and_the_server_last)
{
	scoped_arena struct arena a = { 0 };
	struct hosts h;
	struct err e = { 0 };

	assert_int_equal(hosts_of("server = 'https://up.test'\nca = 'up.crt'\n[host.'https://z.test:5000']\ncapabilities=['pull','resolve']\nca=['/abs.crt','rel.crt']\n"
		"client=[['c.cert','c.key']]\n[host.'https://z.test:5000'.header]\nx-a='b'\n[host.'http://a.test/p/v2/q']\noverride_path=true\nskip_verify=true\nclient='both.pem'\n"
		"[host.'c.test/sub/']\ncapabilities=['push']", "r.test", &a, &h, &e), 0);
	assert_int_equal(h.n, 4);
	assert_string_equal(h.v[0].base, "https://z.test:5000/v2");
	assert_int_equal(h.v[0].capabilities, HOST_PULL | HOST_RESOLVE);
	assert_string_equal(h.v[0].ca.v[0], "/abs.crt");
	assert_string_equal(h.v[0].ca.v[1], "/d/rel.crt");
	assert_string_equal(h.v[0].key, "/d/c.key");
	assert_string_equal(pairs_find(&h.v[0].headers, "x-a"), "b");
	assert_string_equal(h.v[1].base, "http://a.test/p/v2/q");
	assert_true(h.v[1].skip_verify);
	assert_string_equal(h.v[1].key, "/d/both.pem");
	assert_string_equal(h.v[2].base, "https://c.test/sub/v2");
	assert_int_equal(h.v[2].capabilities, HOST_PUSH);
	assert_string_equal(h.v[3].base, "https://up.test/v2");
	assert_string_equal(h.v[3].ca.v[0], "/d/up.crt");
	assert_int_equal(hosts_of("", "r.test", &a, &h, &e), 0);
	assert_int_equal(h.n, 1);
	assert_null(h.v[0].base);
}

TEST(hosts_that_make_no_sense_are_refused)
{
	static const char *const rows[] = { "server='ftp://x'", "[host.'https://']", "[host.'https://u@h.test']", "[host.'https://h.test?x']", "[host.'h.test']\ncapabilities=['all']",
		"[host.'h.test']\nca=1", "[host.'h.test'.header]\n'a b'='c'", "[host.'h.test'.header]\na=\"b\\nc\"", "[host.'h.test'.header]\na=1" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		struct hosts h;
		struct err e = { 0 };

		if (hosts_of(rows[i], "r.test", &a, &h, &e) >= 0)
			fail_msg("taken: %s", rows[i]);
	}
}
