/* SPDX-License-Identifier: Apache-2.0 */
/* policy.json, payloads of signatures, identities, gpgv's status, registries.d. */
#include "image/trust/trust.h"

#include <errno.h>

#include "base/limits.h"
#include "base/test.h"
#include "codec/yaml.h"
#include "image/trust/gpg.h"
#include "image/trust/payload.h"

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ACCEPT "[{\"type\":\"insecureAcceptAnything\"}]"
#define REJECT "[{\"type\":\"reject\"}]"
#define BY(more) "[{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\",\"keyPath\":\"/k\"" more "}]"

static struct reference ref_of(const char *name, struct arena *a)
{
	struct reference ref;
	struct err e = { 0 };

	assert_int_equal(reference_parse(name, a, &ref, &e), 0);
	if (ref.digest)
		ref.tag = NULL;
	return ref;
}

TEST(policy_the_most_specific_scope_counts_alone)
{
	static const char text[] = "{\"default\":" REJECT ",\"transports\":{\"docker\":{\"\":" REJECT ",\"a.test\":" ACCEPT ",\"a.test/ns\":" BY("") ",\"a.test/ns/x:1\":" ACCEPT
		",\"*.w.test\":" ACCEPT ",\"docker.io/library\":" BY("") "},\"oci\":{\"/dir\":" ACCEPT "}}}";
	static const char *const rows[][2] = { { "a.test/x:1", "a.test" }, { "a.test/ns/x:1", "a.test/ns/x:1" }, { "a.test/ns/x:2", "a.test/ns" }, { "a.test/nsx:1", "a.test" },
		{ "a.test:5000/x:1", "" }, { "busybox", "docker.io/library" }, { "s.w.test:5000/x:1", "*.w.test" }, { "s.t.w.test/x:1", "*.w.test" }, { "w.test/x:1", "" },
		{ "a.test/ns/x@" DIGEST, "a.test/ns" } };
	scoped_arena struct arena a = { 0 };
	struct policy p = { 0 };
	struct err e = { 0 };

	assert_int_equal(policy_parse(str_of(text), &a, &p, &e), 0);
	p.file = "x";
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reference ref = ref_of(rows[i][0], &a);
		const struct policy_scope *s = policy_find(&p, &ref, &a);

		if (!s || !streq(s->scope, rows[i][1]))
			fail_msg("%s: %s", rows[i][0], s && s->scope ? s->scope : "default");
	}
	assert_string_equal(policy_find_path(&p, "oci", "/dir/sub", &a)->scope, "/dir");
	assert_null(policy_find_path(&p, "oci", "/other", &a)->transport);
	assert_null(policy_find_path(&p, "docker-archive", "/dir", &a)->transport);
	p.file = NULL;
	assert_null(policy_find(&p, &(struct reference){ .host = "h", .repository = "r", .tag = "t" }, &a));
}

TEST(policy_is_read_strictly)
{
	static const char *const rows[] = { "", "{}", "[]", "{\"default\":[]}", "{\"default\":" REJECT ",\"more\":1}", "{\"default\":" REJECT ",\"default\":" ACCEPT "}",
		"{\"default\":[{\"type\":\"accept\"}]}", "{\"default\":[{\"type\":\"reject\",\"keyPath\":\"/k\"}]}", "{\"default\":[{\"type\":\"signedBy\",\"keyPath\":\"/k\"}]}",
		"{\"default\":[{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\"}]}", "{\"default\":" BY(",\"keyData\":\"eA==\"") "}", "{\"default\":" BY(",\"unknown\":1") "}",
		"{\"default\":[{\"type\":\"signedBy\",\"keyType\":\"X509\",\"keyPath\":\"/k\"}]}", "{\"default\":[{\"type\":\"sigstoreSigned\"}]}",
		"{\"default\":[{\"type\":\"sigstoreSigned\",\"keyType\":\"GPGKeys\",\"keyPath\":\"/k\"}]}", "{\"default\":" BY(",\"signedIdentity\":{\"type\":\"matchAny\"}") "}",
		"{\"default\":" BY(",\"signedIdentity\":{\"type\":\"exactReference\"}") "}", "{\"default\":" BY(",\"signedIdentity\":{\"type\":\"matchExact\",\"prefix\":\"a\"}") "}",
		"{\"default\":" REJECT ",\"transports\":{\"docker\":[]}}", "{\"default\":" REJECT ",\"transports\":{\"docker\":{\"a\":[]}}}",
		"{\"default\":" REJECT ",\"transports\":{\"docker\":{\"a\":" REJECT ",\"a\":" ACCEPT "}}}" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		struct policy p;
		struct err e = { 0 };

		if (policy_parse(str_of(rows[i]), &a, &p, &e) >= 0)
			fail_msg("taken: %s", rows[i]);
	}
}

