/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/text.h"
#include "base/vec.h"
#include "image/store/remove.h"
#include "os/fd.h"
#include "os/overlay.h"
#include "os/path_safe.h"
#include "os/proc.h"

enum { POLL_MS = 50 };

void intake_init(struct intake *in, const struct image_store *s, struct courier *l, const struct pull_options *o, struct arena *a,
	struct intake_layer *layers, size_t n)
{
	*in = (struct intake){ .store = s, .courier = l, .options = o, .arena = a, .layers = layers, .n_layers = n };
	for (size_t i = 0; i < n; i++)
		layers[i].layer_lock = layers[i].new_lock = layers[i].blob_lock = layers[i].dir_fd = layers[i].blob_fd = -EBADF;
}

static void progress(const struct intake *in, const struct intake_layer *l, enum pull_phase phase, uint64_t current, uint64_t total)
{
	struct pull_progress p = { .index = (size_t)(l - in->layers), .count = in->n_layers, .phase = phase, .current = current, .total = total };
	const char *digest = l->digest ? l->digest : l->diff_id;

	if (!in->options->progress)
		return;
	snprintf(p.id, sizeof p.id, "%.12s", digest ? digest_hex(digest) : "");
	in->options->progress(in->options->arg, &p);
}

/* A layer without diff id is locked under the name of its ingest directory. */
static struct content_name new_name(const struct intake_layer *l)
{
	struct content_name name;

	snprintf(name.s, sizeof name.s, "new:%s", l->ingest);
	return name;
}

static void layer_unlock(const struct intake *in, struct intake_layer *l)
{
	if (l->diff_id)
		content_unlock(in->store, CONTENT_LOCK_LAYER, l->diff_id, l->layer_lock);
	if (l->digest)
		content_unlock(in->store, CONTENT_LOCK_BLOB, l->digest, l->blob_lock);
	content_unlock(in->store, CONTENT_LOCK_LAYER, new_name(l).s, l->new_lock);
	l->layer_lock = l->new_lock = l->blob_lock = -EBADF;
}

static void layer_close(struct intake_layer *l)
{
	l->dir_fd = fd_close(l->dir_fd);
	l->blob_fd = fd_close(l->blob_fd);
}

static void layer_is_here(struct intake *in, struct intake_layer *l, enum pull_phase phase)
{
	uint64_t size = l->size > 0 ? (uint64_t)l->size : 0;

	l->state = INTAKE_DONE;
	progress(in, l, phase, size, size);
}

static void layer_wait(struct intake *in, struct intake_layer *l)
{
	if (l->state != INTAKE_WAITING)
		progress(in, l, PULL_WAITING, 0, l->size > 0 ? (uint64_t)l->size : 0);
	l->state = INTAKE_WAITING;
}

static bool layer_is_needed(struct intake *in, const char *diff_id)
{
	struct strs blobs = { 0 };
	struct image_records all;
	struct err ignored;

	if (!in->needed_known && content_records(in->store, in->arena, &all, NULL, &ignored) == 0)
		for (size_t i = 0; i < all.n; i++)
			(void)remove_needs(in->store, &all.v[i], in->arena, &blobs, &in->needed);
	in->needed_known = true;
	return strs_has(&in->needed, diff_id);
}

/* A layer becomes visible before it is durable; an image's record comes after the sync. So one that was made before the last start, and no record vouches for, may be what
 * a power failure left of it. (And where a record refers to it before it is here, because it was lost, it becomes durable first: in->vouched.) */
static bool layer_is_good(struct intake *in, const char *diff_id)
{
	return content_layer_has(in->store, diff_id) && (content_layer_is_of_this_boot(in->store, diff_id) || layer_is_needed(in, diff_id));
}

/* Makes room for a good one. The caller has the exclusive lock. */
static int layer_clear(struct intake *in, const char *diff_id)
{
	struct err e = { 0 };

	return content_layer_has(in->store, diff_id) ? content_layer_remove(in->store, diff_id, &e) : 0;
}

