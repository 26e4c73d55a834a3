/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/fetch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "image/courier.h"
#include "image/registries/endpoint.h"
#include "os/fd.h"

struct fetching {
	const struct image_store *store;
	const struct pull_options *options;
	struct arena *arena;
};

static bool is_missing(const struct fetching *f, const struct deliver_blob *b)
{
	return b->fd < 0 && !b->from && !content_blob_has(f->store, b->digest, b->size);
}

/* Under the lock of the blob; somebody else may have brought it meanwhile. */
static int blob_fetch(const struct fetching *f, struct courier *courier, const struct deliver_blob *b, struct err *e)
{
	struct transfer_message ask = { .type = TRANSFER_FETCH, .name = arena_printf(f->arena, "/blobs/%s", b->digest), .digest = b->digest, .size = b->size }, got;
	scoped_fd int fd = -EBADF;
	int r;

	if (!is_missing(f, b))
		return 0;
	fd = content_ingest_open(f->store, b->digest, &ask.have, e);
	if (fd < 0)
		return fd;
	if (ask.have > (uint64_t)b->size && ftruncate(fd, 0) == 0)
		ask.have = 0;
	transfer_urls(&ask, &b->urls, f->arena);
	r = courier_ask(courier, &ask, &fd, 1, TRANSFER_FETCHED, f->arena, &got, e);
	if (r == -EBADMSG)
		unlinkat(f->store->ingest_fd, digest_hex(b->digest), 0);
	return r < 0 ? err_wrap(e, "blob %.19s", b->digest) : content_ingest_commit(f->store, b->digest, fd, e);
}

static int blob_fetch_locked(const struct fetching *f, struct courier *courier, const struct deliver_blob *b, struct err *e)
{
	int r, lock = content_lock(f->store, CONTENT_LOCK_BLOB, b->digest, FILE_LOCK_EXCLUSIVE, true);

	if (lock < 0)
		return err_sys(e, lock, "lock blob '%.30s'", b->digest);
	r = blob_fetch(f, courier, b, e);
	content_unlock(f->store, CONTENT_LOCK_BLOB, b->digest, lock);
	return r;
}

static int fetch_from(const struct fetching *f, const struct reference *ref, const struct deliver_blob *blobs, size_t n, struct err *e)
{
	/* What was given for the registry we push to is not for this one. */
	const struct endpoint_options eo = { .no_tls_verify = f->options->no_tls_verify, .authfile = f->options->authfile };
	SCOPED(courier_done) struct courier courier = COURIER_NONE;
	struct transfer_message task;
	struct endpoint endpoint;
	int r;

	r = endpoint_find(ref->host, ref->repository, &eo, f->arena, &endpoint, e);
	if (r < 0)
		return r;
	task = endpoint_task(&endpoint);
	r = courier_open(&courier, f->store, &task, NULL, 0, f->options->cancel_fd, e);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (is_missing(f, &blobs[i]))
			r = blob_fetch_locked(f, &courier, &blobs[i], e);
	return r < 0 ? err_wrap(e, "fetch from '%s/%s'", ref->host, ref->repository) : 0;
}

int fetch_missing(const struct image_store *s, const struct image_record *record, const struct deliver_blob *blobs, size_t n_blobs,
	const struct pull_options *o, struct arena *a, struct err *e)
{
	struct fetching f = { s, o, a };
	struct image_records all;
	size_t first = 0;
	int r;

	while (first < n_blobs && !is_missing(&f, &blobs[first]))
		first++;
	if (first == n_blobs)
		return 0;
	r = content_records(s, a, &all, NULL, e);
	if (r < 0)
		return r;
	r = err_set(e, ERR_NOT_FOUND, "blob %.19s is not in the store, and the image has no name that says where it is", blobs[first].digest);
	for (size_t i = 0; r < 0 && i < all.n; i++) {
		struct reference ref;
		struct err ignored; /* our own text */

		if (all.v[i].reference && strcmp(all.v[i].id, record->id) == 0 && reference_parse(all.v[i].reference, a, &ref, &ignored) == 0)
			r = fetch_from(&f, &ref, blobs, n_blobs, e);
	}
	return r;
}
