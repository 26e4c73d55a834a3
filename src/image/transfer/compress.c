/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/compress.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "os/fd.h"

enum { THREADS_MAX = 8, SLOTS_MAX = 2 * THREADS_MAX + 1 };

struct slot {
	unsigned char *in, *out;
	size_t n;
	bool last;
};

struct compress {
	enum inflate_kind kind;
	int level;
	int fd;
	/* the caller's side */
	struct hash diff_hash;
	uint32_t crc;
	uint64_t total;
	/* block number i lives in slot i % n_slots: filled by the caller, taken by a thread, written when it is its turn */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct slot slots[SLOTS_MAX];
	size_t n_slots;
	uint64_t filled, taken, written;
	bool closing;
	struct err error;
	pthread_t threads[THREADS_MAX];
	size_t n_threads;
	/* whoever writes; the turn protects them */
	struct hash blob_hash;
	uint64_t blob_size;
};

static bool is_over(const struct compress *c)
{
	return c->closing || c->error.kind != ERR_NONE;
}

/* ---- the compressors ---- */

static int bytes_write(struct compress *c, const void *p, size_t n, struct err *e)
{
	int r = fd_write_all(c->fd, p, n);

	if (r < 0)
		return err_sys(e, r, "write");
	hash_add(&c->blob_hash, p, n);
	c->blob_size += n;
	return 0;
}

/* The next filled block that nobody works on; NULL at the end. */
static struct slot *slot_take(struct compress *c, uint64_t *ret_number)
{
	struct slot *s = NULL;

	pthread_mutex_lock(&c->mutex);
	while (c->taken == c->filled && !is_over(c))
		pthread_cond_wait(&c->changed, &c->mutex);
	if (!is_over(c)) {
		*ret_number = c->taken++;
		s = &c->slots[*ret_number % c->n_slots];
	}
	pthread_mutex_unlock(&c->mutex);
	return s;
}

/* Waits for the blocks before it, writes it, and gives the slot back. */
static void slot_write(struct compress *c, const struct slot *s, uint64_t number, size_t n)
{
	struct err e = { 0 };
	bool mine;

	pthread_mutex_lock(&c->mutex);
	while (c->written != number && !is_over(c))
		pthread_cond_wait(&c->changed, &c->mutex);
	mine = !is_over(c);
	pthread_mutex_unlock(&c->mutex);
	if (mine)
		bytes_write(c, s->out, n, &e);
	pthread_mutex_lock(&c->mutex);
	if (e.kind != ERR_NONE)
		c->error = e;
	else if (mine)
		c->written++;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->mutex);
}

static void *compressor(void *arg)
{
	struct compress *c = arg;
	scoped_deflate struct deflate *d = deflate_new(c->kind, c->level);
	uint64_t number = 0;
	struct slot *s;

	while ((s = slot_take(c, &number)))
		slot_write(c, s, number, deflate_block(d, s->in, s->n, s->last, s->out));
	return NULL;
}

/* ---- the caller's side ---- */

static unsigned processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

	return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

int compress_new(enum inflate_kind kind, int level, int fd, unsigned threads, struct compress **ret, struct err *e)
{
	scoped_compress struct compress *c = alloc_or_die(sizeof *c);
	unsigned char head[DEFLATE_ENDS];
	int r;

	*c = (struct compress){ .kind = kind, .level = level, .fd = fd };
	pthread_mutex_init(&c->mutex, NULL);
	pthread_cond_init(&c->changed, NULL);
	hash_init(&c->diff_hash, DIGEST_SHA256);
	hash_init(&c->blob_hash, DIGEST_SHA256);
	/* Nothing to do for threads where nothing is compressed: one lets the disk run beside the digest. */
	threads = kind == INFLATE_NONE ? 1 : threads == 0 ? processors() : threads > THREADS_MAX ? THREADS_MAX : threads;
	c->n_slots = 2 * threads + 1;
	for (size_t i = 0; i < c->n_slots; i++) {
		c->slots[i].in = alloc_or_die(DEFLATE_BLOCK);
		c->slots[i].out = alloc_or_die(deflate_bound(kind, DEFLATE_BLOCK));
	}
	r = bytes_write(c, head, deflate_head(kind, head), e);
	if (r < 0)
		return r;
	while (c->n_threads < threads) {
		r = -pthread_create(&c->threads[c->n_threads], NULL, compressor, c);
		if (r < 0)
			return err_sys(e, r, "start compressor");
		c->n_threads++;
	}
	*ret = take_ptr(&c);
	return 0;
}

/* Hands the block over and waits until the next slot is free. */
static int slot_put(struct compress *c, bool last, struct err *e)
{
	int r = 0;

	pthread_mutex_lock(&c->mutex);
	c->slots[c->filled % c->n_slots].last = last;
	c->filled++;
	pthread_cond_broadcast(&c->changed);
	while (c->filled - c->written == c->n_slots && !is_over(c))
		pthread_cond_wait(&c->changed, &c->mutex);
	if (c->error.kind != ERR_NONE) {
		*e = c->error;
		r = -e->sys;
	}
	c->slots[c->filled % c->n_slots].n = 0;
	pthread_mutex_unlock(&c->mutex);
	return r;
}

int compress_add(struct compress *c, const void *p, size_t n, struct err *e)
{
	hash_add(&c->diff_hash, p, n);
	if (c->kind == INFLATE_GZIP)
		c->crc = deflate_crc(c->crc, p, n);
	c->total += n;
	while (n > 0) {
		struct slot *s = &c->slots[c->filled % c->n_slots];
		size_t take = DEFLATE_BLOCK - s->n < n ? DEFLATE_BLOCK - s->n : n;
		int r;

		memcpy(s->in + s->n, p, take);
		s->n += take;
		p = (const char *)p + take;
		n -= take;
		r = s->n == DEFLATE_BLOCK ? slot_put(c, false, e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static void threads_join(struct compress *c)
{
	pthread_mutex_lock(&c->mutex);
	c->closing = true;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->mutex);
	while (c->n_threads > 0)
		pthread_join(c->threads[--c->n_threads], NULL);
}

int compress_finish(struct compress *c, struct compress_result *ret, struct err *e)
{
	unsigned char tail[DEFLATE_ENDS];
	int r = slot_put(c, true, e);

	if (r < 0)
		return r;
	pthread_mutex_lock(&c->mutex);
	while (c->written < c->filled && !is_over(c))
		pthread_cond_wait(&c->changed, &c->mutex);
	pthread_mutex_unlock(&c->mutex);
	threads_join(c);
	if (c->error.kind != ERR_NONE) {
		*e = c->error;
		return -e->sys;
	}
	r = bytes_write(c, tail, deflate_tail(c->kind, c->crc, c->total, tail), e);
	if (r < 0)
		return r;
	ret->blob_size = c->blob_size;
	ret->total = c->total;
	hash_finish(&c->blob_hash, &ret->blob);
	hash_finish(&c->diff_hash, &ret->diff);
	return 0;
}

void compress_free(struct compress *c)
{
	if (!c)
		return;
	threads_join(c);
	for (size_t i = 0; i < c->n_slots; i++) {
		free(c->slots[i].in);
		free(c->slots[i].out);
	}
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->mutex);
	free(c);
}
