/* SPDX-License-Identifier: Apache-2.0 */
#include "image/making/artifact.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/vec.h"
#include "image/courier.h"
#include "image/making/artifact_files.h"
#include "image/moving/shipment.h"
#include "image/registries/endpoint.h"
#include "os/fd.h"

#define TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define TYPE_EMPTY "application/vnd.oci.empty.v1+json"
#define EMPTY_TEXT "{}"

/* ---- making one ---- */

static int manifest_put(const struct object *o, struct oci_manifest *m, struct arena *a, const char **ret_digest, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);
	int r;

	if (oci_manifest_encode(m, &b) < 0)
		return err_set(e, ERR_EXHAUSTED, "manifest is longer than %d bytes", LIMIT_MANIFEST);
	r = object_write(o, ARTIFACT_MANIFEST, b.p, b.n);
	*ret_digest = artifact_text_digest(buf_str(&b), a);
	return r < 0 ? err_sys(e, r, "write manifest") : 0;
}

static const char *title_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int files_put(const struct object *o, const struct strs *files, const struct artifact_options *q, struct oci_manifest *m, struct arena *a, struct err *e)
{
	struct oci_descriptor *v = arena_array(a, struct oci_descriptor, m->n_layers + files->n);

	if (m->n_layers > 0)
		memcpy(v, m->layers, m->n_layers * sizeof *v);
	m->layers = v;
	for (size_t i = 0; i < files->n; i++) {
		struct oci_descriptor *d = &v[m->n_layers];
		int r = artifact_blob_copy(o, files->v[i], a, &d->digest, &d->size, e);

		if (r < 0)
			return r;
		d->media_type = q->file_type ? q->file_type : "application/octet-stream";
		for (size_t k = 0; k < q->annotations.n; k++)
			pairs_set(a, &d->annotations, q->annotations.v[k].key, q->annotations.v[k].value);
		if (!pairs_find(&d->annotations, ARTIFACT_TITLE))
			pairs_set(a, &d->annotations, ARTIFACT_TITLE, title_of(files->v[i]));
		m->n_layers++;
	}
	return 0;
}

static int artifact_fill(const struct object *o, const struct strs *files, const struct artifact_options *q, struct arena *a, const char **ret_digest,
	struct err *e)
{
	struct oci_manifest m = { .schema_version = 2, .media_type = TYPE_MANIFEST,
		.artifact_type = q->type ? q->type : "application/vnd.unknown.artifact.v1", .subject = (struct oci_descriptor *)(uintptr_t)q->subject };
	int r;

	m.config = (struct oci_descriptor){ .media_type = TYPE_EMPTY, .size = sizeof EMPTY_TEXT - 1 };
	r = artifact_blob_put(o, STR(EMPTY_TEXT), a, &m.config.digest, e);
	if (r == 0)
		r = files_put(o, files, q, &m, a, e);
	if (r == 0)
		r = manifest_put(o, &m, a, ret_digest, e);
	return r;
}

/* The files that are added are there before the manifest names them. */
static int artifact_append(struct image_store *s, const char *name, const struct strs *files, const struct artifact_options *q, struct arena *a,
	const char **ret_digest, struct err *e)
{
	scoped_object struct object o = OBJECT_NONE;
	struct artifact artifact;
	int r = artifact_lock(s, name, a, &o, &artifact, e);

	if (r < 0)
		return r;
	if (q->type)
		return err_set(e, ERR_INVALID, "the type of an artifact that is here cannot be changed");
	r = files_put(&o, files, q, &artifact.manifest, a, e);
	return r < 0 ? r : manifest_put(&o, &artifact.manifest, a, ret_digest, e);
}

int artifact_add(struct image_store *s, const char *name, const struct strs *files, const struct artifact_options *q, struct arena *a,
	const char **ret_digest, struct err *e)
{
	scoped_artifact_making struct artifact_making m = ARTIFACT_MAKING_NONE;
	int r;

	if (q->append)
		return artifact_append(s, name, files, q, a, ret_digest, e);
	r = artifact_begin(s, name, q->replace, a, &m, e);
	if (r == 0)
		r = artifact_fill(&m.object, files, q, a, ret_digest, e);
	return r < 0 ? r : artifact_end(&m, e);
}

/* ---- extract ---- */

static bool is_chosen(const struct oci_descriptor *d, const char *title, const char *digest)
{
	return (!title || streq(pairs_find(&d->annotations, ARTIFACT_TITLE), title)) && (!digest || streq(d->digest, digest));
}

/* In a directory: by title. It is one name, or nothing is written. */
static int name_in_directory(const struct oci_descriptor *d, struct arena *a, const char **ret, struct err *e)
{
	const char *title = pairs_find(&d->annotations, ARTIFACT_TITLE);

	if (!title) {
		*ret = digest_hex(d->digest);
		return 0;
	}
	if (!*title || strchr(title, '/') || strcmp(title, ".") == 0 || strcmp(title, "..") == 0)
		return err_set(e, ERR_INVALID, "title '%.200s' is not the name of a file", title);
	*ret = title;
	return 0;
}

