/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "codec/json.h"
#include "image/registries/config_file.h"
#include "os/file.h"

static const char *const requirement_words[] = { [REQUIRE_NOTHING] = "insecureAcceptAnything", [REQUIRE_REJECT] = "reject", [REQUIRE_SIGNED_BY] = "signedBy",
	[REQUIRE_SIGSTORE] = "sigstoreSigned" };
const struct enumtab requirement_types = ENUMTAB("requirement", requirement_words, REQUIREMENT_TYPE_COUNT);

static const char *const identity_words[] = { [IDENTITY_REPO_DIGEST_OR_EXACT] = "matchRepoDigestOrExact", [IDENTITY_EXACT] = "matchExact",
	[IDENTITY_REPOSITORY] = "matchRepository", [IDENTITY_EXACT_REFERENCE] = "exactReference", [IDENTITY_EXACT_REPOSITORY] = "exactRepository",
	[IDENTITY_REMAP] = "remapIdentity" };
const struct enumtab identity_types = ENUMTAB("signedIdentity", identity_words, IDENTITY_TYPE_COUNT);

/* ---- one requirement ---- */

struct raw_requirement {
	enum requirement_type type;
	const char *key_type, *key_path, *key_data;
	struct strs key_paths, key_datas;
	struct signed_identity *identity;
	struct str fulcio, pki, rekor_path, rekor_paths, rekor_data, rekor_datas;
};

/* clang-format off */
static const struct field identity_fields[] = {
	FIELD_ENUM(struct signed_identity, type,     "type", &identity_types, FIELD_REQUIRED),
	FIELD(struct signed_identity, reference,     "dockerReference",  STR, FIELD_NONEMPTY),
	FIELD(struct signed_identity, repository,    "dockerRepository", STR, FIELD_NONEMPTY),
	FIELD(struct signed_identity, prefix,        "prefix",           STR, FIELD_NONEMPTY),
	FIELD(struct signed_identity, signed_prefix, "signedPrefix",     STR, FIELD_NONEMPTY),
};
static const struct schema identity_schema = SCHEMA("signedIdentity", struct signed_identity, identity_fields);
static const struct field requirement_fields[] = {
	FIELD_ENUM(struct raw_requirement, type,    "type", &requirement_types, FIELD_REQUIRED),
	FIELD(struct raw_requirement, key_type,     "keyType",             STR,  0),
	FIELD(struct raw_requirement, key_path,     "keyPath",             STR,  FIELD_NONEMPTY),
	FIELD(struct raw_requirement, key_paths,    "keyPaths",            STRS, FIELD_NONEMPTY),
	FIELD(struct raw_requirement, key_data,     "keyData",             STR,  FIELD_NONEMPTY),
	FIELD(struct raw_requirement, key_datas,    "keyDatas",            STRS, FIELD_NONEMPTY),
	FIELD_PTR(struct raw_requirement, identity, "signedIdentity",      &identity_schema, 0),
	FIELD(struct raw_requirement, fulcio,       "fulcio",              RAW,  0),
	FIELD(struct raw_requirement, pki,          "pki",                 RAW,  0),
	FIELD(struct raw_requirement, rekor_path,   "rekorPublicKeyPath",  RAW,  0),
	FIELD(struct raw_requirement, rekor_paths,  "rekorPublicKeyPaths", RAW,  0),
	FIELD(struct raw_requirement, rekor_data,   "rekorPublicKeyData",  RAW,  0),
	FIELD(struct raw_requirement, rekor_datas,  "rekorPublicKeyDatas", RAW,  0),
};
static const struct schema requirement_schema = SCHEMA("requirement", struct raw_requirement, requirement_fields);

struct raw_policy {
	struct str defaults, transports;
};
static const struct field policy_fields[] = {
	FIELD(struct raw_policy, defaults,   "default",    RAW, FIELD_REQUIRED),
	FIELD(struct raw_policy, transports, "transports", RAW, 0),
};
static const struct schema policy_schema = SCHEMA("policy", struct raw_policy, policy_fields);
/* clang-format on */

