/* SPDX-License-Identifier: Apache-2.0 */
#include "image/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "codec/json.h"
#include "os/file.h"

struct auth_entry {
	const char *key;
	const char *auth, *username, *password, *identity_token;
};

struct auth_file {
	struct auth_entry *auths;
	size_t n_auths;
	const char *creds_store;
	struct pairs cred_helpers;
};

/* clang-format off */
static const struct field entry_fields[] = {
	FIELD(struct auth_entry, auth,           "auth",          STR, 0),
	FIELD(struct auth_entry, username,       "username",      STR, 0),
	FIELD(struct auth_entry, password,       "password",      STR, 0),
	FIELD(struct auth_entry, identity_token, "identitytoken", STR, 0),
};
static const struct schema entry_schema = SCHEMA("auth", struct auth_entry, entry_fields);
static const struct field file_fields[] = {
	FIELD_DICT(struct auth_file, auths,   "auths",       &entry_schema, 0),
	FIELD(struct auth_file, creds_store,  "credsStore",  STR,   0),
	FIELD(struct auth_file, cred_helpers, "credHelpers", PAIRS, 0),
};
static const struct schema file_schema = SCHEMA("auth file", struct auth_file, file_fields);
/* clang-format on */

/* ---- base64 of "user:password" ---- */

static int base64_value(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

static int base64_decode(const char *s, struct arena *a, char **ret)
{
	size_t n = strcspn(s, "=");
	char *out = arena_alloc(a, n + 1), *p = out;
	unsigned bits = 0;

	if (n % 4 == 1 || strlen(s) - n > 2 || s[n + strspn(s + n, "=")])
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		int v = base64_value(s[i]);

		if (v < 0)
			return -EINVAL;
		bits = bits << 6 | (unsigned)v;
		if (i % 4 > 0) {
			unsigned shift = 6 - 2 * (unsigned)(i % 4);

			*p = (char)(bits >> shift & 0xff);
			if (!*p++)
				return -EINVAL;
		}
	}
	*p = 0;
	*ret = out;
	return 0;
}

static int user_split(const char *text, struct arena *a, struct credentials *ret)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon == text)
		return -EINVAL;
	ret->user = arena_strndup(a, text, (size_t)(colon - text));
	ret->password = colon + 1;
	return 0;
}

/* ---- which entry ---- */

/* "https://host/v1/" and "host" are the same key, as Docker has written both. */
static struct str key_bare(const char *key)
{
	const char *rest = str_after(key, "https://");
	struct str s;

	if (!rest)
		rest = str_after(key, "http://");
	if (!rest)
		return str_of(key);
	s = str_of(rest);
	return str_cut(s, '/', &(struct str){ 0 });
}

static bool key_is(const char *key, struct str wanted, bool hub)
{
	struct str bare = key_bare(key);

	if (str_eq(bare, wanted))
		return true;
	return hub && str_is(wanted, "docker.io") && (str_is(bare, "index.docker.io") || str_is(bare, "registry-1.docker.io"));
}

static const struct auth_entry *entry_find(const struct auth_file *f, struct str wanted)
{
	for (size_t i = 0; i < f->n_auths; i++)
		if (key_is(f->auths[i].key, wanted, true))
			return &f->auths[i];
	return NULL;
}

/* Most specific first: host/a/b, host/a, host. */
static const struct auth_entry *entry_for(const struct auth_file *f, const char *host, const char *repository, struct arena *a)
{
	char *key = arena_printf(a, "%s/%s", host, repository);

	for (;;) {
		const struct auth_entry *entry = entry_find(f, str_of(key));
		char *slash = strrchr(key, '/');

		if (entry || !slash)
			return entry;
		*slash = 0;
	}
}

static bool entry_is_empty(const struct auth_entry *entry)
{
	return (!entry->auth || !*entry->auth) && (!entry->username || !*entry->username) && (!entry->identity_token || !*entry->identity_token);
}

int credentials_parse(struct str text, const char *host, const char *repository, struct arena *a, struct credentials *ret, struct err *e)
{
	struct credentials found = { 0 };
	const struct auth_entry *entry;
	struct auth_file file;
	char *plain;
	int r;

	r = json_decode(text, &file_schema, 0, a, &file, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < file.cred_helpers.n; i++)
		if (key_is(file.cred_helpers.v[i].key, str_of(host), true))
			return err_set(e, ERR_UNSUPPORTED, "unsupported: credential helper '%.60s' for '%s'; use an 'auths' entry", file.cred_helpers.v[i].value, host);
	entry = entry_for(&file, host, repository, a);
	if (!entry)
		return 0;
	/* With a store, Docker leaves an empty entry here as a mark that the secret is there. */
	if (entry_is_empty(entry)) {
		if (file.creds_store && *file.creds_store)
			return err_set(e, ERR_UNSUPPORTED, "unsupported: credential store '%.60s'; use an 'auths' entry", file.creds_store);
		return 0;
	}
	if (entry->auth && *entry->auth) {
		r = base64_decode(entry->auth, a, &plain);
		if (r == 0)
			r = user_split(plain, a, &found);
		if (r < 0)
			return err_set(e, ERR_INVALID, "the credentials for '%s' are not base64 of user:password", entry->key);
	} else {
		found.user = entry->username;
		found.password = entry->password;
	}
	if (entry->identity_token && *entry->identity_token)
		found.identity_token = entry->identity_token;
	*ret = found;
	return 1;
}

/* ---- which file ---- */

static void path_add(struct arena *a, struct strs *list, const char *directory, const char *rest)
{
	if (directory && *directory == '/')
		strs_push(a, list, arena_printf(a, "%s%s", directory, rest));
}

static void paths_default(struct arena *a, struct strs *list)
{
	const char *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME"), *docker = getenv("DOCKER_CONFIG");

	path_add(a, list, getenv("XDG_RUNTIME_DIR"), "/containers/auth.json");
	path_add(a, list, config && *config ? config : home, config && *config ? "/containers/auth.json" : "/.config/containers/auth.json");
	path_add(a, list, docker && *docker ? docker : home, docker && *docker ? "/config.json" : "/.docker/config.json");
}

int credentials_find(const char *host, const char *repository, const char *given, const char *authfile, struct arena *a, struct credentials *ret,
	struct err *e)
{
	const char *named = authfile ? authfile : getenv("REGISTRY_AUTH_FILE");
	struct strs paths = { 0 };

	*ret = (struct credentials){ 0 };
	if (given)
		return user_split(given, a, ret) < 0 ? err_set(e, ERR_INVALID, "credentials are not of the form user:password") : 0;
	if (named && *named)
		strs_push(a, &paths, named);
	else
		paths_default(a, &paths);
	for (size_t i = 0; i < paths.n; i++) {
		char *text;
		size_t n;
		int r = file_read(AT_FDCWD, paths.v[i], LIMIT_MANIFEST, a, &text, &n);

		if ((r == -ENOENT || r == -ENOTDIR || r == -EACCES) && !(named && *named))
			continue;
		if (r < 0)
			return err_sys(e, r, "read '%s'", paths.v[i]);
		r = credentials_parse((struct str){ text, n }, host, repository, a, ret, e);
		if (r < 0)
			return err_wrap(e, "%s", paths.v[i]);
		if (r > 0)
			return 0;
	}
	return 0;
}