/* Its blob, if we have that too, should stay as well; if somebody is removing it just now, the layer is enough. */
static void layer_blob_keep(const struct intake *in, struct intake_layer *l)
{
	if (!l->digest || l->blob_lock >= 0)
		return;
	l->blob_lock = content_lock(in->store, CONTENT_LOCK_BLOB, l->digest, FILE_LOCK_SHARED, false);
	if (content_blob_has(in->store, l->digest, -1))
		return;
	content_unlock(in->store, CONTENT_LOCK_BLOB, l->digest, l->blob_lock);
	l->blob_lock = -EBADF;
}

/* Looks under a shared lock. 1: it is here, and stays while we hold the lock; 0: it is not. */
static int layer_find(struct intake *in, struct intake_layer *l)
{
	int fd = content_lock(in->store, CONTENT_LOCK_LAYER, l->diff_id, FILE_LOCK_SHARED, false);

	if (fd < 0)
		return fd;
	l->layer_lock = fd;
	if (layer_is_good(in, l->diff_id)) {
		layer_blob_keep(in, l);
		return 1;
	}
	content_unlock(in->store, CONTENT_LOCK_LAYER, l->diff_id, fd);
	l->layer_lock = -EBADF;
	return 0;
}

/* Exclusive locks of layer and blob, or none. 1: meanwhile it is here. */
static int layer_claim(struct intake *in, struct intake_layer *l)
{
	int r = content_lock(in->store, CONTENT_LOCK_LAYER, l->diff_id, FILE_LOCK_EXCLUSIVE, false);

	if (r < 0)
		return r;
	l->layer_lock = r;
	if (layer_is_good(in, l->diff_id)) {
		r = lock_fd_try(l->layer_lock, FILE_LOCK_SHARED);
		if (r == 0)
			layer_blob_keep(in, l);
		return r < 0 ? r : 1;
	}
	r = layer_clear(in, l->diff_id);
	if (r < 0 || !l->digest || l->blob_lock >= 0)
		return r;
	r = content_lock(in->store, CONTENT_LOCK_BLOB, l->digest, FILE_LOCK_EXCLUSIVE, false);
	if (r < 0) {
		layer_unlock(in, l);
		return r;
	}
	l->blob_lock = r;
	return 0;
}

/* What an earlier pull left of it goes on to be kept. */
static bool drops_blob(const struct intake *in, const struct intake_layer *l)
{
	struct stat st;

	if (!l->digest || !in->drop_blobs)
		return false;
	return fstatat(in->store->ingest_fd, digest_hex(l->digest), &st, AT_SYMLINK_NOFOLLOW) < 0;
}