/* Each kind has its own members, all of them and no others. */
static int identity_check(const struct signed_identity *i, struct err *e)
{
	bool reference = i->type == IDENTITY_EXACT_REFERENCE, repository = i->type == IDENTITY_EXACT_REPOSITORY, remap = i->type == IDENTITY_REMAP;

	if (!!i->reference != reference || !!i->repository != repository || !!i->prefix != remap || !!i->signed_prefix != remap)
		return err_set(e, ERR_INVALID, "signedIdentity '%s' has members that are not its own, or lacks one", enumtab_name(&identity_types, (int)i->type));
	return 0;
}

static const char *unsupported_of(const struct raw_requirement *raw)
{
	return raw->fulcio.p ? "fulcio" : raw->pki.p ? "pki" :
		raw->rekor_path.p || raw->rekor_paths.p || raw->rekor_data.p || raw->rekor_datas.p ? "rekorPublicKey" : NULL;
}

static int requirement_take(const struct raw_requirement *raw, struct arena *a, struct requirement *ret, struct err *e)
{
	const char *name = enumtab_name(&requirement_types, (int)raw->type);
	int sources = !!raw->key_path + (raw->key_paths.n > 0) + !!raw->key_data + (raw->key_datas.n > 0) + !!raw->fulcio.p + !!raw->pki.p;
	struct requirement q = { .type = raw->type, .key_type = raw->key_type, .key_paths = raw->key_paths, .key_data = raw->key_datas,
		.identity = raw->identity ? raw->identity : arena_new(a, struct signed_identity), .unsupported = unsupported_of(raw) };
	bool keys = raw->type == REQUIRE_SIGNED_BY || raw->type == REQUIRE_SIGSTORE;

	if (!keys && (sources || raw->key_type || raw->identity || q.unsupported))
		return err_set(e, ERR_INVALID, "requirement '%s' takes no further members", name);
	if (keys && sources != 1)
		return err_set(e, ERR_INVALID, "requirement '%s' needs exactly one of keyPath, keyPaths, keyData, keyDatas%s", name,
			raw->type == REQUIRE_SIGSTORE ? ", fulcio, pki" : "");
	if (raw->type == REQUIRE_SIGNED_BY && (!raw->key_type || q.unsupported || raw->key_datas.n > 0))
		return err_set(e, ERR_INVALID, "requirement 'signedBy' needs a keyType and a key");
	if (raw->type == REQUIRE_SIGNED_BY && strcmp(raw->key_type, "GPGKeys") != 0)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: keyType '%.60s'", raw->key_type);
	if (raw->type == REQUIRE_SIGSTORE && raw->key_type)
		return err_set(e, ERR_INVALID, "requirement 'sigstoreSigned' takes no keyType");
	if (raw->key_path)
		strs_push(a, &q.key_paths, raw->key_path);
	if (raw->key_data)
		strs_push(a, &q.key_data, raw->key_data);
	*ret = q;
	return identity_check(q.identity, e);
}

static int requirements_parse(struct str text, struct arena *a, struct requirements *ret, struct err *e)
{
	struct raw_requirement *raw;
	size_t n;
	int r = json_decode_list(text, &requirement_schema, JSON_EXACT, a, &raw, &n, e);

	if (r == 0 && n == 0)
		r = err_set(e, ERR_INVALID, "a list of requirements is empty");
	if (r < 0)
		return r;
	ret->v = arena_array(a, struct requirement, n);
	for (ret->n = 0; r == 0 && ret->n < n; ret->n++)
		r = requirement_take(&raw[ret->n], a, &ret->v[ret->n], e);
	return r;
}

/* ---- the document ---- */

static int scope_add(struct policy *p, const char *transport, const char *scope, struct str text, struct arena *a, struct err *e)
{
	struct policy_scope s = { .transport = transport, .scope = scope };
	int r = requirements_parse(text, a, &s.requirements, e);

	if (r < 0)
		return err_wrap(e, "%s%s%s", transport ? transport : "default", scope && *scope ? " " : "", scope ? scope : "");
	*vec_push(a, p) = s;
	return 0;
}

