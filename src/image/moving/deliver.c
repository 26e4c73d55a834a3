/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/deliver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "os/fd.h"

static void progress(const struct deliver *d, const struct deliver_blob *b, enum pull_phase phase, uint64_t current, uint64_t total)
{
	struct pull_progress p = { .index = (size_t)(b - d->blobs), .count = d->n_blobs, .phase = phase, .current = current, .total = total };

	if (!d->options->progress)
		return;
	snprintf(p.id, sizeof p.id, "%.12s", digest_hex(b->digest));
	d->options->progress(d->options->arg, &p);
}

static int blob_put(struct deliver *d, struct deliver_blob *b, struct err *e)
{
	struct transfer_message m = { .type = TRANSFER_PUT, .index = b - d->blobs, .name = b->name, .digest = b->digest, .media_type = b->media_type,
		.size = b->size, .from = b->from };
	struct content_name name = content_blob_name(b->digest);
	scoped_fd int own = -EBADF;
	int fd = b->fd;

	if (fd < 0)
		fd = own = openat(d->store->blobs_fd, name.s, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return err_sys(e, -errno, "open blob '%.30s'", b->digest);
	progress(d, b, PUSH_WAITING, 0, (uint64_t)b->size);
	return transfer_send(d->courier->sock, &m, &fd, fd < 0 ? 0 : 1, e);
}

static struct deliver_blob *blob_of(struct deliver *d, const struct transfer_message *m, struct err *e)
{
	if (m->index < 0 || (size_t)m->index >= d->n_blobs || d->blobs[m->index].done) {
		err_set(e, ERR_INTERNAL, "tare-transfer speaks of blob %lld", (long long)m->index);
		return NULL;
	}
	return &d->blobs[m->index];
}

static void blob_is_there(struct deliver *d, struct deliver_blob *b, enum sink_outcome outcome)
{
	static const enum pull_phase phases[SINK_OUTCOME_COUNT] = {
		[SINK_STORED] = PUSH_DONE, [SINK_EXISTED] = PUSH_EXISTS, [SINK_MOUNTED] = PUSH_MOUNTED,
	};

	b->done = true;
	b->outcome = outcome;
	progress(d, b, phases[outcome], (uint64_t)b->size, (uint64_t)b->size);
}

static int message_take(struct deliver *d, const struct transfer_message *m, struct err *e)
{
	struct deliver_blob *b;
	int r;

	if (m->type == TRANSFER_FAILED && m->index < 0)
		return transfer_error(m, e);
	b = blob_of(d, m, e);
	if (!b)
		return -e->sys;
	switch ((int)m->type) {
	case TRANSFER_PROGRESS:
		progress(d, b, PUSH_SENDING, m->current, m->total);
		return 0;
	case TRANSFER_STORED:
		blob_is_there(d, b, m->outcome);
		return 0;
	case TRANSFER_FAILED:
		r = transfer_error(m, e);
		err_wrap(e, "blob %.19s", b->digest);
		return r;
	default:
		return err_set(e, ERR_INTERNAL, "unexpected message '%s'", enumtab_name(&transfer_types, (int)m->type));
	}
}

int deliver_run(struct deliver *d, struct err *e)
{
	size_t left = d->n_blobs;
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->n_blobs; i++)
		r = blob_put(d, &d->blobs[i], e);
	while (r == 0 && left > 0) {
		scoped_arena struct arena a = { 0 };
		struct transfer_message m;

		r = courier_receive(d->courier, -1, &a, &m, e);
		if (r == 0)
			r = message_take(d, &m, e);
		if (r == 0 && m.type == TRANSFER_STORED)
			left--;
	}
	return r;
}
