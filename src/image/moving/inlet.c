/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/inlet.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "image/moving/layout_index.h"
#include "image/origin.h"
#include "image/registries/endpoint.h"
#include "image/store/find.h"
#include "os/fd.h"

#define ACCEPT_MANIFESTS                                                                                                     \
	"application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "                              \
	"application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"

/* ---- registry ---- */

/* The document the name stands for; a digest in the name is checked by whoever reads. */
static int registry_resolve(struct inlet *i, const struct reference *ref, struct err *e)
{
	const char *name = arena_printf(i->arena, "/manifests/%s", ref->digest ? ref->digest : ref->tag);
	char text[DIGEST_TEXT_SIZE];
	struct document document;
	struct digest d;
	int r = courier_get(&i->courier, name, ACCEPT_MANIFESTS, LIMIT_MANIFEST, i->arena, &document, e);

	if (r < 0)
		return r;
	d.kind = DIGEST_SHA256;
	if (ref->digest && digest_parse(ref->digest, &d) < 0)
		return err_set(e, ERR_INVALID, "digest '%.100s' is not well-formed", ref->digest);
	digest_of(d.kind, document.text.p, document.text.n, &d);
	digest_print(&d, text);
	if (ref->digest && strcmp(ref->digest, text) != 0)
		return err_set(e, ERR_CORRUPT, "registry has a manifest with digest %s, expected %s", text, ref->digest);
	i->digest = arena_strdup(i->arena, text);
	i->made = document.text;
	return 0;
}

static int registry_try(struct inlet *i, const struct endpoint *endpoint, struct err *e)
{
	struct transfer_message task = endpoint_task(endpoint);
	int r;

	task.parallel = i->options->parallel;
	r = courier_open(&i->courier, i->store, &task, NULL, 0, i->options->cancel_fd, e);
	if (r == 0)
		r = registry_resolve(i, &i->from->name, e);
	if (r < 0)
		courier_done(&i->courier);
	return r;
}

/* Mirrors in their order, then the registry. */
static int registry_open(struct inlet *i, struct err *e)
{
	const struct endpoint_options eo = { .no_tls_verify = i->options->no_tls_verify, .authfile = i->options->authfile,
		.credentials = i->options->credentials, .cert_dir = i->options->cert_dir };
	struct registries registries;
	struct endpoints places;
	int r = registries_load(i->arena, &registries, e);

	if (r == 0)
		r = endpoints_find(&registries, &i->from->name, ENDPOINT_PULL, &eo, i->arena, &places, e);
	if (r < 0)
		return r;
	i->names = INLET_REGISTRY;
	for (size_t k = 0; k < places.n; k++) {
		r = endpoint_authorize(&registries, &eo, i->arena, &places.v[k], e);
		if (r == 0)
			r = registry_try(i, &places.v[k], e);
		if (r == 0 || e->kind == ERR_CANCELED)
			break;
	}
	i->repository_host = i->from->name.host;
	i->repository = i->from->name.repository;
	return r;
}

/* ---- the store ---- */

static int store_open(struct inlet *i, struct err *e)
{
	int r = find_record(i->store, i->from->id, i->arena, &i->record, e);

	if (r == 0)
		r = image_pin(i->store, i->record.id, &i->pin, e);
	if (r < 0)
		return r;
	i->names = INLET_STORE;
	i->digest = i->record.index && content_blob_has(i->store, i->record.index, -1) ? i->record.index : i->record.manifest;
	return 0;
}

/* ---- layouts, archives, dir: ---- */

static int layout_open(struct inlet *i, struct str index, struct err *e)
{
	const struct oci_descriptor *d;
	int r = layout_index_choose(index, i->from, i->arena, &d, e);

	if (r < 0)
		return r;
	i->names = INLET_LAYOUT;
	i->digest = d->digest;
	return 0;
}

static int dir_open_(struct inlet *i, struct err *e)
{
	char text[DIGEST_TEXT_SIZE];
	struct document manifest;
	struct digest d;
	int r = courier_get(&i->courier, "manifest.json", NULL, LIMIT_MANIFEST, i->arena, &manifest, e);

	if (r < 0)
		return r;
	digest_of(DIGEST_SHA256, manifest.text.p, manifest.text.n, &d);
	digest_print(&d, text);
	i->names = INLET_DIR;
	i->digest = arena_strdup(i->arena, text);
	i->made = manifest.text;
	return 0;
}

static int docker_open(struct inlet *i, struct err *e)
{
	int r = inlet_docker_open(&i->courier, i->store, i->from, i->arena, &i->blobs, &i->made, e);
	char text[DIGEST_TEXT_SIZE];
	struct digest d;

	if (r < 0)
		return r;
	digest_of(DIGEST_SHA256, i->made.p, i->made.n, &d);
	digest_print(&d, text);
	i->digest = arena_strdup(i->arena, text);
	i->names = INLET_DOCKER;
	return 0;
}

static int files_open(struct inlet *i, struct err *e)
{
	struct document layout, index;
	struct err why;
	int r = origin_open(i->store, i->from->path, -1, SOURCE_ARCHIVE, SOURCE_LAYOUT, i->options, &i->courier, e);

	if (r < 0)
		return r;
	if (i->from->kind == TRANSPORT_DIR)
		return dir_open_(i, e);
	if (courier_get(&i->courier, "oci-layout", NULL, LIMIT_PROC_FILE, i->arena, &layout, &why) == 0) {
		r = oci_layout_check(layout.text, e);
		if (r == 0)
			r = courier_get(&i->courier, "index.json", NULL, LIMIT_MANIFEST, i->arena, &index, e);
		return r < 0 ? r : layout_open(i, index.text, e);
	}
	if (why.kind == ERR_NOT_FOUND && i->from->kind == TRANSPORT_DOCKER_ARCHIVE)
		return docker_open(i, e);
	*e = why;
	return err_wrap(e, "no OCI layout");
}

