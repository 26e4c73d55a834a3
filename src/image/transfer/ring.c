/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/ring.h"

#include "base/alloc.h"

void ring_init(struct ring *r)
{
	*r = (struct ring){ .memory = alloc_or_die((size_t)RING_BUFFERS * RING_BUFFER_SIZE) };
	pthread_mutex_init(&r->mutex, NULL);
	pthread_cond_init(&r->changed, NULL);
}

void ring_done(struct ring *r)
{
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->mutex);
	free(r->memory);
}

static unsigned char *buffer_at(const struct ring *r, size_t i)
{
	return r->memory + i % RING_BUFFERS * RING_BUFFER_SIZE;
}

unsigned char *ring_room(struct ring *r)
{
	unsigned char *p = NULL;

	pthread_mutex_lock(&r->mutex);
	if (r->filled == RING_BUFFERS)
		while (r->filled > RING_BUFFERS / 2 && !r->consumer_done)
			pthread_cond_wait(&r->changed, &r->mutex);
	if (!r->consumer_done)
		p = buffer_at(r, r->first + r->filled);
	pthread_mutex_unlock(&r->mutex);
	return p;
}

void ring_put(struct ring *r, size_t n)
{
	pthread_mutex_lock(&r->mutex);
	r->sizes[(r->first + r->filled) % RING_BUFFERS] = n;
	r->filled++;
	if (r->filled == RING_BUFFERS / 2)
		pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->mutex);
}

void ring_end(struct ring *r)
{
	pthread_mutex_lock(&r->mutex);
	r->producer_done = true;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->mutex);
}

size_t ring_get(struct ring *r, const void **ret_p)
{
	size_t n = 0;

	pthread_mutex_lock(&r->mutex);
	if (r->held) {
		r->first = (r->first + 1) % RING_BUFFERS;
		r->filled--;
		r->held = false;
		if (r->filled == RING_BUFFERS / 2)
			pthread_cond_signal(&r->changed);
	}
	if (r->filled == 0)
		while (r->filled < RING_BUFFERS / 2 && !r->producer_done)
			pthread_cond_wait(&r->changed, &r->mutex);
	if (r->filled > 0) {
		*ret_p = buffer_at(r, r->first);
		n = r->sizes[r->first];
		r->held = true;
	}
	pthread_mutex_unlock(&r->mutex);
	return n;
}

void ring_leave(struct ring *r)
{
	pthread_mutex_lock(&r->mutex);
	r->consumer_done = true;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->mutex);
}
