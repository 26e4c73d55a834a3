/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents that name each other, as a registry may answer: the input is documents divided by NUL, and any digest leads to one of them, so that there are circles and
 * endless chains. It ends; what came together is each once, what is referred to before what refers. The same documents as signatures and for people.
 */
#include "fuzz.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "codec/digest.h"
#include "image/making/list.h"
#include "image/moving/shipment.h"
#include "image/trust/attachment.h"

enum { DOCUMENTS_MAX = 16 };

struct documents {
	struct str v[DOCUMENTS_MAX];
	size_t n;
};

static int any_read(void *arg, const char *digest, struct arena *a, struct str *ret, struct err *e)
{
	const struct documents *all = arg;
	unsigned sum = 0;

	for (const char *p = digest; *p; p++)
		sum = sum * 31 + (unsigned char)*p;
	*ret = all->v[sum % all->n];
	return 0;
}

static void shipment_try(struct documents *all, struct arena *a)
{
	struct shipment s = { .arena = a };
	struct err e = { 0 };

	if (shipment_add(&s, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", any_read, all, &e) < 0) {
		assert(e.kind != ERR_NONE && e.msg[0]);
		return;
	}
	assert(s.documents.n > 0 && s.documents.n <= LIMIT_DOCUMENTS);
	VEC_EACH(const struct shipment_document, d, &s.documents)
		assert(d->media_type && shipment_find(&s, d->digest) == d);
	VEC_EACH(const struct deliver_blob, b, &s.blobs) {
		struct digest digest;

		assert(b->size >= 0 && digest_parse(b->digest, &digest) == 0);
	}
}

static void attachment_try(struct str text, struct arena *a)
{
	struct attachment at, again;
	struct str config, manifest;
	struct err e = { 0 };

	if (attachment_decode(text, a, &at, &e) < 0)
		return;
	assert(at.n <= LIMIT_SIGNATURES);
	for (size_t i = 0; i < at.n; i++)
		(void)attachment_signature(&at.v[i]);
	if (attachment_add(&at, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0, "c2ln", a, &config, &e) < 0 ||
		attachment_encode(&at, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", config.n, a, &manifest, &e) < 0)
		return;
	assert(attachment_decode(manifest, a, &again, &e) == 0 && (again.n == at.n || again.n == LIMIT_SIGNATURES));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	struct str rest = { arena_strndup(&a, (const char *)data, size), size }, shown;
	struct documents all = { .n = 0 };
	struct err e = { 0 };

	while (rest.p && all.n < DOCUMENTS_MAX)
		all.v[all.n++] = str_cut(rest, 0, &rest);
	shipment_try(&all, &a);
	attachment_try(all.v[0], &a);
	(void)list_show(all.v[0], &a, &shown, &e);
	return 0;
}
