/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts that decide whom we talk to and whether we believe it: TOML (registries.conf, hosts.toml), YAML (registries.d), policy.json, payloads of signatures,
 * gpgv's status, armored keys. The first byte says which. What TOML and YAML become must be JSON.
 */
#include "fuzz.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "codec/json.h"
#include "codec/toml.h"
#include "codec/yaml.h"
#include "image/registries/hosts.h"
#include "image/registries/registries.h"
#include "image/trust/gpg.h"
#include "image/trust/lookaside.h"
#include "image/trust/payload.h"
#include "image/trust/policy.h"

static void toml_try(struct str text, struct arena *a)
{
	scoped_buf struct buf json = BUF(LIMIT_DOCUMENT), again = BUF(LIMIT_DOCUMENT);
	struct registries registries = { 0 };
	struct hosts hosts;
	struct err e = { 0 };

	if (toml_to_json(text, &json, &e) < 0)
		return;
	assert(json_edit(buf_str(&json), (const char *const[]){ "x" }, 1, (struct str){ 0 }, &again, &e) == 0);
	(void)registries_add(&registries, "file", buf_str(&json), a, &e);
	(void)hosts_parse(buf_str(&json), "r.example", "/d", a, &hosts, &e);
}

static void yaml_try(struct str text, struct arena *a)
{
	scoped_buf struct buf json = BUF(LIMIT_DOCUMENT);
	struct lookaside lookaside = { 0 };
	struct err e = { 0 };

	if (yaml_to_json(text, &json, &e) == 0)
		(void)lookaside_add(&lookaside, buf_str(&json), a, &e);
}

static void policy_try(struct str text, struct arena *a)
{
	struct reference ref = { .host = "r.example", .repository = "a/b", .tag = "1" };
	struct policy p = { 0 };
	struct err e = { 0 };

	if (policy_parse(text, a, &p, &e) < 0)
		return;
	p.file = "x";
	assert(policy_find(&p, &ref, a) && policy_find(&p, &ref, a)->requirements.n > 0);
}

static void signature_try(struct str text, struct arena *a)
{
	struct reference ref = { .host = "r.example", .repository = "a/b", .tag = "1" };
	struct signed_identity any = { .type = IDENTITY_REPOSITORY };
	struct payload p;
	struct str key;
	struct err e = { 0 };

	if (payload_parse(text, PAYLOAD_ATOMIC, a, &p, &e) == 0)
		(void)identity_match(&any, p.reference, &ref, a, &e);
	if (gpg_status_check(text, &e) == 0)
		assert(memmem(text.p, text.n, "GOODSIG", 7) && memmem(text.p, text.n, "VALIDSIG", 8));
	(void)gpg_dearmor(text, a, &key, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(struct str text, struct arena *a) = { toml_try, yaml_try, policy_try, signature_try };
	scoped_arena struct arena a = { 0 };
	struct str text;

	if (size == 0)
		return 0;
	text = (struct str){ arena_strndup(&a, (const char *)data + 1, size - 1), size - 1 };
	targets[data[0] % ARRAY_LEN(targets)](text, &a);
	return 0;
}
