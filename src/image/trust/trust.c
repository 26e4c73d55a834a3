/* SPDX-License-Identifier: Apache-2.0 */
#include "image/trust/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/vec.h"
#include "image/trust/attachment.h"
#include "image/trust/gpg.h"
#include "image/trust/payload.h"
#include "os/file.h"

int trust_load(const char *policy_file, struct arena *a, struct trust *ret, struct err *e)
{
	int r;

	*ret = (struct trust){ 0 };
	r = policy_load(policy_file, a, &ret->policy, e);
	return r == 0 && ret->policy.file ? lookaside_load(a, &ret->lookaside, e) : r;
}

/* One look at all signatures for one requirement. */
struct checking {
	const struct trust *trust;
	const struct trust_subject *subject;
	const struct requirement *requirement;
	struct courier desk;     /* where public-key signatures are looked at; open when needed */
	size_t seen;
	struct err reason;       /* why the last one did not do */
	struct arena *a;
};

static void checking_done(struct checking *c)
{
	courier_done(&c->desk);
}

/* ---- keys ---- */

static int keys_read(const struct requirement *q, struct arena *a, struct str **ret, size_t *ret_n, struct err *e)
{
	struct str *keys = arena_array(a, struct str, q->key_paths.n + q->key_data.n);
	size_t n = 0;

	for (size_t i = 0; i < q->key_paths.n; i++, n++) {
		char *text;
		int r = file_read(AT_FDCWD, q->key_paths.v[i], LIMIT_CERTS, a, &text, &keys[n].n);

		if (r < 0)
			return err_sys(e, r, "read key '%s' of the signature policy", q->key_paths.v[i]);
		keys[n].p = text;
	}
	for (size_t i = 0; i < q->key_data.n; i++, n++)
		if (base64_decode(str_of(q->key_data.v[i]), a, &keys[n]) < 0)
			return err_set(e, ERR_INVALID, "keyData of the signature policy is not base64");
	*ret = keys;
	*ret_n = n;
	return 0;
}

/* ---- what a verified payload must say ---- */

static int payload_judge(const struct checking *c, struct str text, enum payload_type type, struct err *e)
{
	const struct trust_subject *s = c->subject;
	struct payload p;
	int r = payload_parse(text, type, c->a, &p, e);

	if (r < 0)
		return r;
	if (strcmp(p.digest, s->manifest) != 0 && !streq(p.digest, s->index))
		return err_set(e, ERR_DENIED, "signature is for the digest %.19s", p.digest);
	return identity_match(c->requirement->identity, p.reference, s->ref, c->a, e);
}

/* Notes why a signature does not do, and goes on to the next. Returns 1 if it does. */
static int verdict(struct checking *c, int r, const struct err *e)
{
	c->seen++;
	if (r == 0)
		return 1;
	c->reason = *e;
	return e->kind == ERR_CANCELED || e->kind == ERR_INTERNAL ? r : 0;
}

/* ---- simple signatures in a lookaside ---- */

/* Returns 1 and a signature, 0 if there is none with that number. */
static int signature_read_file(const char *directory, const char *path, struct arena *a, struct str *ret, struct err *e)
{
	const char *whole = arena_printf(a, "%s/%s", directory, path);
	char *text;
	int r = file_read(AT_FDCWD, whole, LIMIT_SIGNATURE, a, &text, &ret->n);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return err_sys(e, r, "read signature '%s'", whole);
	ret->p = text;
	return 1;
}