TEST(policy_members_nobody_checks_are_remembered)
{
	static const char *const rows[] = { "\"fulcio\":{\"caPath\":\"/x\"}", "\"keyPath\":\"/k\",\"rekorPublicKeyPath\":\"/r\"", "\"pki\":{}" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		struct policy p;
		struct err e = { 0 };
		const char *text = arena_printf(&a, "{\"default\":[{\"type\":\"sigstoreSigned\",%s}]}", rows[i]);

		assert_int_equal(policy_parse(str_of(text), &a, &p, &e), 0);
		assert_non_null(p.v[0].requirements.v[0].unsupported);
	}
}

#define PAYLOAD(type, digest, reference, more) "{\"critical\":{\"type\":\"" type "\",\"image\":{\"docker-manifest-digest\":\"" digest "\"},\"identity\":{\"docker-reference\":\"" \
	reference "\"}},\"optional\":" more "}"
#define ATOMIC "atomic container signature"

TEST(payloads_are_read_strictly_and_written_as_they_are_read)
{
	static const char *const bad[] = { "", "{}", PAYLOAD("other", DIGEST, "a.test/x:1", "{}"), PAYLOAD(ATOMIC, "sha256:00", "a.test/x:1", "{}"),
		"{\"critical\":{\"type\":\"" ATOMIC "\"}}", PAYLOAD(ATOMIC, DIGEST, "a.test/x:1", "{},\"more\":1"), PAYLOAD(ATOMIC, DIGEST, "a\",\"x\":\"b", "{}") };
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf out = BUF(LIMIT_SIGNATURE);
	struct payload p;
	struct err e = { 0 };

	assert_int_equal(payload_parse(STR(PAYLOAD(ATOMIC, DIGEST, "a.test/x:1", "null")), PAYLOAD_ATOMIC, &a, &p, &e), 0);
	assert_string_equal(p.digest, DIGEST);
	assert_string_equal(p.reference, "a.test/x:1");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (payload_parse(str_of(bad[i]), PAYLOAD_ATOMIC, &a, &p, &e) >= 0)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(payload_write(PAYLOAD_COSIGN, &(struct payload){ DIGEST, "a.test/x:1" }, 1, &out), 0);
	assert_int_equal(payload_parse(buf_str(&out), PAYLOAD_COSIGN, &a, &p, &e), 0);
	assert_true(payload_parse(buf_str(&out), PAYLOAD_ATOMIC, &a, &p, &e) < 0);
}

