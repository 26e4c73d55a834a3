/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registries/registries.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "codec/json.h"
#include "image/registries/config_file.h"
#include "os/file.h"
#include "os/ns.h"

static const char *const use_words[] = { [MIRROR_ALL] = "all", [MIRROR_DIGEST_ONLY] = "digest-only", [MIRROR_TAG_ONLY] = "tag-only" };
const struct enumtab mirror_uses = ENUMTAB("pull-from-mirror", use_words, MIRROR_USE_COUNT);

static const char *const mode_words[] = { [SHORT_NAME_PERMISSIVE] = "permissive", [SHORT_NAME_ENFORCING] = "enforcing", [SHORT_NAME_DISABLED] = "disabled" };
const struct enumtab short_name_modes = ENUMTAB("short-name-mode", mode_words, SHORT_NAME_MODE_COUNT);

/* ---- one document ---- */

struct document {
	struct strs unqualified, helpers;
	struct str unqualified_raw, version_1;
	const char *mode;
	struct registry_rule *rules;
	size_t n_rules;
	struct pairs aliases;
};

/* clang-format off */
static const struct field mirror_fields[] = {
	FIELD(struct registry_mirror, location, "location", STR, FIELD_REQUIRED | FIELD_NONEMPTY),
	FIELD(struct registry_mirror, insecure, "insecure", BOOL, 0),
	FIELD_ENUM(struct registry_mirror, use, "pull-from-mirror", &mirror_uses, 0),
};
static const struct schema mirror_schema = SCHEMA("registry.mirror", struct registry_mirror, mirror_fields);
static const struct field rule_fields[] = {
	FIELD(struct registry_rule, prefix,                "prefix",                STR,  0),
	FIELD(struct registry_rule, location,              "location",              STR,  0),
	FIELD(struct registry_rule, insecure,              "insecure",              BOOL, 0),
	FIELD(struct registry_rule, blocked,               "blocked",               BOOL, 0),
	FIELD(struct registry_rule, mirror_by_digest_only, "mirror-by-digest-only", BOOL, 0),
	FIELD_LIST(struct registry_rule, mirrors,          "mirror",                &mirror_schema, 0),
};
static const struct schema rule_schema = SCHEMA("registry", struct registry_rule, rule_fields);
static const struct field document_fields[] = {
	FIELD(struct document, unqualified,     "unqualified-search-registries", STRS,  0),
	FIELD(struct document, unqualified_raw, "unqualified-search-registries", RAW,   0),
	FIELD(struct document, version_1,       "registries",                    RAW,   0),
	FIELD(struct document, helpers,         "credential-helpers",            STRS,  0),
	FIELD(struct document, mode,            "short-name-mode",               STR,   0),
	FIELD_LIST(struct document, rules,      "registry",                      &rule_schema, 0),
	FIELD(struct document, aliases,         "aliases",                       PAIRS, 0),
};
static const struct schema document_schema = SCHEMA("registries.conf", struct document, document_fields);
/* clang-format on */

/* "host[:port][/path]" without a slash at its end. */
static int location_check(const char **io, struct arena *a, struct err *e)
{
	size_t n = strlen(*io);
	struct reference ref;
	struct err ignored; /* ours says more */

	if (strstr(*io, "://"))
		return err_set(e, ERR_INVALID, "'%.200s': a location is a host and a path, no URL", *io);
	while (n > 0 && (*io)[n - 1] == '/')
		n--;
	*io = arena_strndup(a, *io, n);
	if (strchr(*io, '@') || reference_parse(arena_printf(a, "%s/x", *io), a, &ref, &ignored) < 0)
		return err_set(e, ERR_INVALID, "'%.200s' is no location", *io);
	return 0;
}

static int rule_check(struct registry_rule *rule, const char *file, struct arena *a, struct err *e)
{
	bool wildcard = rule->prefix && str_after(rule->prefix, "*.");
	int r = 0;

	rule->file = file;
	if ((!rule->prefix || !*rule->prefix) && (!rule->location || !*rule->location))
		return err_set(e, ERR_INVALID, "a [[registry]] has neither prefix nor location");
	if (!rule->prefix || !*rule->prefix)
		rule->prefix = rule->location;
	if (rule->location && !*rule->location)
		rule->location = NULL;
	if (rule->location)
		r = location_check(&rule->location, a, e);
	if (r == 0 && strchr(wildcard ? rule->prefix + 1 : rule->prefix, '*'))
		r = err_set(e, ERR_INVALID, "prefix '%.200s': only a leading '*.' stands for something", rule->prefix);
	for (size_t i = 0; r == 0 && i < rule->n_mirrors; i++) {
		r = location_check(&rule->mirrors[i].location, a, e);
		if (r == 0 && rule->mirror_by_digest_only && rule->mirrors[i].use != MIRROR_ALL)
			r = err_set(e, ERR_INVALID, "mirror '%.200s': pull-from-mirror and mirror-by-digest-only exclude each other", rule->mirrors[i].location);
	}
	return r;
}

