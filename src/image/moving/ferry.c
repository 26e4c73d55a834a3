/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/ferry.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "os/fd.h"

enum ferry_state {
	FERRY_NEW,
	FERRY_ASKED,    /* the other side was asked whether it has it */
	FERRY_WANTED,   /* it has not */
	FERRY_FETCHING,
	FERRY_HERE,     /* in .fd */
	FERRY_PUTTING,
	FERRY_DONE,
};

struct item {
	enum ferry_state state;
	int fd; /* the bytes */
};

struct run {
	const struct ferry *f;
	struct item *items;
	struct deliver_blob *blobs;
	size_t n;
};

static void progress(const struct run *run, size_t k, enum pull_phase phase, uint64_t current)
{
	const struct pull_options *o = run->f->options;
	struct pull_progress p = { .index = k, .count = run->n, .phase = phase, .current = current, .total = (uint64_t)run->blobs[k].size };

	if (!o->progress)
		return;
	snprintf(p.id, sizeof p.id, "%.12s", digest_hex(run->blobs[k].digest));
	o->progress(o->arg, &p);
}

static int put(struct run *run, size_t k, struct err *e)
{
	const struct deliver_blob *b = &run->blobs[k];
	struct transfer_message m = { .type = TRANSFER_PUT, .index = (int64_t)k, .name = b->name, .digest = b->digest, .media_type = b->media_type,
		.size = b->size, .from = b->from };

	return transfer_send(run->f->to->courier.sock, &m, &run->items[k].fd, run->items[k].fd < 0 ? 0 : 1, e);
}

static int fetch(struct run *run, size_t k, struct err *e)
{
	const struct deliver_blob *b = &run->blobs[k];
	struct transfer_message m = { .type = TRANSFER_FETCH, .index = (int64_t)k, .name = inlet_blob_name(run->f->from, b->digest), .digest = b->digest,
		.size = b->size };
	int fd = b->fd >= 0 ? fd_dup_min(b->fd, 3) : inlet_blob_open(run->f->from, b->digest, b->size);

	transfer_urls(&m, &b->urls, run->f->shipment->arena);
	run->items[k].state = FERRY_HERE;
	run->items[k].fd = fd;
	if (fd >= 0)
		return 0;
	if (fd != -ENOENT)
		return err_sys(e, fd, "open blob %.19s", b->digest);
	fd = content_temporary(run->f->from->store, e);
	if (fd < 0)
		return fd;
	run->items[k].fd = fd;
	run->items[k].state = FERRY_FETCHING;
	progress(run, k, PULL_DOWNLOADING, 0);
	return transfer_send(run->f->from->courier.sock, &m, &fd, 1, e);
}

/* What can be done for one blob now. An outlet that cannot be asked is a stream: there they go in their order. */
static int item_move(struct run *run, size_t k, bool *before_is_out, struct err *e)
{
	struct item *item = &run->items[k];
	bool ask = outlet_can_have(run->f->to);
	int r = 0;

	if (item->state == FERRY_NEW && ask) {
		item->state = FERRY_ASKED;
		r = put(run, k, e);
	} else if (item->state == FERRY_NEW || item->state == FERRY_WANTED) {
		r = fetch(run, k, e);
	}
	if (r == 0 && item->state == FERRY_HERE && (ask || *before_is_out)) {
		item->state = FERRY_PUTTING;
		progress(run, k, PUSH_SENDING, 0);
		r = put(run, k, e);
	}
	*before_is_out = *before_is_out && item->state >= FERRY_PUTTING;
	return r;
}

/* As many as go at once, from the first that is not done on: so what waits for its turn is never more than that. */
static int items_move(struct run *run, struct err *e)
{
	size_t left = run->f->options->parallel ? run->f->options->parallel : TRANSFER_PARALLEL;
	bool before_is_out = true;
	int r = 0;

	for (size_t k = 0; k < run->n && left > 0 && r == 0; k++) {
		if (run->items[k].state == FERRY_DONE)
			continue;
		r = item_move(run, k, &before_is_out, e);
		left--;
	}
	return r;
}

/* ---- what they say ---- */

static void item_done(struct run *run, size_t k, enum sink_outcome outcome)
{
	static const enum pull_phase phases[SINK_OUTCOME_COUNT] = {
		[SINK_STORED] = PUSH_DONE, [SINK_EXISTED] = PUSH_EXISTS, [SINK_MOUNTED] = PUSH_MOUNTED,
	};

	run->items[k].state = FERRY_DONE;
	run->items[k].fd = fd_close(run->items[k].fd);
	run->blobs[k].done = true;
	run->blobs[k].outcome = outcome;
	progress(run, k, phases[outcome], (uint64_t)run->blobs[k].size);
}