TEST(identities_match_by_their_rule)
{
	static const struct {
		struct signed_identity rule;
		const char *is, *image;
		bool ok;
	} rows[] = {
		{ { .type = IDENTITY_EXACT }, "a.test/x:1", "a.test/x:1", true },
		{ { .type = IDENTITY_EXACT }, "a.test/x:2", "a.test/x:1", false },
		{ { .type = IDENTITY_EXACT }, "a.test/x", "a.test/x:latest", false },
		{ { .type = IDENTITY_EXACT }, "a.test/x:1", "a.test/x@" DIGEST, false },
		{ { .type = IDENTITY_REPO_DIGEST_OR_EXACT }, "a.test/x:1", "a.test/x:1", true },
		{ { .type = IDENTITY_REPO_DIGEST_OR_EXACT }, "a.test/x:1", "a.test/x:2", false },
		{ { .type = IDENTITY_REPO_DIGEST_OR_EXACT }, "a.test/x:1", "a.test/x@" DIGEST, true },
		{ { .type = IDENTITY_REPO_DIGEST_OR_EXACT }, "a.test/y:1", "a.test/x@" DIGEST, false },
		{ { .type = IDENTITY_REPO_DIGEST_OR_EXACT }, "a.test/x", "a.test/x@" DIGEST, false },
		{ { .type = IDENTITY_REPO_DIGEST_OR_EXACT }, "busybox:1", "docker.io/library/busybox:1", true },
		{ { .type = IDENTITY_REPOSITORY }, "a.test/x", "a.test/x:1", true },
		{ { .type = IDENTITY_REPOSITORY }, "a.test/x:7", "a.test/x:1", true },
		{ { .type = IDENTITY_REPOSITORY }, "a.test/xy", "a.test/x:1", false },
		{ { .type = IDENTITY_REPOSITORY }, "b.test/x", "a.test/x:1", false },
		{ { .type = IDENTITY_EXACT_REFERENCE, .reference = "b.test/y:3" }, "b.test/y:3", "a.test/x:1", true },
		{ { .type = IDENTITY_EXACT_REFERENCE, .reference = "b.test/y:3" }, "a.test/x:1", "a.test/x:1", false },
		{ { .type = IDENTITY_EXACT_REPOSITORY, .repository = "b.test/y" }, "b.test/y:9", "a.test/x:1", true },
		{ { .type = IDENTITY_EXACT_REPOSITORY, .repository = "b.test/y" }, "a.test/x:1", "a.test/x:1", false },
		{ { .type = IDENTITY_REMAP, .prefix = "m.test", .signed_prefix = "a.test" }, "a.test/x:1", "m.test/x:1", true },
		{ { .type = IDENTITY_REMAP, .prefix = "m.test", .signed_prefix = "a.test" }, "m.test/x:1", "m.test/x:1", false },
		{ { .type = IDENTITY_REMAP, .prefix = "m.test", .signed_prefix = "a.test" }, "b.test/x:1", "b.test/x:1", true },
		{ { .type = IDENTITY_REMAP, .prefix = "m.test", .signed_prefix = "a.test" }, "a.test/x:1", "m.testing/x:1", false },
		{ { .type = IDENTITY_REPOSITORY }, "NOT A NAME", "a.test/x:1", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scoped_arena struct arena a = { 0 };
		struct reference ref = ref_of(rows[i].image, &a);
		struct err e = { 0 };

		if ((identity_match(&rows[i].rule, rows[i].is, &ref, &a, &e) == 0) != rows[i].ok)
			fail_msg("row %zu: %s for %s: %s", i, rows[i].is, rows[i].image, e.msg);
	}
}

#define G "[GNUPG:] "
#define GOOD G "PLAINTEXT 62 1 \n" G "NEWSIG\n" G "KEY_CONSIDERED F 0\n" G "GOODSIG F name\n" G "VALIDSIG F 2026-01-01 1 0 4 0 22 8 00 F\n"

TEST(gpgv_must_say_that_exactly_one_signature_is_good)
{
	static const char *const bad[] = { "", "nonsense\n", G "NODATA 1\n", G "PLAINTEXT 62 1 \n", GOOD G "BADSIG F name\n", GOOD GOOD, GOOD G "EXPKEYSIG F name\n",
		GOOD G "REVKEYSIG F name\n", GOOD G "ERRSIG F 1 2 00 1 9\n", GOOD G "SOMETHING new\n", G "GOODSIG F n\n" G "VALIDSIG F\n",
		G "PLAINTEXT 62 1 \n" G "NEWSIG\n" G "GOODSIG F name\n", GOOD "[GNUPG:]GOODSIG\n" };
	struct err e = { 0 };

	assert_int_equal(gpg_status_check(STR(GOOD), &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (gpg_status_check(str_of(bad[i]), &e) >= 0)
			fail_msg("taken: %s", bad[i]);
}

TEST(gpg_keys_come_armored_or_not)
{
	scoped_arena struct arena a = { 0 };
	struct str key;
	struct err e = { 0 };

	assert_int_equal(gpg_dearmor(STR("-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: x\n\nmDMEZm9v\nYmFy\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n"), &a, &key, &e), 0);
	assert_int_equal(key.n, 9);
	assert_int_equal(gpg_dearmor(STR("\x99\x01"), &a, &key, &e), 0);
	assert_int_equal(key.n, 2);
	assert_true(gpg_dearmor(STR("text"), &a, &key, &e) < 0);
	assert_true(gpg_dearmor(STR("-----BEGIN X-----\n\nAAAA\n"), &a, &key, &e) < 0);
	assert_true(gpg_dearmor(STR(""), &a, &key, &e) < 0);
}

TEST(lookaside_the_most_specific_scope_says_where)
{
	static const char yaml[] = "default-docker:\n  lookaside: file:///default/\ndocker:\n  a.test/ns:\n    sigstore: https://old/x\n    lookaside-staging: file:///write\n"
		"  a.test/ns/img:\n    use-sigstore-attachments: false\n    lookaside: https://new\n";
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf json = BUF(LIMIT_FILE);
	struct lookaside l = { 0 };
	struct reference ref = ref_of("a.test/ns/img:1", &a), other = ref_of("a.test/ns/y:1", &a), none = ref_of("b.test/x:1", &a);
	struct err e = { 0 };

	assert_int_equal(yaml_to_json(str_of(yaml), &json, &e), 0);
	assert_int_equal(lookaside_add(&l, buf_str(&json), &a, &e), 0);
	assert_string_equal(lookaside_find(&l, &ref, false, &a).url, "https://new");
	assert_false(lookaside_find(&l, &ref, false, &a).attachments);
	assert_string_equal(lookaside_find(&l, &other, false, &a).url, "https://old/x");
	assert_string_equal(lookaside_find(&l, &other, true, &a).url, "file:///write");
	assert_string_equal(lookaside_find(&l, &none, false, &a).url, "file:///default");
	assert_string_equal(lookaside_path(&ref, DIGEST, 1, &a), "ns/img@sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/signature-1");
	assert_true(lookaside_add(&l, buf_str(&json), &a, &e) < 0);
	assert_true(lookaside_add(&(struct lookaside){ 0 }, STR("{\"docker\":{\"a\":{\"lookaside\":\"ftp://x\"}}}"), &a, &e) < 0);
	assert_true(lookaside_add(&(struct lookaside){ 0 }, STR("{\"docker\":{\"a\":{\"unknown\":\"x\"}}}"), &a, &e) < 0);
}
