/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * ring: a few large buffers between one producer thread and one consumer thread.
 *
 * The producer fills the buffer of ring_room() and hands it over with ring_put(); the consumer looks at ring_get() and gives it back by asking for the next.
 * Who has to wait waits for half of the ring: one that is quicker than the other is woken half as often.
 * Either side may close: the other then gets 0 bytes (end) or no room (-EPIPE).
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* A megabyte per layer at work: more did not make a pull faster. */
enum { RING_BUFFERS = 4, RING_BUFFER_SIZE = 256 * 1024 };

struct ring {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned char *memory;
	size_t sizes[RING_BUFFERS];
	size_t first, filled; /* buffers waiting for or held by the consumer */
	bool held;            /* the consumer looks at `first` */
	bool producer_done, consumer_done;
};

void ring_init(struct ring *r);
void ring_done(struct ring *r);

/* A free buffer of RING_BUFFER_SIZE bytes; the same one until it is put. NULL if the consumer is gone. */
unsigned char *ring_room(struct ring *r);
void ring_put(struct ring *r, size_t n);
void ring_end(struct ring *r);

/* The next filled buffer; returns its size, 0 after the end. */
size_t ring_get(struct ring *r, const void **ret_p);
void ring_leave(struct ring *r);