static int signature_read_url(struct courier *lookaside, const char *path, struct arena *a, struct str *ret, struct err *e)
{
	struct document d;
	int r = courier_get(lookaside, arena_printf(a, "//%s", path), NULL, LIMIT_SIGNATURE, a, &d, e);

	if (r < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : r;
	*ret = d.text;
	return 1;
}

static int lookaside_open(const struct checking *c, const char *url, struct courier *ret, struct err *e)
{
	const char *host = strstr(url, "://") + 3;
	struct transfer_message task = { .source = SOURCE_REGISTRY, .base = url, .host = arena_strndup(c->a, host, strcspn(host, "/")) };

	return courier_open(ret, c->subject->store, &task, NULL, 0, c->subject->cancel_fd, e);
}

/* All signatures of one digest. Returns 1 if one of them does. */
static int lookaside_check(struct checking *c, const char *url, struct courier *remote, const char *digest, const struct str *keys, size_t n_keys, struct err *e)
{
	const char *directory = str_after(url, "file://");

	for (unsigned n = 1; n <= LIMIT_SIGNATURES; n++) {
		const char *path = lookaside_path(c->subject->ref, digest, n, c->a);
		struct str message, text;
		int r = directory ? signature_read_file(directory, path, c->a, &message, e) : signature_read_url(remote, path, c->a, &message, e);

		if (r <= 0)
			return r;
		r = gpg_verify(message, keys, n_keys, c->a, &text, e);
		if (r == -ENOENT)
			return r;
		if (r == 0)
			r = payload_judge(c, text, PAYLOAD_ATOMIC, e);
		r = verdict(c, r, e);
		if (r != 0)
			return r;
	}
	return 0;
}

static int signed_by_check(struct checking *c, struct err *e)
{
	struct lookaside_place place = lookaside_find(&c->trust->lookaside, c->subject->ref, false, c->a);
	SCOPED(courier_done) struct courier remote = COURIER_NONE;
	struct str *keys;
	size_t n_keys;
	int r = keys_read(c->requirement, c->a, &keys, &n_keys, e);

	if (r == 0 && !str_after(place.url, "file://"))
		r = lookaside_open(c, place.url, &remote, e);
	if (r == 0)
		r = lookaside_check(c, place.url, &remote, c->subject->manifest, keys, n_keys, e);
	if (r == 0 && c->subject->index)
		r = lookaside_check(c, place.url, &remote, c->subject->index, keys, n_keys, e);
	return r;
}

/* ---- sigstore's, beside the image ---- */

static int desk_open(struct checking *c, struct err *e)
{
	struct transfer_message task = { .source = SOURCE_NONE };

	return c->desk.sock >= 0 ? 0 : courier_open(&c->desk, c->subject->store, &task, NULL, 0, c->subject->cancel_fd, e);
}

/* By any of the keys. */
static int keys_verify(struct checking *c, struct str text, const char *signature, const struct str *keys, size_t n_keys, struct err *e)
{
	int r = desk_open(c, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n_keys; i++) {
		r = courier_verify(&c->desk, text, signature, keys[i], e);
		if (r == 0 || e->kind != ERR_DENIED)
			return r;
	}
	return n_keys ? r : err_set(e, ERR_DENIED, "there is no key");
}

static int layer_check(struct checking *c, const struct oci_descriptor *d, const struct str *keys, size_t n_keys, struct err *e)
{
	const char *signature = attachment_signature(d);
	struct digest want, got;
	struct document blob;
	int r;

	if (!signature || d->size > LIMIT_SIGNATURE || digest_parse(d->digest, &want) < 0)
		return err_set(e, ERR_DENIED, "signature is malformed");
	r = courier_get(c->subject->courier, arena_printf(c->a, "/blobs/%s", d->digest), NULL, LIMIT_SIGNATURE, c->a, &blob, e);
	if (r < 0)
		return r;
	digest_of(want.kind, blob.text.p, blob.text.n, &got);
	if (!digest_eq(&want, &got))
		return err_set(e, ERR_CORRUPT, "signature's payload does not have its digest");
	r = keys_verify(c, blob.text, signature, keys, n_keys, e);
	return r < 0 ? r : payload_judge(c, blob.text, PAYLOAD_COSIGN, e);
}

static int attachment_check(struct checking *c, const char *digest, const struct str *keys, size_t n_keys, struct err *e)
{
	const char *tag = attachment_tag(digest, c->a);
	struct attachment at;
	struct document d;
	int r = courier_get(c->subject->courier, arena_printf(c->a, "/manifests/%s", tag), ATTACHMENT_ACCEPT, LIMIT_MANIFEST, c->a, &d, e);

	if (r < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : r;
	r = attachment_decode(d.text, c->a, &at, e);
	if (r < 0)
		return verdict(c, err_wrap(e, "'%s'", tag), e);
	for (size_t i = 0; i < at.n; i++) {
		r = verdict(c, layer_check(c, &at.v[i], keys, n_keys, e), e);
		if (r != 0)
			return r;
	}
	return 0;
}

static int sigstore_check(struct checking *c, struct err *e)
{
	struct str *keys;
	size_t n_keys;
	int r = keys_read(c->requirement, c->a, &keys, &n_keys, e);

	if (r < 0)
		return r;
	if (!lookaside_find(&c->trust->lookaside, c->subject->ref, false, c->a).attachments)
		return err_set(e, ERR_DENIED, "a sigstore signature is required, but registries.d says use-sigstore-attachments: false");
	r = attachment_check(c, c->subject->manifest, keys, n_keys, e);
	if (r == 0 && c->subject->index)
		r = attachment_check(c, c->subject->index, keys, n_keys, e);
	return r;
}

/* ---- requirements ---- */

static int requirement_check(const struct trust *t, const struct requirement *q, const struct trust_subject *s, struct arena *a, struct err *e)
{
	SCOPED(checking_done) struct checking c = { .trust = t, .subject = s, .requirement = q, .desk = COURIER_NONE, .a = a };
	int r;

	if (q->type == REQUIRE_NOTHING)
		return 0;
	if (q->type == REQUIRE_REJECT)
		return err_set(e, ERR_DENIED, "images of this name are rejected");
	if (q->unsupported)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: '%s' in requirement '%s'", q->unsupported, enumtab_name(&requirement_types, (int)q->type));
	if (!s || !s->courier)
		return err_set(e, ERR_DENIED, "a signature is required, and there can be none");
	r = q->type == REQUIRE_SIGNED_BY ? signed_by_check(&c, e) : sigstore_check(&c, e);
	if (r != 0)
		return r < 0 ? r : 0;
	if (c.seen == 0)
		return err_set(e, ERR_DENIED, "a signature is required, and there is none");
	return err_set(e, ERR_DENIED, "none of %zu signature%s does: %s", c.seen, c.seen > 1 ? "s" : "", c.reason.msg);
}

static int scope_check(const struct trust *t, const struct policy_scope *scope, const struct trust_subject *s, struct arena *a, struct err *e)
{
	int r = 0;

	if (!scope)
		return 0;
	for (size_t i = 0; r == 0 && i < scope->requirements.n; i++)
		r = requirement_check(t, &scope->requirements.v[i], s, a, e);
	return r < 0 ? err_wrap(e, "signature policy '%s'", t->policy.file) : 0;
}

int trust_check(const struct trust *t, const struct trust_subject *s, struct arena *a, struct err *e)
{
	return scope_check(t, policy_find(&t->policy, s->ref, a), s, a, e);
}

int trust_check_path(const struct trust *t, const char *transport, const char *path, struct arena *a, struct err *e)
{
	return scope_check(t, policy_find_path(&t->policy, transport, path, a), NULL, a, e);
}
