/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/vec.h"
#include "image/transfer/bomb.h"
#include "image/transfer/ring.h"
#include "image/transfer/unpack.h"
#include "image/transfer/untar.h"
#include "os/fd.h"

enum { DETECT_BYTES = 6, WRITE_BEHIND = 8 * 1024 * 1024 };

struct layer {
	struct layer_job job;
	/* the caller's side */
	struct hash blob_hash;
	uint64_t blob_size;          /* bytes fed */
	uint64_t flushed;            /* bytes of it whose way to the disk has begun */
	struct inflate *inflate;
	enum inflate_kind compression;
	unsigned char head[DETECT_BYTES];
	size_t n_head;               /* first bytes, kept until the format is known */
	unsigned char *room;         /* the buffer being filled, of the ring */
	size_t n_room;               /* bytes in it */
	uint64_t made;               /* uncompressed bytes */
	/* between them */
	struct ring ring;
	pthread_t thread;
	bool running;
	/* the unpacker's side, read by the caller after the join */
	struct hash diff_hash;
	const struct unpack_form *form;
	void *unpack;                /* of that form */
	struct unpacked unpacked;
	struct err error;
};

/* ---- the unpacker ---- */

static ssize_t tar_read(void *arg, const void **ret_p, struct err *e)
{
	struct layer *l = arg;
	size_t n = ring_get(&l->ring, ret_p);

	int r = 0;

	if (n > 0)
		hash_add(&l->diff_hash, *ret_p, n);
	if (n > 0 && l->form->raw)
		r = l->form->raw(l->unpack, *ret_p, n, e);
	return r < 0 ? r : (ssize_t)n;
}

static void *unpacker(void *arg)
{
	struct layer *l = arg;
	const void *p;
	ssize_t n = untar(tar_read, l, l->form, l->unpack, &l->error) < 0 ? -1 : 1;

	/* Padding after the end-of-archive mark belongs to the digest. */
	while (n > 0)
		n = tar_read(l, &p, &l->error);
	if (n == 0)
		l->form->finish(l->unpack, &l->unpacked, &l->error);
	ring_leave(&l->ring);
	return NULL;
}

/* ---- the caller's side ---- */

static const struct unpack_form *const forms[LAYER_FORM_COUNT] = { [LAYER_TREE] = &unpack_tree, [LAYER_EROFS] = &unpack_erofs };

int layer_new(const struct layer_job *job, struct layer **ret, struct err *e)
{
	struct layer *l = alloc_or_die(sizeof *l);
	int r;

	*l = (struct layer){ .job = *job, .form = forms[job->form] };
	l->unpack = l->form->open(job->dir_fd);
	hash_init(&l->blob_hash, job->blob ? job->blob->kind : DIGEST_SHA256);
	hash_init(&l->diff_hash, job->diff ? job->diff->kind : DIGEST_SHA256);
	ring_init(&l->ring);
	r = -pthread_create(&l->thread, NULL, unpacker, l);
	if (r < 0) {
		layer_free(l);
		return err_sys(e, r, "start unpacker");
	}
	l->running = true;
	*ret = l;
	return 0;
}

static void unpacker_join(struct layer *l)
{
	if (!l->running)
		return;
	ring_end(&l->ring);
	pthread_join(l->thread, NULL);
	l->running = false;
}

void layer_free(struct layer *l)
{
	if (!l)
		return;
	unpacker_join(l);
	ring_done(&l->ring);
	inflate_free(l->inflate);
	l->form->close(l->unpack);
	free(l);
}

/* The unpacker left: its reason is the reason. */
static int unpacker_failed(struct layer *l, struct err *e)
{
	unpacker_join(l);
	if (l->error.kind == ERR_NONE)
		return err_set(e, ERR_CORRUPT, "layer goes on after its end");
	*e = l->error;
	return -e->sys;
}

static int room_take(struct layer *l, struct err *e)
{
	if (!l->room) {
		l->room = ring_room(&l->ring);
		l->n_room = 0;
	}
	return l->room ? 0 : unpacker_failed(l, e);
}

static int inflate_feed(struct layer *l, const unsigned char *p, size_t n, struct err *e)
{
	struct stream_io io = { .in = p, .n_in = n };
	size_t before;
	int r;

	do {
		r = room_take(l, e);
		if (r < 0)
			return r;
		before = l->n_room;
		io.out = l->room + before;
		io.n_out = RING_BUFFER_SIZE - before;
		r = inflate_step(l->inflate, &io);
		if (r < 0)
			return err_set(e, ERR_CORRUPT, "compressed data is damaged");
		l->n_room = RING_BUFFER_SIZE - io.n_out;
		l->made += l->n_room - before;
		if (l->n_room == RING_BUFFER_SIZE) {
			ring_put(&l->ring, l->n_room);
			l->room = NULL;
		}
		r = bomb_check(l->blob_size, l->made, e);
		if (r < 0)
			return r;
	} while (io.n_in > 0 || !l->room);
	return 0;
}