/* The blob's file: the verified one if we have it, else the one it grows in. */
static int blob_open(struct intake *in, struct intake_layer *l, struct transfer_message *order, struct err *e)
{
	struct content_name name;
	struct stat st;

	l->stored = l->digest && content_blob_has(in->store, l->digest, l->size);
	if (l->stored) {
		name = content_blob_name(l->digest);
		l->blob_fd = openat(in->store->blobs_fd, name.s, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (l->blob_fd < 0 || fstat(l->blob_fd, &st) < 0)
			return err_sys(e, -errno, "open blob '%.30s'", l->digest);
		order->have = (uint64_t)st.st_size;
		order->size = st.st_size;
		return 0;
	}
	l->dropped = drops_blob(in, l);
	if (l->dropped) {
		l->blob_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		return l->blob_fd < 0 ? err_sys(e, -errno, "open /dev/null") : 0;
	}
	order->keep = true;
	l->unnamed = !l->digest;
	if (l->unnamed) {
		l->blob_fd = openat(in->store->root_fd, "blobs/ingest", O_RDWR | O_TMPFILE | O_CLOEXEC, 0400);
		return l->blob_fd < 0 ? err_sys(e, -errno, "make file for a blob") : 0;
	}
	l->blob_fd = content_ingest_open(in->store, l->digest, &order->have, e);
	if (l->blob_fd < 0)
		return l->blob_fd;
	/* More than there should be, or a second try: begin again. */
	if (l->again || (l->size >= 0 && order->have > (uint64_t)l->size)) {
		order->have = 0;
		if (ftruncate(l->blob_fd, 0) < 0)
			return err_sys(e, -errno, "empty blob '%.30s'", l->digest);
	}
	return 0;
}

static int layer_order(struct intake *in, struct intake_layer *l, struct err *e)
{
	struct transfer_message order = { .type = TRANSFER_LAYER, .index = l - in->layers, .name = l->name, .digest = l->digest, .diff_id = l->diff_id,
		.size = l->size, .form = in->store->form };
	scoped_fd int apart = -EBADF;
	int fds[4], r;
	size_t n = 0;

	transfer_urls(&order, &l->urls, in->arena);
	if (l->diff_id) {
		snprintf(l->ingest, sizeof l->ingest, "%.70s", digest_hex(l->diff_id));
	} else {
		uint8_t bytes[8];

		proc_random(bytes, sizeof bytes);
		text_hex(bytes, sizeof bytes, l->ingest);
		l->new_lock = content_lock(in->store, CONTENT_LOCK_LAYER, new_name(l).s, FILE_LOCK_EXCLUSIVE, false);
		if (l->new_lock < 0)
			return err_sys(e, l->new_lock, "lock a new layer");
	}
	l->dir_fd = content_layer_begin(in->store, l->ingest, e);
	if (l->dir_fd < 0)
		return l->dir_fd;
	r = blob_open(in, l, &order, e);
	if (r < 0)
		return r;
	apart = courier_layer_directory(in->courier, l->ingest);
	if (apart < 0)
		return err_sys(e, apart, "open directory for layer '%.30s'", l->ingest);
	fds[n++] = apart;
	fds[n++] = l->blob_fd;
	/* The locks go along: should we die first, nobody takes over before transfer is dead too. */
	if (l->layer_lock >= 0 || l->new_lock >= 0)
		fds[n++] = l->layer_lock >= 0 ? l->layer_lock : l->new_lock;
	if (l->blob_lock >= 0)
		fds[n++] = l->blob_lock;
	r = transfer_send(in->courier->sock, &order, fds, n, e);
	if (r < 0)
		return r;
	l->continued = order.have > 0;
	l->state = INTAKE_ORDERED;
	progress(in, l, PULL_DOWNLOADING, order.have, l->size > 0 ? (uint64_t)l->size : 0);
	return 0;
}

/* One look at a layer that is neither here nor ordered. */
static int layer_begin(struct intake *in, struct intake_layer *l, struct err *e)
{
	int r = 0;

	if (l->diff_id) {
		r = layer_find(in, l);
		if (r == 0)
			r = layer_claim(in, l);
	}
	if (r == 1) {
		layer_is_here(in, l, l->state == INTAKE_WAITING ? PULL_DONE : PULL_EXISTS);
		return 0;
	}
	if (r == -EAGAIN) {
		layer_wait(in, l);
		return 0;
	}
	return r < 0 ? err_sys(e, r, "lock layer '%.30s'", l->diff_id) : layer_order(in, l, e);
}

/* ---- what transfer says ---- */

static struct intake_layer *layer_of(struct intake *in, const struct transfer_message *m, struct err *e)
{
	if (m->index < 0 || (size_t)m->index >= in->n_layers || in->layers[m->index].state != INTAKE_ORDERED) {
		err_set(e, ERR_INTERNAL, "tare-transfer speaks of a layer it was not given");
		return NULL;
	}
	return &in->layers[m->index];
}

static int opaque_set(struct intake *in, struct intake_layer *l, const char *path, struct err *e)
{
	scoped_fd int fd = -EBADF;
	int r;

	if (!path || !*path) {
		l->record.opaque = true;
		return 0;
	}
	fd = path_open(l->dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, PATH_NO_SYMLINKS_NO_XDEV);
	/* It was replaced by something else later in the archive. */
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return 0;
	if (fd < 0)
		return err_sys(e, fd, "open '%.200s'", path);
	r = overlay_set_opaque(fd);
	return r < 0 ? err_sys(e, r, "mark '%.200s' opaque", path) : 0;
}

static int blob_commit(struct intake *in, struct intake_layer *l, struct err *e)
{
	if (l->stored || l->dropped)
		return 0;
	return (l->unnamed ? content_blob_link : content_ingest_commit)(in->store, l->digest, l->blob_fd, e);
}

/* Takes the digests transfer computed where we had none. Locks them; another's layer with that id is as good as ours. */
static int layer_learn(struct intake *in, struct intake_layer *l, const struct transfer_message *m, struct err *e)
{
	struct digest d;

	if (!m->digest || !m->diff_id || digest_parse(m->digest, &d) < 0 || digest_parse(m->diff_id, &d) < 0)
		return err_set(e, ERR_INTERNAL, "tare-transfer sent no digests");
	if ((l->digest && strcmp(l->digest, m->digest) != 0) || (l->diff_id && strcmp(l->diff_id, m->diff_id) != 0))
		return err_set(e, ERR_CORRUPT, "tare-transfer sent other digests than expected");
	if (!l->digest) {
		int fd = content_lock(in->store, CONTENT_LOCK_BLOB, m->digest, FILE_LOCK_SHARED, true);

		if (fd < 0)
			return err_sys(e, fd, "lock blob '%.30s'", m->digest);
		l->digest = arena_strdup(in->arena, m->digest);
		l->blob_lock = fd;
	}
	if (l->size < 0)
		l->size = m->size;
	if (!l->diff_id) {
		int fd = content_lock(in->store, CONTENT_LOCK_LAYER, m->diff_id, FILE_LOCK_EXCLUSIVE, true);

		if (fd < 0)
			return err_sys(e, fd, "lock layer '%.30s'", m->diff_id);
		l->diff_id = arena_strdup(in->arena, m->diff_id);
		l->layer_lock = fd;
	}
	return 0;
}

static int layer_commit(struct intake *in, struct intake_layer *l, const struct transfer_message *m, struct err *e)
{
	int r = layer_learn(in, l, m, e);
	bool here;

	if (r < 0)
		return r;
	/* A layer that came without a digest and turns out to be one we have: its record knows a blob already. */
	here = layer_is_good(in, l->diff_id);
	if (!here || !l->unnamed)
		r = blob_commit(in, l, e);
	if (r < 0)
		return r;
	strs_push(in->arena, &in->new_blobs, l->digest);
	strs_push(in->arena, &in->new_layers, l->diff_id);
	l->record.entries = m->entries;
	l->record.bytes = m->bytes;
	l->record.sum = arena_strdup(in->arena, m->sum);
	l->record.tar = m->tar;
	l->record.blob = l->digest;
	l->record.blob_size = m->size;
	l->record.media_type = arena_strdup(in->arena, m->media_type);
	if (here)
		dir_remove_tree(in->store->layer_ingest_fd, l->ingest);
	else if ((r = layer_clear(in, l->diff_id)) < 0)
		return err_sys(e, r, "remove what is left of layer '%.30s'", l->diff_id);
	else if (in->vouched && (r = dir_sync_fs(in->store->root_fd)) < 0)
		return err_sys(e, r, "sync '%s'", in->store->root);
	else
		r = content_layer_commit(in->store, l->ingest, l->diff_id, in->store->form, &l->record, e);
	if (r < 0)
		return r;
	layer_close(l);
	lock_fd_try(l->layer_lock, FILE_LOCK_SHARED);
	if (l->blob_lock >= 0)
		lock_fd_try(l->blob_lock, FILE_LOCK_SHARED);
	layer_is_here(in, l, PULL_DONE);
	return 0;
}

/* Whether the bytes are to blame, so that nobody should continue with them; otherwise the next pull does. A full disk says nothing about them. */
static bool is_worthless(const struct err *e)
{
	enum err_kind kind = e->kind;

	if (e->sys == ENOSPC || e->sys == EDQUOT)
		return false;
	return kind == ERR_CORRUPT || kind == ERR_INVALID || kind == ERR_UNSUPPORTED || kind == ERR_EXHAUSTED;
}

/* A blob of the store that is what its digest says is not to blame for what the image says of it: others may need it. */
static bool stored_is_to_blame(const struct intake *in, const struct intake_layer *l, const struct err *e)
{
	return l->stored && e->kind == ERR_CORRUPT && !content_blob_is_sound(in->store, l->digest);
}

/* A blob continued from an earlier pull may be damaged: once more from its beginning. */
static int layer_failed(struct intake *in, struct intake_layer *l, const struct transfer_message *m, struct err *e)
{
	int r = transfer_error(m, e);
	bool damaged = stored_is_to_blame(in, l, e);
	struct content_name name;

	if (l->digest && is_worthless(e)) {
		name = content_blob_name(l->digest);
		unlinkat(in->store->ingest_fd, digest_hex(l->digest), 0);
		if (damaged)
			unlinkat(in->store->blobs_fd, name.s, 0);
		if (e->kind == ERR_CORRUPT && l->continued && (damaged || !l->stored) && !l->again) {
			layer_close(l);
			l->again = true;
			return layer_order(in, l, e);
		}
	}
	if (l->digest || *l->name)
		err_wrap(e, "layer %.19s", l->digest ? l->digest : l->name);
	return r;
}

static int message_take(struct intake *in, const struct transfer_message *m, struct err *e)
{
	struct intake_layer *l;

	if (m->type == TRANSFER_FAILED && m->index < 0)
		return transfer_error(m, e);
	l = layer_of(in, m, e);
	if (!l)
		return -e->sys;
	switch ((int)m->type) {
	case TRANSFER_PROGRESS:
		progress(in, l, m->total && m->current >= m->total ? PULL_UNPACKING : PULL_DOWNLOADING, m->current, m->total);
		return 0;
	case TRANSFER_OPAQUE:
		return opaque_set(in, l, m->name, e);
	case TRANSFER_UNPACKED:
		return layer_commit(in, l, m, e);
	case TRANSFER_FAILED:
		return layer_failed(in, l, m, e);
	default:
		return err_set(e, ERR_INTERNAL, "unexpected message '%s'", enumtab_name(&transfer_types, (int)m->type));
	}
}

/* ---- all layers ---- */

static bool is_repeated(const struct intake *in, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (streq(in->layers[k].diff_id, in->layers[i].diff_id) && in->layers[i].diff_id)
			return true;
	return false;
}

static size_t count(const struct intake *in, enum intake_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < in->n_layers; i++)
		n += in->layers[i].state == state;
	return n;
}