/* ---- all of them ---- */

int inlet_open(struct inlet *i, struct err *e)
{
	static int (*const open[TRANSPORT_KIND_COUNT])(struct inlet *i, struct err *e) = {
		[TRANSPORT_REGISTRY] = registry_open, [TRANSPORT_STORE] = store_open,           [TRANSPORT_OCI] = files_open,
		[TRANSPORT_OCI_ARCHIVE] = files_open, [TRANSPORT_DOCKER_ARCHIVE] = files_open, [TRANSPORT_DIR] = files_open,
	};

	return open[i->from->kind](i, e);
}

static const char *document_name(const struct inlet *i, const char *digest)
{
	if (i->names == INLET_REGISTRY)
		return arena_printf(i->arena, "/manifests/%s", digest);
	if (i->names == INLET_DIR)
		return arena_printf(i->arena, "%s.manifest.json", digest_hex(digest));
	return arena_printf(i->arena, "blobs/%s", content_blob_name(digest).s);
}

const char *inlet_blob_name(const struct inlet *i, const char *digest)
{
	if (i->names == INLET_REGISTRY)
		return arena_printf(i->arena, "/blobs/%s", digest);
	return i->names == INLET_DIR ? digest_hex(digest) : arena_printf(i->arena, "blobs/%s", content_blob_name(digest).s);
}

int inlet_read(void *inlet, const char *digest, struct arena *a, struct str *ret, struct err *e)
{
	struct inlet *i = inlet;
	struct document document;
	struct digest want, got;
	int r;

	if (i->names == INLET_STORE)
		return content_blob_read(i->store, digest, a, ret, e);
	if (digest_parse(digest, &want) < 0)
		return err_set(e, ERR_INVALID, "digest '%.100s' is not well-formed", digest);
	if (i->made.p && strcmp(i->digest, digest) == 0) {
		*ret = i->made;
		return 0;
	}
	r = courier_get(&i->courier, document_name(i, digest), ACCEPT_MANIFESTS, LIMIT_MANIFEST, a, &document, e);
	if (r < 0)
		return r;
	digest_of(want.kind, document.text.p, document.text.n, &got);
	if (!digest_eq(&want, &got))
		return err_set(e, ERR_CORRUPT, "what '%.200s' has as manifest %s does not have that digest", i->from->text, digest);
	*ret = document.text;
	return 0;
}

int inlet_read_blob(struct inlet *i, const struct oci_descriptor *d, struct arena *a, struct str *ret, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);
	scoped_fd int fd = inlet_blob_open(i, d->digest, d->size);
	struct document document = { 0 };
	struct digest want, got;
	int r;

	if (d->size > LIMIT_MANIFEST)
		return err_set(e, ERR_EXHAUSTED, "document %.19s has %lld bytes, more than we take", d->digest, (long long)d->size);
	if (fd >= 0) {
		r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_read_buf(fd, &b);
		if (r < 0)
			return err_sys(e, r, "read document %.19s", d->digest);
		document.text = (struct str){ arena_memdup(a, buf_text(&b), b.n + 1), b.n };
	} else {
		r = i->names == INLET_STORE ? err_set(e, ERR_NOT_FOUND, "document %.19s is not here", d->digest) :
			courier_get(&i->courier, inlet_blob_name(i, d->digest), NULL, (uint64_t)d->size, a, &document, e);
		if (r < 0)
			return r;
	}
	if (digest_parse(d->digest, &want) < 0)
		return err_set(e, ERR_INVALID, "digest '%.100s' is not well-formed", d->digest);
	digest_of(want.kind, document.text.p, document.text.n, &got);
	if (!digest_eq(&want, &got))
		return err_set(e, ERR_CORRUPT, "what '%.200s' has as %s does not have that digest", i->from->text, d->digest);
	*ret = document.text;
	return 0;
}

int inlet_blob_open(const struct inlet *i, const char *digest, int64_t size)
{
	struct content_name name = content_blob_name(digest);
	int fd;

	VEC_EACH(const struct inlet_blob, b, &i->blobs.list)
		if (strcmp(b->digest, digest) == 0)
			return fd_dup_min(b->fd, 3);
	if (!content_blob_has(i->store, digest, size))
		return -ENOENT;
	fd = openat(i->store->blobs_fd, name.s, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

bool inlet_is_signed(struct inlet *i)
{
	struct document document;
	struct err ignored; /* none */

	return i->names == INLET_DIR && courier_get(&i->courier, "signature-1", NULL, LIMIT_MANIFEST, i->arena, &document, &ignored) == 0;
}

void inlet_done(struct inlet *i)
{
	courier_done(&i->courier);
	VEC_EACH(struct inlet_blob, b, &i->blobs.list)
		b->fd = fd_close(b->fd);
	if (i->pin >= 0)
		content_unlock(i->store, CONTENT_LOCK_IMAGE, i->record.id, i->pin);
	i->pin = -EBADF;
}
