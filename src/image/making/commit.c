/* SPDX-License-Identifier: Apache-2.0 */
#include "image/making/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/step.h"
#include "base/vec.h"
#include "image/courier.h"
#include "image/moving/finish.h"
#include "image/moving/intake.h"
#include "image/store/content.h"
#include "image/store/remove.h"
#include "os/fd.h"
#include "os/memfd.h"

/* The tar of an empty tree: 1024 zeros. A commit of nothing adds no layer. */
#define EMPTY_TAR "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

/* ---- packing ---- */

static int courier_begin(const struct image_store *s, const struct commit_tree *tree, struct courier *l, struct err *e)
{
	struct transfer_message task = { .source = SOURCE_TREE };

	return courier_open(l, s, &task, &tree->fd, 1, tree->cancel_fd, e);
}

/* Orders the tree packed into @out and waits for the result. */
static int tree_pack(struct courier *l, const struct commit_tree *tree, enum pack_kind compression, int out, struct arena *a, struct transfer_message *ret,
	struct err *e)
{
	struct transfer_message order = { .type = TRANSFER_PACK, .compression = compression, .overlay = tree->overlay, .root = tree->root };
	scoped_fd int marks = memfd_from_bytes("marks", tree->marks.n ? tree->marks.p : "", tree->marks.n);
	scoped_fd int apart = courier_directory_apart(tree->fd, true);
	int r;

	if (apart < 0)
		return err_sys(e, apart, "set the tree apart");
	if (marks < 0)
		return err_sys(e, marks, "memory for marks");
	if (lseek(marks, 0, SEEK_SET) < 0)
		return err_sys(e, -errno, "rewind marks");
	r = transfer_send(l->sock, &order, (int[]){ apart, out, marks }, 3, e);
	for (;;) {
		struct arena_mark before = arena_mark(a);

		if (r == 0)
			r = courier_receive(l, -1, a, ret, e);
		if (r < 0)
			return r;
		if (ret->type == TRANSFER_PACKED)
			return 0;
		if (ret->type == TRANSFER_FAILED)
			return transfer_error(ret, e);
		if (ret->type != TRANSFER_PROGRESS)
			return err_set(e, ERR_INTERNAL, "expected message 'packed', got '%s'", enumtab_name(&transfer_types, (int)ret->type));
		arena_reset(a, before);
	}
}

int image_export(struct image_store *s, const struct commit_tree *tree, int out, bool *ret_changed, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_courier struct courier l = COURIER_NONE;
	struct transfer_message packed;
	int r = courier_begin(s, tree, &l, e);

	if (r == 0)
		r = tree_pack(&l, tree, PACK_PLAIN, out, &a, &packed, e);
	if (r == 0)
		*ret_changed = packed.changed;
	return r;
}

/* ---- commit ---- */

struct commit {
	/* given */
	struct image_store *store;
	const struct commit_request *request;
	struct arena *arena;
	const char *reference;            /* canonical, or NULL */
	/* commit.parent */
	int parent_lock;
	struct image parent;
	struct oci_manifest parent_manifest;
	/* commit.pack */
	struct courier courier;
	struct transfer_message packed;
	bool empty, blob_is_here;
	int blob_lock;                    /* shared; the intake takes it over */
	/* commit.layer */
	struct intake_layer layer;
	struct intake intake;
	struct pull_options options;      /* none: an intake wants some */
	/* commit.documents */
	struct oci_image_config config;
	struct str config_text;
	int image_lock, config_lock, manifest_lock; /* until the record refers to them */
	struct image_record record;
	/* commit.record */
	bool placed;
};

/* The layer, its blob and the documents. */
static void commit_undo(struct commit *c)
{
	struct strs blobs = { 0 };

	intake_undo(&c->intake);
	if (c->blob_is_here)
		strs_push(c->arena, &blobs, c->packed.digest);
	if (c->config_lock >= 0)
		strs_push(c->arena, &blobs, c->record.id);
	if (c->manifest_lock >= 0)
		strs_push(c->arena, &blobs, c->record.manifest);
	remove_brought(c->store, &(struct strs){ 0 }, &blobs, c->arena);
}

static void commit_done(struct commit *c)
{
	courier_done(&c->courier);
	intake_done(&c->intake);
	content_unlock(c->store, CONTENT_LOCK_BLOB, c->packed.digest, c->blob_lock);
	content_unlock(c->store, CONTENT_LOCK_BLOB, c->record.manifest, c->manifest_lock);
	content_unlock(c->store, CONTENT_LOCK_BLOB, c->record.id, c->config_lock);
	if (!c->placed)
		commit_undo(c);
	if (c->image_lock >= 0)
		content_unlock(c->store, CONTENT_LOCK_IMAGE, c->record.id, c->image_lock);
	if (c->parent_lock >= 0)
		content_unlock(c->store, CONTENT_LOCK_IMAGE, c->request->parent, c->parent_lock);
}

