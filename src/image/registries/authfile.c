/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registries/authfile.h"

#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/vec.h"
#include "codec/json.h"

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
	FIELD(struct auth_entry, auth,           "auth",          STR, FIELD_OMIT_EMPTY),
	FIELD(struct auth_entry, username,       "username",      STR, FIELD_OMIT_EMPTY),
	FIELD(struct auth_entry, password,       "password",      STR, FIELD_OMIT_EMPTY),
	FIELD(struct auth_entry, identity_token, "identitytoken", STR, FIELD_OMIT_EMPTY),
};
static const struct schema entry_schema = SCHEMA("auth", struct auth_entry, entry_fields);
static const struct field file_fields[] = {
	FIELD_DICT(struct auth_file, auths,   "auths",       &entry_schema, 0),
	FIELD(struct auth_file, creds_store,  "credsStore",  STR,   0),
	FIELD(struct auth_file, cred_helpers, "credHelpers", PAIRS, 0),
};
static const struct schema file_schema = SCHEMA("auth file", struct auth_file, file_fields);
/* clang-format on */

int authfile_split(const char *text, struct arena *a, struct credentials *ret)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon == text)
		return -EINVAL;
	ret->user = arena_strndup(a, text, (size_t)(colon - text));
	ret->password = arena_strdup(a, colon + 1);
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

bool authfile_key_is(const char *key, const char *server)
{
	struct str bare = key_bare(key);

	if (str_is(bare, server))
		return true;
	return strcmp(server, "docker.io") == 0 && (str_is(bare, "index.docker.io") || str_is(bare, "registry-1.docker.io"));
}

static const struct auth_entry *entry_find(const struct auth_file *f, const char *wanted)
{
	for (size_t i = 0; i < f->n_auths; i++)
		if (authfile_key_is(f->auths[i].key, wanted))
			return &f->auths[i];
	return NULL;
}

/* Most specific first: host/a/b, host/a, host. */
static const struct auth_entry *entry_for(const struct auth_file *f, const char *host, const char *repository, struct arena *a)
{
	char *key = repository && *repository ? arena_printf(a, "%s/%s", host, repository) : arena_strdup(a, host);

	for (;;) {
		const struct auth_entry *entry = entry_find(f, key);
		char *slash = strrchr(key, '/');

		if (entry || !slash)
			return entry;
		*slash = 0;
	}
}

static bool is_set(const char *s)
{
	return s && *s;
}

static bool entry_is_empty(const struct auth_entry *entry)
{
	return !entry || (!is_set(entry->auth) && !is_set(entry->username) && !is_set(entry->identity_token));
}

static int entry_take(const struct auth_entry *entry, struct arena *a, struct credentials *ret, struct err *e)
{
	struct credentials found = { 0 };
	struct str plain;

	if (is_set(entry->auth)) {
		/* Docker writes a placeholder "user:" beside an identity token, too. */
		if (base64_decode(str_of(entry->auth), a, &plain) < 0 || strlen(plain.p) != plain.n || authfile_split(plain.p, a, &found) < 0)
			return err_set(e, ERR_INVALID, "the credentials for '%s' are not base64 of user:password", entry->key);
	} else {
		found.user = entry->username;
		found.password = entry->password;
	}
	if (is_set(entry->identity_token))
		found.identity_token = entry->identity_token;
	*ret = found;
	return 0;
}

static int file_decode(struct str text, bool legacy, struct arena *a, struct auth_file *ret, struct err *e)
{
	if (str_trim(text).n == 0)
		text = STR("{}");
	if (legacy) {
		const char *whole = arena_printf(a, "{\"auths\":" STR_FMT "}", STR_ARG(text));

		text = str_of(whole);
	}
	return json_decode(text, &file_schema, 0, a, ret, e);
}

/* Docker Hub has a name of its own there. */
static const char *server_for(const char *host)
{
	return strcmp(host, "docker.io") == 0 ? AUTHFILE_HUB : host;
}

/* The helper for one host: the one named for it, then the one for all. *ret_named tells which. */
static const char *helper_for(const struct auth_file *f, const char *host, const char **ret_server, bool *ret_named)
{
	for (size_t i = 0; i < f->cred_helpers.n; i++) {
		if (authfile_key_is(f->cred_helpers.v[i].key, host)) {
			*ret_server = f->cred_helpers.v[i].key;
			*ret_named = true;
			return f->cred_helpers.v[i].value;
		}
	}
	*ret_server = server_for(host);
	*ret_named = false;
	return is_set(f->creds_store) ? f->creds_store : NULL;
}

int authfile_parse(struct str text, bool legacy, const char *host, const char *repository, struct arena *a, struct authfile_answer *ret, struct err *e)
{
	struct authfile_answer answer = { 0 };
	const struct auth_entry *entry;
	struct auth_file file;
	bool named;
	int r = file_decode(text, legacy, a, &file, e);

	if (r < 0)
		return r;
	answer.helper = helper_for(&file, host, &answer.server, &named);
	entry = entry_for(&file, host, repository, a);
	/* With a store for all, Docker leaves an empty entry here as a mark that the secret is there; one with contents is meant. */
	if (!named && !entry_is_empty(entry)) {
		answer.helper = NULL;
		r = entry_take(entry, a, &answer.credentials, e);
		if (r < 0)
			return r;
	} else if (!answer.helper) {
		return 0;
	}
	*ret = answer;
	return 1;
}

/* ---- writing ---- */

int authfile_edit(struct str text, const char *key, const struct credentials *c, bool mark, struct buf *out, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_buf struct buf value = BUF(LIMIT_HELPER);
	struct auth_entry entry = { 0 };

	if (c && !mark) {
		const char *plain = arena_printf(&a, "%s:%s", c->user ? c->user : "", c->password ? c->password : "");

		entry.auth = base64_encode(str_of(plain), &a);
		entry.identity_token = c->identity_token;
	}
	if (c && json_encode(&entry_schema, &entry, JSON_INDENT_NONE, &value) < 0)
		return err_set(e, ERR_EXHAUSTED, "credentials are too long");
	return json_edit(text, (const char *const[]){ "auths", key }, 2, c ? buf_str(&value) : (struct str){ 0 }, out, e);
}

int authfile_keys(struct str text, struct arena *a, struct strs *ret, struct err *e)
{
	struct auth_file file;
	int r = file_decode(text, false, a, &file, e);

	for (size_t i = 0; r == 0 && i < file.n_auths; i++)
		strs_push(a, ret, file.auths[i].key);
	return r;
}

int authfile_helper(struct str text, const char *host, struct arena *a, const char **ret, struct err *e)
{
	struct auth_file file;
	const char *server;
	bool named;
	int r = file_decode(text, false, a, &file, e);

	if (r == 0)
		*ret = helper_for(&file, host, &server, &named);
	return r;
}