/* Keeps the first bytes back until they say what they are; then passes everything through. */
static int detect_feed(struct layer *l, const unsigned char *p, size_t n, bool last, struct err *e)
{
	size_t take = DETECT_BYTES - l->n_head < n ? DETECT_BYTES - l->n_head : n;
	int r;

	if (l->inflate)
		return inflate_feed(l, p, n, e);
	if (take > 0)
		memcpy(l->head + l->n_head, p, take);
	l->n_head += take;
	if (l->n_head < DETECT_BYTES && !last)
		return 0;
	l->compression = inflate_detect((struct str){ (const char *)l->head, l->n_head });
	l->inflate = inflate_new(l->compression);
	r = inflate_feed(l, l->head, l->n_head, e);
	return r < 0 || take == n ? r : inflate_feed(l, p + take, n - take, e);
}

/* Lets the disk begin while bytes still come, so that the sync at the end finds little to do. */
static void write_behind(struct layer *l, uint64_t end)
{
	if (end - l->flushed < WRITE_BEHIND)
		return;
	sync_file_range(l->job.blob_fd, (off_t)l->flushed, (off_t)(end - l->flushed), SYNC_FILE_RANGE_WRITE);
	l->flushed = end;
}

int layer_feed(struct layer *l, const void *p, size_t n, struct err *e)
{
	uint64_t have = l->job.blob_have > l->blob_size ? l->job.blob_have - l->blob_size : 0;
	int r;

	if (l->job.size >= 0 && n > (uint64_t)l->job.size - l->blob_size)
		return err_set(e, ERR_CORRUPT, "blob is longer than the %lld bytes its descriptor says", (long long)l->job.size);
	hash_add(&l->blob_hash, p, n);
	if (l->job.blob_fd >= 0 && n > have) {
		r = fd_write_all(l->job.blob_fd, (const char *)p + have, n - have);
		if (r < 0)
			return err_sys(e, r, "write blob");
		write_behind(l, l->blob_size + n);
	}
	l->blob_size += n;
	return detect_feed(l, p, n, false, e);
}

static int digest_expect(const char *what, const struct digest *want, const struct digest *got, struct err *e)
{
	char a[DIGEST_TEXT_SIZE], b[DIGEST_TEXT_SIZE];

	if (!want || digest_eq(want, got))
		return 0;
	digest_print(want, a);
	digest_print(got, b);
	return err_set(e, ERR_CORRUPT, "%s is %s, expected %s", what, b, a);
}

static void opaque_copy(const struct strs *from, struct arena *a, struct strs *ret)
{
	*ret = (struct strs){ 0 };
	for (size_t i = 0; i < from->n; i++)
		strs_push(a, ret, arena_strdup(a, from->v[i]));
}

int layer_finish(struct layer *l, struct arena *a, struct layer_result *ret, struct err *e)
{
	struct layer_result result;
	int r;

	hash_finish(&l->blob_hash, &result.blob);
	/* Whether the bytes are the right ones comes first: it explains everything else. */
	if (l->job.size >= 0 && l->blob_size != (uint64_t)l->job.size)
		return err_set(e, ERR_CORRUPT, "blob has %llu bytes, its descriptor says %lld", (unsigned long long)l->blob_size,
			(long long)l->job.size);
	r = digest_expect("digest of the blob", l->job.blob, &result.blob, e);
	if (r == 0)
		r = detect_feed(l, l->head, 0, true, e);
	if (r < 0)
		return r;
	if (inflate_end(l->inflate) < 0)
		return err_set(e, ERR_CORRUPT, "compressed data is cut short");
	if (l->room && l->n_room > 0)
		ring_put(&l->ring, l->n_room);
	unpacker_join(l);
	if (l->error.kind != ERR_NONE) {
		*e = l->error;
		return -e->sys;
	}
	hash_finish(&l->diff_hash, &result.diff);
	r = digest_expect("diff id of the layer", l->job.diff, &result.diff, e);
	if (r < 0)
		return r;
	result.compression = l->compression;
	result.blob_size = l->blob_size;
	result.entries = l->unpacked.entries;
	result.sum = l->unpacked.sum;
	result.tar = l->unpacked.tar;
	result.bytes = l->unpacked.bytes;
	opaque_copy(&l->unpacked.opaque, a, &result.opaque);
	*ret = result;
	return 0;
}