static int commit_parent(void *ctx, struct err *e)
{
	struct commit *c = ctx;
	const char *id = c->request->parent;
	struct str text;
	int r;

	if (!id)
		return 0;
	r = image_pin(c->store, id, &c->parent_lock, e);
	if (r == 0)
		r = image_find(c->store, id, c->arena, &c->parent, e);
	if (r == 0)
		r = content_blob_read(c->store, c->parent.manifest, c->arena, &text, e);
	if (r == 0)
		r = oci_manifest_decode(text, c->arena, &c->parent_manifest, e);
	if (r == 0 && c->parent_manifest.n_layers != c->parent.diff_ids.n)
		r = err_set(e, ERR_CORRUPT, "manifest and config of image '%.19s' do not fit", id);
	if (r == 0 && c->parent_manifest.n_layers >= LIMIT_LAYERS)
		r = err_set(e, ERR_EXHAUSTED, "image '%.19s' has %zu layers already, and more cannot be mounted; use --squash", id, c->parent_manifest.n_layers);
	return r;
}

/* The blob grows in a file without a name, so that nothing is left if we stop. */
static int commit_pack(void *ctx, struct err *e)
{
	struct commit *c = ctx;
	scoped_fd int file = openat(c->store->root_fd, "blobs/ingest", O_RDWR | O_TMPFILE | O_CLOEXEC, 0444);
	struct digest d;
	int r;

	if (file < 0)
		return err_sys(e, -errno, "make file for a layer in '%s'", c->store->root);
	r = courier_begin(c->store, &c->request->tree, &c->courier, e);
	if (r == 0)
		r = tree_pack(&c->courier, &c->request->tree, c->request->compression, file, c->arena, &c->packed, e);
	if (r < 0)
		return r;
	if (!c->packed.digest || !c->packed.diff_id || digest_parse(c->packed.digest, &d) < 0 || digest_parse(c->packed.diff_id, &d) < 0)
		return err_set(e, ERR_INTERNAL, "tare-transfer sent no digests");
	c->empty = c->request->parent && strcmp(c->packed.diff_id, EMPTY_TAR) == 0;
	if (c->empty)
		return 0;
	/* Before it can be seen: a prune takes what no record needs. */
	c->blob_lock = content_lock(c->store, CONTENT_LOCK_BLOB, c->packed.digest, FILE_LOCK_SHARED, true);
	if (c->blob_lock < 0)
		return err_sys(e, c->blob_lock, "lock blob '%.30s'", c->packed.digest);
	r = content_blob_link(c->store, c->packed.digest, file, e);
	c->blob_is_here = r == 0;
	return r;
}

static bool is_not_empty(const void *ctx)
{
	const struct commit *c = ctx;

	return !c->empty;
}

static int commit_layer(void *ctx, struct err *e)
{
	struct commit *c = ctx;

	c->layer = (struct intake_layer){ .name = "", .digest = c->packed.digest, .diff_id = c->packed.diff_id, .size = c->packed.size };
	intake_init(&c->intake, c->store, &c->courier, &c->options, c->arena, &c->layer, 1);
	c->layer.blob_lock = take_fd(&c->blob_lock);
	c->intake.at_hand = true;
	return intake_run(&c->intake, e);
}

static const char *digest_text(struct commit *c, struct str text)
{
	char out[DIGEST_TEXT_SIZE];
	struct digest d;

	digest_of(DIGEST_SHA256, text.p, text.n, &d);
	digest_print(&d, out);
	return arena_strdup(c->arena, out);
}

static int config_make(struct commit *c, struct err *e)
{
	const struct oci_image_config *parent = &c->parent.config;
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);

	c->config = c->request->config;
	c->config.rootfs = (struct oci_rootfs){ .type = "layers" };
	for (size_t i = 0; i < c->parent.diff_ids.n; i++)
		strs_push(c->arena, &c->config.rootfs.diff_ids, c->parent.diff_ids.v[i]);
	if (!c->empty)
		strs_push(c->arena, &c->config.rootfs.diff_ids, c->layer.diff_id);
	c->config.n_history = c->request->parent ? parent->n_history + 1 : 1;
	c->config.history = arena_array(c->arena, struct oci_history, c->config.n_history);
	if (c->config.n_history > 1)
		memcpy(c->config.history, parent->history, parent->n_history * sizeof *parent->history);
	c->config.history[c->config.n_history - 1] = c->request->history;
	c->config.history[c->config.n_history - 1].empty_layer = c->empty;
	if (oci_image_config_encode(&c->config, &b) < 0)
		return err_set(e, ERR_EXHAUSTED, "config of the image is longer than %d bytes", LIMIT_MANIFEST);
	c->config_text = (struct str){ arena_memdup(c->arena, buf_text(&b), b.n), b.n };
	return 0;
}

