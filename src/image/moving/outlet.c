/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/limits.h"
#include "image/moving/outlet_dir.h"
#include "image/registries/referrers.h"
#include "os/fd.h"

struct outlet_kind {
	int (*open)(struct outlet *o, struct err *e);
	const char *(*blob_name)(struct arena *a, const char *digest);
	int (*documents)(struct outlet *o, const struct shipment *s, const struct layout_images *images, struct err *e);
	bool can_have;
	const char *mark, *mark_text; /* a file that says what this is, so it comes first; NULL: none */
};

#define LAYOUT_MARK "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}"
#define DIR_MARK "version", "Directory Transport Version: 1.1\n"

static int put_and_hear(struct outlet *o, const char *name, const char *digest, const char *media_type, struct str text, const char **ret_subject, struct err *e)
{
	struct stored stored;
	int r = courier_put(&o->courier, name, digest, media_type, text, o->arena, &stored, e);

	if (r == 0 && digest)
		r = shipment_stored_check(digest, text, stored.digest, e);
	if (r == 0 && ret_subject)
		*ret_subject = stored.subject;
	return r < 0 ? err_wrap(e, "%.19s", digest ? digest : name) : 0;
}

static int put(struct outlet *o, const char *name, const char *digest, const char *media_type, struct str text, struct err *e)
{
	return put_and_hear(o, name, digest, media_type, text, NULL, e);
}

/* ---- registry ---- */

static int registry_open(struct outlet *o, struct err *e)
{
	const struct endpoint_options eo = { .no_tls_verify = o->options->no_tls_verify, .authfile = o->options->authfile,
		.credentials = o->options->credentials, .cert_dir = o->options->cert_dir };
	struct transfer_message task;
	int r = endpoint_find(o->to->name.host, o->to->name.repository, &eo, o->arena, &o->endpoint, e);

	if (r < 0)
		return r;
	task = endpoint_task(&o->endpoint);
	task.sink = SINK_REGISTRY;
	task.parallel = o->options->parallel;
	return courier_open(&o->courier, o->store, &task, NULL, 0, o->options->cancel_fd, e);
}

static const char *registry_blob_name(struct arena *a, const char *digest)
{
	return arena_printf(a, "/blobs/%s", digest);
}

/* A registry that does not take note of subjects leaves that to clients. */
static int registry_document(struct outlet *o, const struct shipment_document *d, const char *name, struct err *e)
{
	const char *subject = NULL;
	int r = put_and_hear(o, arena_printf(o->arena, "/manifests/%s", name), d->digest, d->media_type, d->text, &subject, e);

	return r == 0 && d->subject && !subject ? referrers_note(&o->courier, d, o->arena, e) : r;
}

static int registry_documents(struct outlet *o, const struct shipment *s, const struct layout_images *images, struct err *e)
{
	int r = 0;

	VEC_EACH(const struct shipment_document, d, &s->documents) {
		bool last = strcmp(d->digest, images->v[0].digest) == 0;

		if (r == 0)
			r = registry_document(o, d, last && o->to->name.tag ? o->to->name.tag : d->digest, e);
	}
	return r;
}

/* ---- layout and archives ---- */

static const char *layout_blob_name(struct arena *a, const char *digest)
{
	return arena_printf(a, "blobs/%s", content_blob_name(digest).s);
}

static int archive_open(struct outlet *o, struct err *e)
{
	/* One after the other, so that the same images give the same archive. */
	struct transfer_message task = { .sink = SINK_ARCHIVE, .parallel = 1 };
	int r = outfile_open(&o->file, o->to->path, e);

	return r < 0 ? r : courier_open(&o->courier, o->store, &task, &o->file.fd, 1, o->options->cancel_fd, e);
}

static int directory_open(struct outlet *o, struct err *e)
{
	struct transfer_message task = { .sink = SINK_DIRECTORY, .parallel = o->options->parallel };
	int r = outlet_dir_open(o->to->path, o->to->kind == TRANSPORT_DIR, &o->dirfd, &o->made, e);

	return r < 0 ? r : courier_open(&o->courier, o->store, &task, &o->dirfd, 1, o->options->cancel_fd, e);
}

static int layout_blobs_put(struct outlet *o, const struct shipment *s, struct err *e)
{
	int r = 0;

	VEC_EACH(const struct shipment_document, d, &s->documents)
		if (r == 0)
			r = put(o, layout_blob_name(o->arena, d->digest), d->digest, NULL, d->text, e);
	return r;
}

static int layout_index_put(struct outlet *o, const struct shipment *s, const struct layout_images *images, struct str old, struct err *e)
{
	scoped_buf struct buf index = BUF(LIMIT_MANIFEST);
	int r = layout_index_text(old, s, images, &index, e);

	return r < 0 ? r : put(o, "index.json", NULL, NULL, buf_str(&index), e);
}

