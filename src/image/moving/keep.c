/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "image/store/remove.h"
#include "os/fd.h"
#include "os/rlimit.h"

enum { POLL_MS = 50, FDS_OF_OTHERS = 256 };

int keep_add(struct keep *k, const struct oci_descriptor *d, const char *name, struct err *e)
{
	VEC_EACH(const struct keep_blob, b, &k->blobs)
		if (strcmp(b->digest, d->digest) == 0)
			return 0;
	if (k->blobs.n >= LIMIT_IMAGE_BLOBS)
		return err_set(e, ERR_EXHAUSTED, "more than the %d blobs we take of one image", LIMIT_IMAGE_BLOBS);
	if ((uint64_t)d->size > LIMIT_BLOB)
		return err_set(e, ERR_EXHAUSTED, "blob %.19s has %lld bytes, more than we take", d->digest, (long long)d->size);
	*vec_push(k->arena, &k->blobs) = (struct keep_blob){ .name = name, .digest = d->digest, .size = d->size, .lock = -EBADF, .fd = -EBADF,
		.urls = media_is_foreign(d->media_type) ? d->urls : (struct strs){ 0 } };
	return 0;
}

static void progress(const struct keep *k, const struct keep_blob *b, enum pull_phase phase, uint64_t current)
{
	struct pull_progress p = { .index = k->first + (size_t)(b - k->blobs.v), .count = k->first + k->blobs.n, .phase = phase, .current = current,
		.total = (uint64_t)b->size };

	if (!k->options->progress)
		return;
	snprintf(p.id, sizeof p.id, "%.12s", digest_hex(b->digest));
	k->options->progress(k->options->arg, &p);
}

/* ---- one blob ---- */

static void blob_is_here(struct keep *k, struct keep_blob *b, enum pull_phase phase)
{
	b->fd = fd_close(b->fd);
	lock_fd_try(b->lock, FILE_LOCK_SHARED);
	b->state = KEEP_DONE;
	progress(k, b, phase, (uint64_t)b->size);
}

/* Locks it. 1: it is here, and stays while we hold the lock; 0: it is ours to fetch. Errors: -EAGAIN: somebody else is at it. */
static int blob_claim(const struct keep *k, struct keep_blob *b)
{
	static const enum file_lock kinds[] = { FILE_LOCK_SHARED, FILE_LOCK_EXCLUSIVE };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		int fd = content_lock(k->store, CONTENT_LOCK_BLOB, b->digest, kinds[i], false);
		bool here;

		if (fd < 0)
			return fd;
		here = content_blob_has(k->store, b->digest, b->size);
		if (here || kinds[i] == FILE_LOCK_EXCLUSIVE) {
			b->lock = fd;
			return here;
		}
		content_unlock(k->store, CONTENT_LOCK_BLOB, b->digest, fd);
	}
	return -EAGAIN;
}

static int blob_order(struct keep *k, struct keep_blob *b, struct err *e)
{
	struct transfer_message order = { .type = TRANSFER_FETCH, .index = b - k->blobs.v, .name = b->name, .digest = b->digest, .size = b->size };
	transfer_urls(&order, &b->urls, k->arena);
	b->fd = content_ingest_open(k->store, b->digest, &order.have, e);
	if (b->fd < 0)
		return b->fd;
	if ((b->again || order.have > (uint64_t)b->size) && ftruncate(b->fd, 0) < 0)
		return err_sys(e, -errno, "empty blob '%.30s'", b->digest);
	order.have = b->again || order.have > (uint64_t)b->size ? 0 : order.have;
	b->continued = order.have > 0;
	b->state = KEEP_ORDERED;
	progress(k, b, PULL_DOWNLOADING, order.have);
	/* The lock goes along: should we die first, nobody takes over before transfer is dead too. */
	return transfer_send(k->courier->sock, &order, (int[]){ b->fd, b->lock }, 2, e);
}

static int blob_begin(struct keep *k, struct keep_blob *b, struct err *e)
{
	int r = blob_claim(k, b);

	if (r == -EAGAIN) {
		if (b->state != KEEP_WAITING)
			progress(k, b, PULL_WAITING, 0);
		b->state = KEEP_WAITING;
		return 0;
	}
	if (r < 0)
		return err_sys(e, r, "lock blob '%.30s'", b->digest);
	if (r == 0)
		return blob_order(k, b, e);
	blob_is_here(k, b, b->state == KEEP_WAITING ? PULL_DONE : PULL_EXISTS);
	return 0;
}

/* ---- what transfer says ---- */