static void rule_place(struct registries *io, const struct registry_rule *rule, struct arena *a)
{
	for (size_t i = 0; i < io->rules.n; i++) {
		if (strcmp(io->rules.v[i].prefix, rule->prefix) == 0) {
			io->rules.v[i] = *rule;
			return;
		}
	}
	*vec_push(a, &io->rules) = *rule;
}

int registries_add(struct registries *io, const char *file, struct str json, struct arena *a, struct err *e)
{
	struct document d;
	int r = json_decode(json, &document_schema, 0, a, &d, e);

	if (r < 0)
		return r;
	if (d.version_1.p)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: version 1 of registries.conf ([registries.search] and the like); write unqualified-search-registries = […] and "
			"[[registry]] tables");
	if (d.unqualified_raw.p) {
		io->unqualified = d.unqualified;
		io->unqualified_set = true;
	}
	if (d.helpers.n > 0)
		io->helpers = d.helpers;
	if (d.mode && *d.mode) {
		int mode = enumtab_find(&short_name_modes, d.mode);

		if (mode < 0)
			return err_set(e, ERR_INVALID, "unknown short-name-mode '%.60s'", d.mode);
		io->mode = (enum short_name_mode)mode;
	}
	for (size_t i = 0; i < d.n_rules; i++) {
		r = rule_check(&d.rules[i], file, a, e);
		if (r < 0)
			return r;
		rule_place(io, &d.rules[i], a);
	}
	for (size_t i = 0; i < d.aliases.n; i++)
		pairs_set(a, &io->aliases, d.aliases.v[i].key, d.aliases.v[i].value);
	return 0;
}

/* ---- the files ---- */

static int file_add(struct registries *io, const char *path, struct arena *a, bool *ret_found, struct err *e)
{
	scoped_buf struct buf json = BUF(LIMIT_DOCUMENT);
	int r = config_file_toml(path, &json, a, e);

	*ret_found = r > 0;
	if (r > 0)
		r = registries_add(io, path, buf_str(&json), a, e);
	return r < 0 ? err_wrap(e, "%s", path) : 0;
}

/* Root of a user namespace is an ordinary user outside. */
static const char *aliases_path(struct arena *a)
{
	return getuid() == 0 && ns_is_initial_user() != 0 ? "/var/cache/containers/short-name-aliases.conf" : config_file_home(".cache/containers/short-name-aliases.conf", a);
}

static int main_add(struct registries *io, struct arena *a, struct err *e)
{
	const char *named = getenv("CONTAINERS_REGISTRIES_CONF"), *own = config_file_home(".config/containers/registries.conf", a);
	bool found = false;
	int r = 0;

	if (named && *named) {
		r = file_add(io, named, a, &found, e);
		return r == 0 && !found ? err_sys(e, -ENOENT, "read '%s'", named) : r;
	}
	if (own)
		r = file_add(io, own, a, &found, e);
	return r == 0 && !found ? file_add(io, "/etc/containers/registries.conf", a, &found, e) : r;
}

int registries_load(struct arena *a, struct registries *ret, struct err *e)
{
	const char *own = config_file_home(".config/containers/registries.conf.d", a), *chosen = aliases_path(a);
	struct registries all = { 0 };
	struct strs files = { 0 };
	bool found;
	int r = main_add(&all, a, e);

	if (r == 0)
		r = config_file_list("/etc/containers/registries.conf.d", ".conf", a, &files, e);
	if (r == 0 && own)
		r = config_file_list(own, ".conf", a, &files, e);
	if (r == 0 && chosen)
		strs_push(a, &files, chosen);
	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = file_add(&all, files.v[i], a, &found, e);
	if (r == 0)
		*ret = all;
	return r;
}

/* ---- which rule ---- */

/* "host/path:tag@digest": what prefixes are compared with. */
static const char *whole(const struct reference *ref, struct arena *a)
{
	return reference_print(ref, a);
}

/* How much of @name the prefix covers; 0: it does not fit. */
static size_t prefix_covers(const char *prefix, const char *name)
{
	size_t host = strcspn(name, "/"), plain = strcspn(name, "/:"), n = strlen(prefix + 1);
	const char *rest;

	/* "*.example.com" is any host below it, on any port; "*.example.com:5000" on that one. */
	if (*prefix == '*' && plain > n && memcmp(name + plain - n, prefix + 1, n) == 0)
		return plain;
	if (*prefix == '*')
		return host > n && memcmp(name + host - n, prefix + 1, n) == 0 ? host : 0;
	rest = str_after(name, prefix);
	/* What follows a host after a colon is a port, and so another host. */
	return rest && (!*rest || strchr(strchr(prefix, '/') ? "/:@" : "/", *rest)) ? strlen(prefix) : 0;
}