int artifact_extract(struct image_store *s, const char *name, const char *to, const char *title, const char *digest, struct arena *a, struct err *e)
{
	scoped_object struct object o = OBJECT_NONE;
	scoped_fd int dir = dir_open(AT_FDCWD, to);
	const char *file = title_of(to);
	struct artifact artifact;
	size_t n = 0, chosen = 0;
	int r = artifact_open(s, name, a, &o, &artifact, e);

	for (size_t i = 0; r == 0 && i < artifact.manifest.n_layers; i++)
		chosen += is_chosen(&artifact.manifest.layers[i], title, digest);
	if (r == 0 && chosen == 0)
		r = err_set(e, ERR_NOT_FOUND, "artifact '%s' has no such file", name);
	if (r == 0 && dir < 0 && chosen > 1)
		r = err_set(e, ERR_INVALID, "artifact '%s' has %zu files: give a directory, or choose by --title or --digest", name, chosen);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < artifact.manifest.n_layers; i++) {
		const struct oci_descriptor *d = &artifact.manifest.layers[i];
		scoped_fd int parent = -EBADF;

		if (!is_chosen(d, title, digest))
			continue;
		n++;
		if (dir >= 0)
			r = name_in_directory(d, a, &file, e);
		else
			parent = dir_open(AT_FDCWD, file == to ? "." : file == to + 1 ? "/" : arena_strndup(a, to, (size_t)(file - to)));
		if (r == 0)
			r = artifact_blob_write(&o, d, dir >= 0 ? dir : parent, file, e);
	}
	return r;
}

/* ---- registry ---- */

int artifact_push(struct image_store *s, const char *name, const struct push_options *o, struct arena *a, struct push_result *ret, struct err *e)
{
	scoped_object struct object object = OBJECT_NONE;
	struct shipment shipment = { .arena = a };
	struct artifact artifact;
	struct reference to;
	int r = artifact_open(s, name, a, &object, &artifact, e);

	if (r == 0)
		r = push_destination(name, a, &to, e);
	for (size_t i = 0; r == 0 && i <= artifact.manifest.n_layers; i++) {
		const struct oci_descriptor *d = i ? &artifact.manifest.layers[i - 1] : &artifact.manifest.config;
		int fd = openat(object.fd, digest_hex(d->digest), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			r = err_sys(e, -errno, "open blob '%.30s'", d->digest);
		else
			*vec_push(a, &shipment.blobs) = (struct deliver_blob){ .digest = d->digest, .media_type = d->media_type, .size = d->size, .fd = fd };
	}
	if (r == 0) {
		*vec_push(a, &shipment.documents) = (struct shipment_document){ .digest = artifact.digest, .media_type = artifact.manifest.media_type,
			.text = artifact.text, .subject = artifact.manifest.subject };
		return push_shipment(s, &shipment, &to, o, a, ret, e);
	}
	VEC_EACH(struct deliver_blob, b, &shipment.blobs)
		fd_close(b->fd);
	return r;
}

static int blobs_fetch(struct courier *courier, const struct object *o, const struct oci_manifest *m, struct arena *a, struct err *e)
{
	for (size_t i = 0; i <= m->n_layers; i++) {
		const struct oci_descriptor *d = i ? &m->layers[i - 1] : &m->config;
		scoped_fd int fd = openat(o->fd, digest_hex(d->digest), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
		int r;

		if (fd < 0 && errno == EEXIST)
			continue; /* twice in the manifest */
		if (fd < 0)
			return err_sys(e, -errno, "make blob '%.30s'", d->digest);
		r = courier_fetch(courier, arena_printf(a, "/blobs/%s", d->digest), d->digest, d->size, fd, 0, e);
		if (r < 0)
			return err_wrap(e, "blob %.19s", d->digest);
		if (fdatasync(fd) < 0)
			return err_sys(e, -errno, "write blob '%.30s'", d->digest);
	}
	return 0;
}

static int manifest_fetch(struct courier *courier, const struct reference *ref, struct arena *a, struct artifact *ret, struct err *e)
{
	const char *want = ref->digest;
	struct document d;
	int r = courier_get(courier, arena_printf(a, "/manifests/%s", want ? want : ref->tag), TYPE_MANIFEST, LIMIT_MANIFEST, a, &d, e);

	if (r < 0)
		return r;
	ret->text = d.text;
	ret->digest = artifact_text_digest(d.text, a);
	if (want && strcmp(want, ret->digest) != 0)
		return err_set(e, ERR_CORRUPT, "registry has a manifest with digest %s, expected %s", ret->digest, want);
	return oci_manifest_decode_any(d.text, a, &ret->manifest, e);
}

int artifact_pull(struct image_store *s, const char *name, const struct pull_options *o, struct arena *a, const char **ret_digest, struct err *e)
{
	const struct endpoint_options eo = { .no_tls_verify = o->no_tls_verify, .authfile = o->authfile, .credentials = o->credentials };
	scoped_artifact_making struct artifact_making m = ARTIFACT_MAKING_NONE;
	scoped_courier struct courier courier = COURIER_NONE;
	struct transfer_message task;
	struct artifact artifact = { 0 };
	struct endpoint endpoint;
	struct reference ref;
	int r = reference_parse(name, a, &ref, e);

	if (r == 0)
		r = endpoint_find(ref.host, ref.repository, &eo, a, &endpoint, e);
	if (r < 0)
		return r;
	task = endpoint_task(&endpoint);
	r = courier_open(&courier, s, &task, NULL, 0, o->cancel_fd, e);
	if (r == 0)
		r = manifest_fetch(&courier, &ref, a, &artifact, e);
	if (r == 0)
		r = artifact_begin(s, name, true, a, &m, e);
	if (r < 0)
		return err_wrap(e, "pull artifact '%s'", reference_familiar(&ref, a));
	r = blobs_fetch(&courier, &m.object, &artifact.manifest, a, e);
	if (r == 0) {
		r = object_write(&m.object, ARTIFACT_MANIFEST, artifact.text.p, artifact.text.n);
		if (r < 0)
			err_sys(e, r, "write manifest");
	}
	*ret_digest = artifact.digest;
	return r < 0 ? r : artifact_end(&m, e);
}
