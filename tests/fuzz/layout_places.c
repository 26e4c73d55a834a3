/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place as `copy` spells it, and the index.json or manifest.json found there; the first line is the place. What is chosen is in the document, and an index with
 * one more image in it can be read again and has it.
 */
#include "fuzz.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "image/moving/inlet_docker.h"
#include "image/moving/layout_index.h"
#include "spec/oci_image.h"

#define NEW_DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static bool place_try(const char *text, struct arena *a, struct transport *ret)
{
	struct err e = { 0 };

	if (transport_parse(text, a, ret, &e) < 0) {
		assert((e.kind == ERR_INVALID || e.kind == ERR_UNSUPPORTED) && e.msg[0]);
		return false;
	}
	assert(ret->kind < TRANSPORT_KIND_COUNT && ret->text == text && ret->index >= -1);
	assert(ret->kind == TRANSPORT_REGISTRY ? ret->name.host != NULL : ret->kind == TRANSPORT_STORE ? ret->id && *ret->id : ret->path && *ret->path);
	assert(!ret->tag || str_ends(text, ret->tag));
	return true;
}

static void index_choose_try(struct str text, const struct transport *t, struct arena *a)
{
	const struct oci_descriptor *d;
	struct err e = { 0 };

	if (layout_index_choose(text, t, a, &d, &e) == 0)
		assert(d->digest && *d->digest && memmem(text.p, text.n, d->digest, 7));
	else
		assert(e.kind != ERR_NONE && e.msg[0]);
}

static void index_add_try(struct str text, struct arena *a)
{
	scoped_buf struct buf b = BUF(2 * LIMIT_MANIFEST);
	struct shipment s = { .arena = a };
	struct layout_image image = { .digest = NEW_DIGEST, .manifest = NEW_DIGEST };
	const struct layout_images images = { &image, 1 };
	const struct transport named = { .tag = "docker.io/library/x:1", .index = -1 };
	const struct oci_descriptor *d;
	struct err e = { 0 };

	*vec_push(a, &s.documents) = (struct shipment_document){ .digest = NEW_DIGEST, .media_type = "application/vnd.oci.image.manifest.v1+json", .text = STR("") };
	strs_push(a, &image.names, "docker.io/library/x:1");
	if (layout_index_text(text, &s, &images, &b, &e) < 0) {
		assert(e.kind != ERR_NONE);
		return;
	}
	if (b.n > LIMIT_MANIFEST)
		return;
	assert(layout_index_choose(buf_str(&b), &named, a, &d, &e) == 0 && strcmp(d->digest, NEW_DIGEST) == 0);
}

static void archive_choose_try(struct str text, const struct transport *t, struct arena *a)
{
	const struct docker_archive_item *item = NULL;
	struct docker_archive archive;
	struct err e = { 0 };

	if (docker_archive_decode(text, a, &archive, &e) == 0 && inlet_docker_choose(&archive, t, a, &item, &e) == 0)
		assert(item >= archive.items && item < archive.items + archive.n_items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_arena struct arena a = { 0 };
	char *text = arena_strndup(&a, (const char *)data, size), *document = memchr(text, '\n', size);
	struct transport t;
	struct str rest;

	if (document)
		*document++ = 0;
	rest = document ? (struct str){ document, (size_t)(text + size - document) } : STR("{}");
	if (place_try(text, &a, &t)) {
		index_choose_try(rest, &t, &a);
		archive_choose_try(rest, &t, &a);
	}
	index_add_try(rest, &a);
	return 0;
}