static int blob_commit(struct keep *k, struct keep_blob *b, struct err *e)
{
	int r = content_ingest_commit(k->store, b->digest, b->fd, e);

	if (r < 0)
		return r;
	strs_push(k->arena, &k->brought, b->digest);
	blob_is_here(k, b, PULL_DONE);
	return 0;
}

/* A blob that was continued may be damaged: once more from its beginning. */
static int blob_failed(struct keep *k, struct keep_blob *b, const struct transfer_message *m, struct err *e)
{
	int r = transfer_error(m, e);

	if (e->kind == ERR_CORRUPT) {
		unlinkat(k->store->ingest_fd, digest_hex(b->digest), 0);
		b->fd = fd_close(b->fd);
		if (b->continued && !b->again) {
			b->again = true;
			err_clear(e);
			return blob_order(k, b, e);
		}
	}
	err_wrap(e, "blob %.19s", b->digest);
	return r;
}

static int message_take(struct keep *k, const struct transfer_message *m, struct err *e)
{
	struct keep_blob *b;

	if (m->type == TRANSFER_FAILED && m->index < 0)
		return transfer_error(m, e);
	if (m->index < 0 || (size_t)m->index >= k->blobs.n || k->blobs.v[m->index].state != KEEP_ORDERED)
		return err_set(e, ERR_INTERNAL, "tare-transfer speaks of a blob it was not asked for");
	b = &k->blobs.v[m->index];
	switch ((int)m->type) {
	case TRANSFER_PROGRESS:
		progress(k, b, PULL_DOWNLOADING, m->current);
		return 0;
	case TRANSFER_FETCHED:
		return blob_commit(k, b, e);
	case TRANSFER_FAILED:
		return blob_failed(k, b, m, e);
	default:
		return err_set(e, ERR_INTERNAL, "unexpected message '%s'", enumtab_name(&transfer_types, (int)m->type));
	}
}

/* ---- all of them ---- */

static size_t count(const struct keep *k, enum keep_state state)
{
	size_t n = 0;

	VEC_EACH(const struct keep_blob, b, &k->blobs)
		n += b->state == state;
	return n;
}

static int blobs_begin(struct keep *k, struct err *e)
{
	size_t most = k->options->parallel ? k->options->parallel : TRANSFER_PARALLEL, running = count(k, KEEP_ORDERED);

	VEC_EACH(struct keep_blob, b, &k->blobs) {
		int r;

		if (running >= most)
			break;
		if (b->state != KEEP_NEW && b->state != KEEP_WAITING)
			continue;
		r = blob_begin(k, b, e);
		if (r < 0)
			return r;
		running += b->state == KEEP_ORDERED;
	}
	return 0;
}

/* Each lock is a descriptor until the end. */
static void room_make(const struct keep *k)
{
	uint64_t soft, hard, want = k->blobs.n + k->n_locks + FDS_OF_OTHERS;

	if (rlimit_get(0, RLIMIT_NOFILE, &soft, &hard) == 0 && soft < want)
		(void)rlimit_set(0, RLIMIT_NOFILE, want < hard ? want : hard, hard); /* too little shows when a lock is taken */
}

int keep_run(struct keep *k, struct err *e)
{
	int r = 0;

	room_make(k);
	while (r == 0) {
		scoped_arena struct arena a = { 0 };
		struct transfer_message m;

		r = blobs_begin(k, e);
		if (r < 0 || count(k, KEEP_DONE) == k->blobs.n)
			break;
		r = courier_receive(k->courier, count(k, KEEP_WAITING) > 0 ? POLL_MS : -1, &a, &m, e);
		if (r == 0)
			r = message_take(k, &m, e);
		else if (r == -ETIMEDOUT)
			r = 0;
	}
	return r;
}

/* Under its lock: what came of a blob, if nobody will continue it. */
static void partial_drop(const struct keep *k, const struct keep_blob *b)
{
	struct stat st;

	if (b->state != KEEP_ORDERED)
		return;
	if (k->at_hand || (fstatat(k->store->ingest_fd, digest_hex(b->digest), &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size == 0))
		unlinkat(k->store->ingest_fd, digest_hex(b->digest), 0);
}

void keep_undo(struct keep *k)
{
	const struct strs none = { 0 };

	if (k->at_hand)
		remove_brought(k->store, &none, &k->brought, k->arena);
}

void keep_done(struct keep *k)
{
	VEC_EACH(struct keep_blob, b, &k->blobs) {
		b->fd = fd_close(b->fd);
		partial_drop(k, b);
		content_unlock(k->store, CONTENT_LOCK_BLOB, b->digest, b->lock);
		b->lock = -EBADF;
	}
	k->blobs.n = 0;
}
