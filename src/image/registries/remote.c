/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registries/remote.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "base/vec.h"
#include "codec/json.h"
#include "image/courier.h"
#include "image/moving/bring.h"
#include "image/registries/endpoint.h"
#include "image/registries/pages.h"
#include "image/registries/referrers.h"

enum { PER_PAGE = 1000 };

static int name_parse(const char *text, struct arena *a, struct reference *ret, struct err *e)
{
	const char *bare = str_after(text, "docker://");

	return reference_parse(bare ? bare : text, a, ret, e);
}

static int open_at(struct image_store *s, const char *host, const char *repository, enum sink_kind sink, const struct pull_options *o, struct arena *a,
	struct courier *ret, struct err *e)
{
	const struct endpoint_options eo = { .no_tls_verify = o->no_tls_verify, .authfile = o->authfile, .credentials = o->credentials, .cert_dir = o->cert_dir };
	struct transfer_message task;
	struct endpoint p;
	int r = endpoint_find(host, repository, &eo, a, &p, e);

	if (r < 0)
		return r;
	task = endpoint_task(&p);
	task.sink = sink;
	r = courier_open(ret, s, &task, NULL, 0, o->cancel_fd, e);
	if (r == 0) {
		ret->notice = o->message;
		ret->arg = o->arg;
	}
	return r;
}

/* ---- lists ---- */

struct names {
	struct strs tags;
};
static const struct field names_fields[] = { FIELD(struct names, tags, "tags", STRS, 0) };
static const struct schema names_schema = SCHEMA("list", struct names, names_fields);

struct tags {
	struct arena *arena;
	struct strs *list;
};

static int on_page(void *arg, struct str text, struct err *e)
{
	struct tags *tags = arg;
	struct names names;
	int r = json_decode(text, &names_schema, 0, tags->arena, &names, e);

	for (size_t i = 0; r == 0 && i < names.tags.n; i++)
		strs_push(tags->arena, tags->list, names.tags.v[i]);
	return r;
}

int remote_tags(struct image_store *s, const char *name, const struct pull_options *o, struct arena *a, struct strs *ret, const char **ret_repository,
	struct err *e)
{
	scoped_courier struct courier l = COURIER_NONE;
	struct reference ref;
	struct strs tags = { 0 };
	struct tags taking = { a, &tags };
	int r = name_parse(name, a, &ref, e);

	if (r < 0)
		return r;
	r = open_at(s, ref.host, ref.repository, SINK_NONE, o, a, &l, e);
	if (r == 0)
		r = pages_read(&l, arena_printf(a, "/tags/list?n=%d", PER_PAGE), "application/json", on_page, &taking, a, e);
	if (r < 0)
		return err_wrap(e, "tags of '%s/%s'", ref.host, ref.repository);
	*ret = tags;
	if (ret_repository)
		*ret_repository = arena_printf(a, "%s/%s", ref.host, ref.repository);
	return 0;
}

/* ---- one image ---- */

/* The digest a name stands for; where the registry does not say, it is computed. */
static int digest_of_name(struct courier *l, const struct reference *ref, struct arena *a, const char **ret, struct err *e)
{
	const char *name = arena_printf(a, "/manifests/%s", ref->digest ? ref->digest : ref->tag);
	char text[DIGEST_TEXT_SIZE];
	struct presence there;
	struct document document;
	struct digest d;
	int r = courier_has(l, name, BRING_ACCEPT, a, &there, e);

	if (r < 0)
		return r;
	if (there.digest && digest_parse(there.digest, &d) == 0) {
		*ret = there.digest;
		return 0;
	}
	r = courier_get(l, name, BRING_ACCEPT, LIMIT_MANIFEST, a, &document, e);
	if (r < 0)
		return r;
	digest_of(DIGEST_SHA256, document.text.p, document.text.n, &d);
	digest_print(&d, text);
	*ret = arena_strdup(a, text);
	return 0;
}

int remote_referrers(struct image_store *s, const char *name, const char *artifact_type, const struct pull_options *o, struct arena *a,
	struct oci_index *ret, const char **ret_digest, struct err *e)
{
	scoped_courier struct courier l = COURIER_NONE;
	const char *digest;
	struct reference ref;
	int r = name_parse(name, a, &ref, e);

	if (r < 0)
		return r;
	digest = ref.digest;
	r = open_at(s, ref.host, ref.repository, SINK_NONE, o, a, &l, e);
	/* Referrers may come before what they are about. */
	if (r == 0 && !digest)
		r = digest_of_name(&l, &ref, a, &digest, e);
	if (r == 0)
		r = referrers_list(&l, digest, artifact_type, a, ret, e);
	if (r < 0)
		return err_wrap(e, "'%s'", reference_familiar(&ref, a));
	*ret_digest = digest;
	return 0;
}

/* What a manifest is about; NULL: nothing, or it cannot be read. */
static const char *subject_of(struct courier *l, const char *digest, struct arena *a)
{
	struct document document;
	struct oci_manifest m;
	struct oci_index index;
	struct err ignored;

	if (courier_get(l, arena_printf(a, "/manifests/%s", digest), BRING_ACCEPT, LIMIT_MANIFEST, a, &document, &ignored) < 0)
		return NULL;
	if (oci_manifest_decode_any(document.text, a, &m, &ignored) == 0)
		return m.subject ? m.subject->digest : NULL;
	return oci_index_decode(document.text, a, &index, &ignored) == 0 && index.subject ? index.subject->digest : NULL;
}

/* The manifest, and then its entry among the referrers of what it is about. */
static int manifest_delete(struct courier *l, const char *digest, struct arena *a, struct err *e)
{
	const char *subject = subject_of(l, digest, a);
	int r = courier_drop(l, arena_printf(a, "/manifests/%s", digest), e);

	return r == 0 && subject ? referrers_forget(l, subject, digest, a, e) : r;
}

int remote_delete(struct image_store *s, const char *name, bool only_tag, const struct pull_options *o, struct arena *a, const char **ret_digest,
	struct err *e)
{
	scoped_courier struct courier l = COURIER_NONE;
	const char *digest = NULL;
	struct reference ref;
	int r = name_parse(name, a, &ref, e);

	if (r == 0 && only_tag && !ref.tag)
		r = err_set(e, ERR_INVALID, "'%.200s' has no tag", name);
	if (r < 0)
		return r;
	r = open_at(s, ref.host, ref.repository, SINK_REGISTRY, o, a, &l, e);
	if (r == 0 && !only_tag)
		r = digest_of_name(&l, &ref, a, &digest, e);
	if (r == 0)
		r = only_tag ? courier_drop(&l, arena_printf(a, "/manifests/%s", ref.tag), e) : manifest_delete(&l, digest, a, e);
	if (r < 0)
		return err_wrap(e, "delete '%s'", reference_familiar(&ref, a));
	if (ret_digest)
		*ret_digest = digest;
	return 0;
}