int policy_parse(struct str text, struct arena *a, struct policy *ret, struct err *e)
{
	struct json_member *transports = NULL, *scopes;
	struct policy p = { 0 };
	struct raw_policy raw;
	size_t n = 0, n_scopes;
	int r = json_decode(text, &policy_schema, JSON_EXACT, a, &raw, e);

	if (r == 0)
		r = scope_add(&p, NULL, NULL, raw.defaults, a, e);
	if (r == 0 && raw.transports.p)
		r = json_members(raw.transports, a, &transports, &n, e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = json_members(transports[i].value, a, &scopes, &n_scopes, e);
		for (size_t k = 0; r == 0 && k < n_scopes; k++)
			r = scope_add(&p, transports[i].key, scopes[k].key, scopes[k].value, a, e);
	}
	if (r == 0)
		*ret = p;
	return r;
}

int policy_load(const char *named, struct arena *a, struct policy *ret, struct err *e)
{
	const char *const paths[] = { named, named ? NULL : config_file_home(".config/containers/policy.json", a), named ? NULL : "/etc/containers/policy.json" };

	*ret = (struct policy){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		char *text;
		size_t n;
		int r;

		if (!paths[i])
			continue;
		r = file_read(AT_FDCWD, paths[i], LIMIT_MANIFEST, a, &text, &n);
		if ((r == -ENOENT || r == -ENOTDIR) && !named)
			continue;
		if (r < 0)
			return err_sys(e, r, "read signature policy '%s'", paths[i]);
		r = policy_parse((struct str){ text, n }, a, ret, e);
		ret->file = paths[i];
		return r < 0 ? err_wrap(e, "signature policy '%s'", paths[i]) : 0;
	}
	return 0;
}

/* ---- which scope ---- */

static const struct policy_scope *scope_find(const struct policy *p, const char *transport, const char *scope)
{
	VEC_EACH(const struct policy_scope, s, p)
		if (streq(s->transport, transport) && streq(s->scope, scope))
			return s;
	return NULL;
}

/* The transport's own default, then the default. */
static const struct policy_scope *scope_default(const struct policy *p, const char *transport)
{
	const struct policy_scope *s = scope_find(p, transport, "");

	return s ? s : scope_find(p, NULL, NULL);
}

/* @name itself, then without its last '/' part, and so on. */
static const struct policy_scope *scope_above(const struct policy *p, const char *transport, char *name)
{
	for (;;) {
		const struct policy_scope *s = scope_find(p, transport, name);
		char *slash = strrchr(name, '/');

		if (s || !slash)
			return s;
		*slash = 0;
	}
}

static const struct policy_scope *scope_wild(const struct policy *p, const char *host, struct arena *a)
{
	const char *plain = arena_strndup(a, host, strcspn(host, ":")), *dot = strchr(plain, '.');

	for (; dot; dot = strchr(dot + 1, '.')) {
		const struct policy_scope *s = scope_find(p, "docker", arena_printf(a, "*%s", dot));

		if (s)
			return s;
	}
	return NULL;
}

const struct policy_scope *policy_find(const struct policy *p, const struct reference *ref, struct arena *a)
{
	const struct policy_scope *s;

	if (!p->file)
		return NULL;
	s = scope_find(p, "docker", reference_print(ref, a));
	if (!s)
		s = scope_above(p, "docker", arena_printf(a, "%s/%s", ref->host, ref->repository));
	if (!s)
		s = scope_wild(p, ref->host, a);
	return s ? s : scope_default(p, "docker");
}

const struct policy_scope *policy_find_path(const struct policy *p, const char *transport, const char *path, struct arena *a)
{
	const struct policy_scope *s;

	if (!p->file)
		return NULL;
	s = scope_above(p, transport, arena_strdup(a, path));
	return s && *s->scope ? s : scope_default(p, transport);
}