const struct registry_rule *registries_match(const struct registries *r, const struct reference *ref, struct arena *a)
{
	const struct registry_rule *best = NULL;
	const char *name = whole(ref, a);

	VEC_EACH(const struct registry_rule, rule, &r->rules)
		if (prefix_covers(rule->prefix, name) && (!best || strlen(rule->prefix) > strlen(best->prefix)))
			best = rule;
	return best;
}

const char *registries_rewrite(const struct registry_rule *rule, const char *location, const struct reference *ref, struct arena *a)
{
	const char *name = whole(ref, a), *path = arena_printf(a, "%s/%s", ref->host, ref->repository);
	size_t covered = prefix_covers(rule->prefix, name);

	if (!location)
		return path;
	/* A prefix may reach into the tag; the repository is then the location as a whole. */
	return covered <= strlen(path) ? arena_printf(a, "%s%s", location, path + covered) : location;
}

bool registries_mirror_fits(const struct registry_rule *rule, const struct registry_mirror *m, const struct reference *ref)
{
	if (rule->mirror_by_digest_only || m->use == MIRROR_DIGEST_ONLY)
		return ref->digest != NULL;
	return m->use != MIRROR_TAG_ONLY || !ref->digest;
}

/* ---- short names ---- */

int registries_resolve(const struct registries *r, const char *text, struct arena *a, struct strs *ret, bool *ret_alias, struct err *e)
{
	size_t n = strcspn(text, ":@");
	const char *name = arena_strndup(a, text, n), *rest = text + n, *alias = pairs_find(&r->aliases, name);
	struct reference ref;

	*ret = (struct strs){ 0 };
	*ret_alias = alias && *alias;
	if (*ret_alias)
		strs_push(a, ret, arena_printf(a, "%s%s", alias, rest));
	else if (r->unqualified.n == 0 && r->unqualified_set)
		return err_set(e, ERR_NOT_FOUND, "'%.200s' has no host, and unqualified-search-registries is empty", text);
	else if (r->unqualified.n == 0)
		strs_push(a, ret, arena_printf(a, "docker.io/%s", text));
	for (size_t i = 0; !*ret_alias && i < r->unqualified.n; i++)
		strs_push(a, ret, arena_printf(a, "%s/%s", r->unqualified.v[i], text));
	for (size_t i = 0; i < ret->n; i++) {
		if (reference_is_short(ret->v[i]) || reference_parse(ret->v[i], a, &ref, e) < 0)
			return err_set(e, ERR_INVALID, "registries.conf makes '%.200s' of '%.200s', which is no image name with a host", ret->v[i], text);
		ret->v[i] = reference_print(&ref, a);
	}
	return 0;
}

static void toml_quote(const char *s, struct buf *out)
{
	json_encode_string(str_of(s), out); /* TOML's basic strings have JSON's escapes */
}

int registries_alias_keep(const char *name, const char *value, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf out = BUF(LIMIT_MANIFEST);
	const char *path = aliases_path(&a), *slash = path ? strrchr(path, '/') : NULL;
	struct registries kept = { 0 };
	scoped_fd int dir = -EBADF, lock = -EBADF;
	bool found;
	int r;

	if (!slash)
		return 0;
	r = dir_ensure_all(AT_FDCWD, arena_strndup(&a, path, (size_t)(slash - path)), 0755);
	dir = r < 0 ? r : dir_open(AT_FDCWD, arena_strndup(&a, path, (size_t)(slash - path)));
	lock = dir < 0 ? dir : lock_file_wait(dir, slash + 1, FILE_LOCK_EXCLUSIVE);
	if (lock < 0)
		return err_sys(e, lock, "lock '%s'", path);
	r = file_add(&kept, path, &a, &found, e);
	if (r < 0)
		return r;
	pairs_set(&a, &kept.aliases, name, value);
	buf_add_str(&out, "[aliases]\n");
	for (size_t i = 0; i < kept.aliases.n; i++) {
		buf_add_str(&out, "  ");
		toml_quote(kept.aliases.v[i].key, &out);
		buf_add_str(&out, " = ");
		toml_quote(kept.aliases.v[i].value, &out);
		buf_add_char(&out, '\n');
	}
	r = file_replace(dir, slash + 1, out.p, out.n, 0644, FILE_SYNC);
	return r < 0 ? err_sys(e, r, "write '%s'", path) : 0;
}