static int message_take(struct run *run, const struct transfer_message *m, bool from, struct err *e)
{
	struct item *item;
	size_t k = (size_t)m->index;
	int r;

	if (m->type == TRANSFER_FAILED && m->index < 0)
		return transfer_error(m, e);
	if (m->index < 0 || k >= run->n)
		return err_set(e, ERR_INTERNAL, "tare-transfer speaks of blob %lld", (long long)m->index);
	item = &run->items[k];
	switch ((int)m->type) {
	case TRANSFER_PROGRESS:
		progress(run, k, from ? PULL_DOWNLOADING : PUSH_SENDING, m->current);
		return 0;
	case TRANSFER_FETCHED:
		if (!from || item->state != FERRY_FETCHING)
			break;
		item->state = FERRY_HERE;
		return 0;
	case TRANSFER_STORED:
		if (from || (item->state != FERRY_ASKED && item->state != FERRY_PUTTING))
			break;
		item_done(run, k, m->outcome);
		return 0;
	case TRANSFER_FAILED:
		r = transfer_error(m, e);
		if (!from && item->state == FERRY_ASKED && e->kind == ERR_NOT_FOUND) {
			item->state = FERRY_WANTED;
			return 0;
		}
		err_wrap(e, "blob %.19s", run->blobs[k].digest);
		return r;
	}
	return err_set(e, ERR_INTERNAL, "unexpected message '%s'", enumtab_name(&transfer_types, (int)m->type));
}

static int one_receive(struct run *run, struct courier *courier, bool from, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct transfer_message m;
	int r = courier_receive(courier, -1, &a, &m, e);

	return r < 0 ? r : message_take(run, &m, from, e);
}

static int either_receive(struct run *run, struct err *e)
{
	struct courier *from = &run->f->from->courier, *to = &run->f->to->courier;
	struct pollfd fds[] = { { .fd = from->sock, .events = POLLIN }, { .fd = to->sock, .events = POLLIN },
		{ .fd = run->f->options->cancel_fd > 0 ? run->f->options->cancel_fd : -1, .events = POLLIN } };
	int r;

	do
		r = poll(fds, ARRAY_LEN(fds), -1);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(e, -errno, "wait for tare-transfer");
	if (fds[2].revents)
		return err_set(e, ERR_CANCELED, "interrupted");
	r = fds[1].revents ? one_receive(run, to, false, e) : 0;
	if (r == 0 && fds[0].revents)
		r = one_receive(run, from, true, e);
	return r;
}

static bool all_done(const struct run *run)
{
	for (size_t k = 0; k < run->n; k++)
		if (run->items[k].state != FERRY_DONE)
			return false;
	return true;
}

static struct run run_begin(const struct ferry *f)
{
	struct run run = { .f = f, .blobs = f->shipment->blobs.v, .n = f->shipment->blobs.n };

	run.items = arena_array(f->shipment->arena, struct item, run.n);
	for (size_t k = 0; k < run.n; k++)
		run.items[k].fd = -EBADF;
	return run;
}

static void run_end(struct run *run)
{
	for (size_t k = 0; k < run->n; k++)
		run->items[k].fd = fd_close(run->items[k].fd);
}

int ferry_run(const struct ferry *f, struct err *e)
{
	struct run run = run_begin(f);
	int r = 0;

	while (r == 0 && !all_done(&run)) {
		r = items_move(&run, e);
		if (r == 0)
			r = either_receive(&run, e);
	}
	run_end(&run);
	return r;
}

/* ---- fetching alone ---- */

static size_t fetching_count(const struct run *run)
{
	size_t n = 0;

	for (size_t k = 0; k < run->n; k++)
		n += run->items[k].state == FERRY_FETCHING;
	return n;
}

int ferry_fetch(const struct ferry *f, bool (*wanted)(void *arg, const struct deliver_blob *b), void *arg, struct err *e)
{
	struct run run = run_begin(f);
	int r = 0;

	for (size_t k = 0; k < run.n && r == 0; k++)
		if (wanted(arg, &run.blobs[k]))
			r = fetch(&run, k, e);
	while (r == 0 && fetching_count(&run) > 0)
		r = one_receive(&run, &f->from->courier, true, e);
	for (size_t k = 0; k < run.n && r == 0; k++)
		if (run.items[k].state == FERRY_HERE)
			run.blobs[k].fd = take_fd(&run.items[k].fd);
	run_end(&run);
	return r;
}