/* Others may be adding to the same layout: whoever changes its index locks blobs/. */
static int layout_documents(struct outlet *o, const struct shipment *s, const struct layout_images *images, struct err *e)
{
	scoped_fd int lock = -EBADF;
	struct str old = { 0 };
	char *text;
	int r = layout_blobs_put(o, s, e);

	if (r < 0)
		return r;
	lock = dir_open(o->dirfd, "blobs");
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return err_sys(e, lock < 0 ? lock : -errno, "lock '%.200s/blobs'", o->to->path);
	r = file_read(o->dirfd, "index.json", LIMIT_MANIFEST, o->arena, &text, &old.n);
	if (r == 0)
		old.p = text;
	else if (r != -ENOENT)
		return err_sys(e, r, "read index.json of '%.200s'", o->to->path);
	return layout_index_put(o, s, images, old, e);
}

static int archive_documents(struct outlet *o, const struct shipment *s, const struct layout_images *images, struct err *e)
{
	int r = layout_blobs_put(o, s, e);

	return r < 0 ? r : layout_index_put(o, s, images, (struct str){ 0 }, e);
}

static int docker_documents(struct outlet *o, const struct shipment *s, const struct layout_images *images, struct err *e)
{
	scoped_buf struct buf manifest = BUF(LIMIT_MANIFEST), repositories = BUF(LIMIT_MANIFEST);
	int r = layout_docker_text(s, images, &manifest, &repositories, e);

	if (r == 0)
		r = archive_documents(o, s, images, e);
	if (r == 0)
		r = put(o, "manifest.json", NULL, NULL, buf_str(&manifest), e);
	return r < 0 ? r : put(o, "repositories", NULL, NULL, buf_str(&repositories), e);
}

/* ---- dir ---- */

static const char *dir_blob_name(struct arena *a, const char *digest)
{
	return arena_strdup(a, digest_hex(digest));
}

static int dir_documents(struct outlet *o, const struct shipment *s, const struct layout_images *images, struct err *e)
{
	int r = 0;

	VEC_EACH(const struct shipment_document, d, &s->documents) {
		bool last = strcmp(d->digest, images->v[0].digest) == 0;

		if (r == 0)
			r = put(o, last ? "manifest.json" : arena_printf(o->arena, "%s.manifest.json", digest_hex(d->digest)), last ? NULL : d->digest, NULL,
				d->text, e);
	}
	return r < 0 ? r : outlet_dir_sweep(o->dirfd, s, e);
}

/* ---- all of them ---- */

static const struct outlet_kind kinds[TRANSPORT_KIND_COUNT] = {
	[TRANSPORT_REGISTRY] = { registry_open, registry_blob_name, registry_documents, true, NULL, NULL },
	[TRANSPORT_OCI] = { directory_open, layout_blob_name, layout_documents, true, LAYOUT_MARK },
	[TRANSPORT_OCI_ARCHIVE] = { archive_open, layout_blob_name, archive_documents, false, LAYOUT_MARK },
	[TRANSPORT_DOCKER_ARCHIVE] = { archive_open, layout_blob_name, docker_documents, false, LAYOUT_MARK },
	[TRANSPORT_DIR] = { directory_open, dir_blob_name, dir_documents, true, DIR_MARK },
};

int outlet_open(struct outlet *o, struct err *e)
{
	int r;

	o->kind = &kinds[o->to->kind];
	r = o->kind->open(o, e);
	return r < 0 || !o->kind->mark ? r : put(o, o->kind->mark, NULL, NULL, str_of(o->kind->mark_text), e);
}

const char *outlet_blob_name(const struct outlet *o, const char *digest)
{
	return o->kind->blob_name(o->arena, digest);
}

void outlet_name_blobs(const struct outlet *o, struct shipment *s)
{
	VEC_EACH(struct deliver_blob, b, &s->blobs)
		b->name = outlet_blob_name(o, b->digest);
}

bool outlet_can_have(const struct outlet *o)
{
	return o->kind->can_have;
}

int outlet_documents(struct outlet *o, const struct shipment *s, const struct layout_images *images, struct err *e)
{
	return o->kind->documents(o, s, images, e);
}

int outlet_close(struct outlet *o, struct err *e)
{
	int r = courier_close(&o->courier, e);

	if (r == 0 && o->file.fd >= 0)
		r = outfile_commit(&o->file, e);
	if (r == 0)
		o->made = false;
	return r;
}

void outlet_done(struct outlet *o)
{
	/* First nobody writes any more. */
	courier_done(&o->courier);
	outfile_done(&o->file);
	if (o->made)
		outlet_dir_unmake(o->to->path, o->dirfd);
	o->dirfd = fd_close(o->dirfd);
}