/* Whatever a layer was called by those who made it, in the words of the manifest that we write. */
static const char *layer_type(const struct commit *c, const char *type)
{
	static const char *const words[][2] = {
		[MEDIA_LAYER] = { "application/vnd.oci.image.layer.v1.tar", "application/vnd.docker.image.rootfs.diff.tar" },
		[MEDIA_LAYER_GZIP] = { "application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.docker.image.rootfs.diff.tar.gzip" },
		[MEDIA_LAYER_ZSTD] = { "application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.docker.image.rootfs.diff.tar.zstd" },
	};
	enum media_kind kind = media_kind_of(type);
	bool known = kind == MEDIA_LAYER || kind == MEDIA_LAYER_GZIP || kind == MEDIA_LAYER_ZSTD;

	/* Layers that may not be distributed keep their name: it is what says so. */
	return !known || strstr(type, "nondistributable") || strstr(type, "foreign") ? type : words[kind][c->request->docker];
}

static int manifest_make(struct commit *c, struct buf *b, struct err *e)
{
	static const char *const types[][2] = {
		{ "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json" },
		{ "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json" },
	};
	struct oci_manifest m = { .schema_version = 2, .media_type = types[0][c->request->docker], .n_layers = c->parent_manifest.n_layers };

	c->record.id = digest_text(c, c->config_text);
	m.config = (struct oci_descriptor){ .media_type = types[1][c->request->docker], .digest = c->record.id, .size = (int64_t)c->config_text.n };
	m.layers = arena_array(c->arena, struct oci_descriptor, m.n_layers + 1);
	for (size_t i = 0; i < m.n_layers; i++) {
		m.layers[i] = c->parent_manifest.layers[i];
		m.layers[i].media_type = layer_type(c, m.layers[i].media_type);
	}
	if (!c->empty)
		m.layers[m.n_layers++] = (struct oci_descriptor){ .media_type = layer_type(c, c->packed.media_type), .digest = c->layer.digest,
			.size = c->layer.size };
	if (oci_manifest_encode(&m, b) < 0)
		return err_set(e, ERR_EXHAUSTED, "manifest of the image is longer than %d bytes", LIMIT_MANIFEST);
	c->record.manifest = digest_text(c, buf_str(b));
	return 0;
}

static int commit_documents(void *ctx, struct err *e)
{
	struct commit *c = ctx;
	scoped_buf struct buf b = BUF(LIMIT_MANIFEST);
	int r = config_make(c, e);

	if (r == 0)
		r = manifest_make(c, &b, e);
	if (r < 0)
		return r;
	c->image_lock = content_lock(c->store, CONTENT_LOCK_IMAGE, c->record.id, FILE_LOCK_SHARED, true);
	if (c->image_lock < 0)
		return err_sys(e, c->image_lock, "lock image '%.19s'", c->record.id);
	r = content_blob_keep(c->store, c->record.id, c->config_text, &c->config_lock, e);
	return r < 0 ? r : content_blob_keep(c->store, c->record.manifest, buf_str(&b), &c->manifest_lock, e);
}

static int commit_record(void *ctx, struct err *e)
{
	struct commit *c = ctx;
	int r;

	c->record.reference = c->reference;
	c->record.own = true;
	r = finish_record(c->store, &c->config, &c->record, e);
	c->placed = r == 0;
	return r;
}

/* As with a pull: content, all of it durable, then the one small file that makes it an image. */
static const struct step steps[] = {
	{ "commit.parent",    NULL,         commit_parent,    NULL },
	{ "commit.pack",      NULL,         commit_pack,      NULL },
	{ "commit.layer",     is_not_empty, commit_layer,     NULL },
	{ "commit.documents", NULL,         commit_documents, NULL },
	{ "commit.record",    NULL,         commit_record,    NULL },
};

int image_commit(struct image_store *s, const struct commit_request *q, struct arena *a, struct image *ret, bool *ret_changed, struct err *e)
{
	SCOPED(commit_done) struct commit c = { .store = s, .request = q, .arena = a, .parent_lock = -EBADF, .image_lock = -EBADF,
		.config_lock = -EBADF, .manifest_lock = -EBADF, .blob_lock = -EBADF, .courier = COURIER_NONE };
	struct reference ref;
	int r = 0;

	if (q->name) {
		r = reference_parse(q->name, a, &ref, e);
		if (r == 0 && ref.digest)
			r = err_set(e, ERR_INVALID, "image name '%.200s': a digest cannot be given as a name", q->name);
		if (r < 0)
			return r;
		c.reference = reference_print(&ref, a);
	}
	r = steps_run(steps, ARRAY_LEN(steps), &c, e);
	if (r < 0)
		return r;
	*ret_changed = c.packed.changed;
	return content_image_load(s, &c.record, a, ret, e);
}
