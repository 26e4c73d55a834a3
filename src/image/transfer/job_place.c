/* SPDX-License-Identifier: Apache-2.0 */
/* PLACE: a tar, compressed or not, put into a tree that lives. Two threads: one reads and unfolds, one makes files. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "image/transfer/job.h"
#include "image/transfer/place.h"
#include "image/transfer/ring.h"
#include "image/transfer/stream.h"
#include "image/transfer/untar.h"

enum { JOB_ROOT, JOB_IN };

struct feeding {
	int fd;
	struct ring ring;
	unsigned char *room;
	size_t n_room;
	int r;
	struct err error;
};

static int piece_feed(void *arg, const void *bytes, size_t n, struct err *e)
{
	struct feeding *f = arg;
	const char *p = bytes;

	while (n > 0) {
		size_t take;

		if (!f->room) {
			f->room = ring_room(&f->ring);
			f->n_room = 0;
		}
		if (!f->room)
			return err_set(e, ERR_CANCELED, "the reader of the archive is gone");
		take = RING_BUFFER_SIZE - f->n_room < n ? RING_BUFFER_SIZE - f->n_room : n;
		memcpy(f->room + f->n_room, p, take);
		f->n_room += take;
		p += take;
		n -= take;
		if (f->n_room == RING_BUFFER_SIZE) {
			ring_put(&f->ring, f->n_room);
			f->room = NULL;
		}
	}
	return 0;
}

static void *feeder(void *arg)
{
	struct feeding *f = arg;

	f->r = stream_copy(f->fd, STREAM_ALL, piece_feed, f, &f->error);
	if (f->r == 0 && f->room && f->n_room > 0)
		ring_put(&f->ring, f->n_room);
	ring_end(&f->ring);
	return NULL;
}

static ssize_t tar_read(void *arg, const void **ret_p, struct err *e)
{
	struct feeding *f = arg;
	size_t n = ring_get(&f->ring, ret_p);

	return (ssize_t)n;
}

static int tar_place(struct feeding *f, struct place *place, struct unpacked *ret, struct err *e)
{
	const void *p;
	int r = untar(tar_read, f, &place_form, place, e);

	/* The writer of a pipe shall not find it closed. */
	while (r == 0 && ring_get(&f->ring, &p) > 0)
		;
	if (r == 0)
		r = place_form.finish(place, ret, e);
	return r;
}

int job_place(const struct job_ends *ends, void *line, struct job *j, struct err *e)
{
	struct place_job job = { .root = j->fds[JOB_ROOT], .base = j->m.name ? j->m.name : "", .overwrite = j->m.overwrite,
		.owner = j->m.keep ? PLACE_KEEP : j->m.give ? PLACE_GIVE : PLACE_OWN, .uid = j->m.uid, .gid = j->m.gid };
	struct transfer_message done = { .type = TRANSFER_PLACED, .index = j->m.index };
	struct feeding *f = alloc_or_die(sizeof *f);
	scoped_place struct place *place = place_new(&job);
	struct unpacked result = { 0 };
	pthread_t thread;
	int r;

	*f = (struct feeding){ .fd = j->fds[JOB_IN] };
	ring_init(&f->ring);
	r = -pthread_create(&thread, NULL, feeder, f);
	if (r < 0)
		return err_sys(e, r, "start reader");
	r = tar_place(f, place, &result, e);
	ring_leave(&f->ring);
	/* A feeder that waits for bytes may wait for long; it goes with this process, and so does what it works on. */
	if (r < 0)
		return r;
	pthread_join(thread, NULL);
	ring_done(&f->ring);
	r = f->r;
	if (r < 0)
		*e = f->error;
	free(f);
	if (r < 0)
		return r;
	done.entries = result.entries;
	done.bytes = result.bytes;
	return job_answer(ends, &done, e);
}