static int layers_begin(struct intake *in, struct err *e)
{
	for (size_t i = 0; i < in->n_layers; i++) {
		struct intake_layer *l = &in->layers[i];
		int r;

		if (l->state != INTAKE_NEW && l->state != INTAKE_WAITING)
			continue;
		if (is_repeated(in, i)) {
			layer_is_here(in, l, PULL_EXISTS);
			continue;
		}
		r = layer_begin(in, l, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int intake_run(struct intake *in, struct err *e)
{
	int r = layers_begin(in, e);

	while (r == 0 && count(in, INTAKE_DONE) < in->n_layers) {
		struct arena_mark mark = arena_mark(in->arena);
		struct transfer_message m = { 0 };

		r = courier_receive(in->courier, count(in, INTAKE_WAITING) > 0 ? POLL_MS : -1, in->arena, &m, e);
		if (r == 0)
			r = message_take(in, &m, e);
		else if (r == -ETIMEDOUT)
			r = layers_begin(in, e);
		if (r == 0 && m.type == TRANSFER_PROGRESS)
			arena_reset(in->arena, mark);
	}
	return r;
}

/* Under its lock: what came of a blob, if nobody will continue it. */
static void partial_drop(const struct intake *in, const struct intake_layer *l)
{
	struct stat st;

	if (l->state != INTAKE_ORDERED || !l->digest || l->blob_lock < 0 || l->unnamed)
		return;
	if (in->at_hand || (fstatat(in->store->ingest_fd, digest_hex(l->digest), &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size == 0))
		unlinkat(in->store->ingest_fd, digest_hex(l->digest), 0);
}

void intake_done(struct intake *in)
{
	for (size_t i = 0; i < in->n_layers; i++) {
		struct intake_layer *l = &in->layers[i];

		if (l->dir_fd >= 0)
			dir_remove_tree(in->store->layer_ingest_fd, l->ingest);
		layer_close(l);
		partial_drop(in, l);
		layer_unlock(in, l);
	}
	in->n_layers = 0;
}

void intake_undo(struct intake *in)
{
	remove_brought(in->store, &in->new_layers, &in->new_blobs, in->arena);
}
