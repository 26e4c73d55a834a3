/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/lookaside.h"

#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/vec.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "image/registries/config_file.h"

struct entry {
	const char *key;
	const char *read, *write, *old_read, *old_write;
	struct str attachments;
};
struct document {
	struct entry all;
	struct entry *docker;
	size_t n_docker;
};

/* clang-format off */
static const struct field entry_fields[] = {
	FIELD(struct entry, read,        "lookaside",                STR, FIELD_NONEMPTY),
	FIELD(struct entry, write,       "lookaside-staging",        STR, FIELD_NONEMPTY),
	FIELD(struct entry, old_read,    "sigstore",                 STR, FIELD_NONEMPTY),
	FIELD(struct entry, old_write,   "sigstore-staging",         STR, FIELD_NONEMPTY),
	FIELD(struct entry, attachments, "use-sigstore-attachments", RAW, 0),
};
static const struct schema entry_schema = SCHEMA("docker", struct entry, entry_fields);
static const struct field document_fields[] = {
	FIELD_OBJ(struct document, all,     "default-docker", &entry_schema, 0),
	FIELD_DICT(struct document, docker, "docker",         &entry_schema, 0),
};
static const struct schema document_schema = SCHEMA("registries.d", struct document, document_fields);
/* clang-format on */

static int url_check(const char *url, struct err *e)
{
	if (url && !str_after(url, "file:///") && !str_after(url, "https://") && !str_after(url, "http://"))
		return err_set(e, ERR_INVALID, "'%.200s' is no file, http or https URL", url);
	return 0;
}

static int entry_place(struct lookaside *io, const char *scope, const struct entry *in, struct arena *a, struct err *e)
{
	struct lookaside_scope s = { scope, in->read ? in->read : in->old_read, in->write ? in->write : in->old_write, in->attachments };
	int r = url_check(s.read, e);

	if (r == 0)
		r = url_check(s.write, e);
	if (r < 0 || (!s.read && !s.write && !s.attachments.p))
		return r;
	VEC_EACH(const struct lookaside_scope, old, io)
		if (strcmp(old->scope, scope) == 0)
			return err_set(e, ERR_INVALID, "scope '%.200s' is in two files", *scope ? scope : "default-docker");
	*vec_push(a, io) = s;
	return 0;
}

int lookaside_add(struct lookaside *io, struct str json, struct arena *a, struct err *e)
{
	struct document d;
	int r = json_decode(json, &document_schema, JSON_EXACT, a, &d, e);

	if (r == 0)
		r = entry_place(io, "", &d.all, a, e);
	for (size_t i = 0; r == 0 && i < d.n_docker; i++)
		r = entry_place(io, d.docker[i].key, &d.docker[i], a, e);
	return r;
}

int lookaside_load(struct arena *a, struct lookaside *ret, struct err *e)
{
	const char *own = config_file_home(".config/containers/registries.d", a);
	struct lookaside all = { 0 };
	struct strs files = { 0 };
	int r = config_file_list(own && access(own, F_OK) == 0 ? own : "/etc/containers/registries.d", ".yaml", a, &files, e);

	for (size_t i = 0; r == 0 && i < files.n; i++) {
		scoped_buf struct buf json = BUF(LIMIT_DOCUMENT);

		r = config_file_yaml(files.v[i], &json, a, e);
		if (r > 0)
			r = lookaside_add(&all, buf_str(&json), a, e);
		if (r < 0)
			return err_wrap(e, "%s", files.v[i]);
	}
	if (r == 0)
		*ret = all;
	return r;
}

static const struct lookaside_scope *scope_find(const struct lookaside *l, const char *scope)
{
	VEC_EACH(const struct lookaside_scope, s, l)
		if (strcmp(s->scope, scope) == 0)
			return s;
	return NULL;
}

/* The image, its repository, what is above it, then the default. */
static const struct lookaside_scope *scope_for(const struct lookaside *l, const struct reference *ref, struct arena *a)
{
	const struct lookaside_scope *s = scope_find(l, reference_print(ref, a));
	char *name = arena_printf(a, "%s/%s", ref->host, ref->repository);

	for (char *slash = name; !s && slash;) {
		s = scope_find(l, name);
		slash = strrchr(name, '/');
		if (slash)
			*slash = 0;
	}
	return s ? s : scope_find(l, "");
}

struct lookaside_place lookaside_find(const struct lookaside *l, const struct reference *ref, bool write, struct arena *a)
{
	const struct lookaside_scope *s = scope_for(l, ref, a);
	const char *url = s ? write && s->write ? s->write : s->read : NULL, *own = config_file_home(".local/share/containers/sigstore", a);
	size_t n;

	if (!url)
		url = getuid() == 0 || !own ? "file:///var/lib/containers/sigstore" : arena_printf(a, "file://%s", own);
	for (n = strlen(url); n > 0 && url[n - 1] == '/';)
		n--;
	return (struct lookaside_place){ arena_strndup(a, url, n), !s || !str_is(s->attachments, "false") };
}

const char *lookaside_path(const struct reference *ref, const char *digest, unsigned n, struct arena *a)
{
	return arena_printf(a, "%s@%.*s=%s/signature-%u", ref->repository, (int)strcspn(digest, ":"), digest, digest_hex(digest), n);
}
