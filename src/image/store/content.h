/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * content: the directories of the image store, its locks, blobs, layers and records. Private to src/image; the engine uses image.h.
 *
 *   blobs/sha256/<hex>, blobs/sha512/<hex>   verified content, 0444
 *   blobs/ingest/<hex>                       content on its way; what is there is continued; <hex>.<random>: a document being written
 *   layers/<hex>/ or layers/<hex>.erofs      a layer, unpacked or as one file (form.h); layers/<hex>.json: its entry count and bytes
 *   layers/ingest/<hex>/, gone-<hex>/        a layer on its way in or out, and <hex>.json its record; worthless unless its lock is held
 *   images/<escaped reference>               record of a name; images/@<hex>: record of an image without a name
 *   locks/{layer,blob,image}-<hex>           OFD locks: exclusive to make or delete, shared to rely on it until a record does; the file goes with the last
 *                                            holder, that of an image that containers were made of with the image
 *   locks/{records,removal}                  one at a time: names move to other images; content goes
 *
 * Lock order: image, then removal, then layer, then blob, then records. Whoever holds a layer or blob exclusively never waits for another lock but that of
 * the records, whose holder waits for none; so all may wait for shared ones. Content goes in this order: lock it, then look whether a record needs it; a pull
 * writes the record before it lets go.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/digest.h"
#include "image/image.h"
#include "image/store/form.h"
#include "os/file.h"
#include "os/objdir.h"

struct image_store {
	char *root; /* absolute */
	int root_fd, blobs_fd, ingest_fd, layers_fd, layer_ingest_fd, locks_fd;
	struct objdir images;
	enum layer_form form; /* of layers made from now on */
	bool drop_blobs;      /* of those layers */
};

/* ---- locks ---- */

enum content_lock { CONTENT_LOCK_LAYER, CONTENT_LOCK_BLOB, CONTENT_LOCK_IMAGE };

/* Locks a digest (checked text). Returns the descriptor. Errors: -EAGAIN if taken and not @wait. */
int content_lock(const struct image_store *s, enum content_lock what, const char *digest, enum file_lock kind, bool wait);

/* Lets go, and removes the lock's file if nobody else holds it. Nothing happens if @fd is negative; @digest may be NULL then. */
void content_unlock(const struct image_store *s, enum content_lock what, const char *digest, int fd);

/* What only one may do at a time. Waits; returns the descriptor, to be closed. */
enum content_whole { CONTENT_RECORDS, CONTENT_REMOVAL };
int content_lock_all(const struct image_store *s, enum content_whole what);

/* ---- blobs ---- */

/* "sha256/<hex>" of a checked digest. */
struct content_name {
	char s[DIGEST_TEXT_SIZE + 16];
};
struct content_name content_blob_name(const char *digest);

bool content_blob_has(const struct image_store *s, const char *digest, int64_t size);

/* Reads a document and verifies its digest. Errors: -ENOENT, -EBADMSG. */
int content_blob_read(const struct image_store *s, const char *digest, struct arena *a, struct str *ret, struct err *e);

/* Whether a blob of any size is here and has the content its digest says. Reads all of it. */
bool content_blob_is_sound(const struct image_store *s, const char *digest);

/* Writes a document whose digest is known to be right, if it is not there. Not synced. */
int content_blob_write(const struct image_store *s, const char *digest, struct str text, struct err *e);

/* The same, and nobody takes it away while the caller holds *ret_lock (content_unlock), which he does until a record refers to it. */
int content_blob_keep(const struct image_store *s, const char *digest, struct str text, int *ret_lock, struct err *e);

/* Opens the file of a blob on its way; *ret_have is what is there. Returns owned. */
int content_ingest_open(const struct image_store *s, const char *digest, uint64_t *ret_have, struct err *e);

/* A file without a name for what is on its way and need not stay. Returns owned. */
int content_temporary(const struct image_store *s, struct err *e);

/* Makes it visible, in place of what was there. */
int content_ingest_commit(const struct image_store *s, const char *digest, int fd, struct err *e);

/* The same for a file without a name (content_temporary) whose digest is known now. */
int content_blob_link(const struct image_store *s, const char *digest, int fd, struct err *e);

/* ---- layers ---- */

struct layer_record {
	uint64_t entries, bytes; /* names, and sizes of regular files */
	const char *sum;        /* of the tree (tree_sum.h), or of a file layer without its tar; NULL: by an older tare */
	uint64_t tar;           /* bytes of the tar in a file layer */
	bool opaque;            /* hides all layers below */
	const char *blob;       /* what it was unpacked from, for manifests we write ourselves; NULL: unknown */
	const char *media_type;
	int64_t blob_size;
	const char *boot;       /* of the kernel's run in which it was unpacked; NULL: by an older tare */
};

#define CONTENT_GONE "gone-" /* before the name of a layer on its way out */

bool content_layer_has(const struct image_store *s, const char *diff_id);

/* The layer that an entry of layers/ stands for, which of a layer and its record only one does. Returns its diff id, or NULL. */
const char *content_layer_of_entry(const struct image_store *s, const char *name, struct arena *a);

/* Whether anything of it is here: who was killed may have left a layer without its record, or a record alone. */
bool content_layer_has_part(const struct image_store *s, const char *diff_id);

/* The form of a layer. Errors: -ENOENT if it is not here. */
int content_layer_form(const struct image_store *s, const char *diff_id, enum layer_form *ret);

/* "layers/<hex>" or "layers/<hex>.erofs", relative to the root. */
struct content_name content_layer_path(const char *diff_id, enum layer_form form);

int content_layer_record(const struct image_store *s, const char *diff_id, struct arena *a, struct layer_record *ret, struct err *e);

/* Whether it was unpacked since the machine was started: a layer that is older and that no image's record refers to may have been cut off by a power failure. */
bool content_layer_is_of_this_boot(const struct image_store *s, const char *diff_id);

/* A fresh empty directory layers/ingest/<name>; what an abandoned one left is removed. Returns it opened. */
int content_layer_begin(const struct image_store *s, const char *name, struct err *e);
int content_layer_commit(const struct image_store *s, const char *name, const char *diff_id, enum layer_form form, const struct layer_record *r,
	struct err *e);

/* Takes a layer out of sight and removes it. The caller holds its exclusive lock. */
int content_layer_remove(const struct image_store *s, const char *diff_id, struct err *e);

/* ---- records ---- */

struct image_record {
	const char *reference; /* canonical; NULL: the image has no name */
	const char *id;        /* digest of the config */
	const char *manifest;
	const char *index;     /* or NULL */
	const char *created;   /* when this record was made, RFC 3339 */
	const char *image_created; /* when the image was, as its config says: what a list shows; NULL: ask the config */
	uint64_t size;
	uint32_t first_layer;  /* layers before it are hidden by an opaque root */
	bool own;              /* its manifest was written here, so nobody knows its digest yet */
	bool packed;           /* its layers are blobs and nothing else: it is for another system */
	bool all;              /* all that its index names is here */
};

int content_record_read(const struct image_store *s, const char *name, struct arena *a, struct image_record *ret, struct err *e);
int content_record_write(const struct image_store *s, const struct image_record *r, struct err *e);
const char *content_record_name(const struct image_record *r, struct arena *a);

struct image_records {
	struct image_record *v;
	size_t n, cap;
};
/* All readable records; the names of damaged ones go to @ret_bad if not NULL. */
int content_records(const struct image_store *s, struct arena *a, struct image_records *ret, struct strs *ret_bad, struct err *e);

/* Gives a record its place; the image that had the name keeps a nameless record if that was its last. */
int content_record_place(const struct image_store *s, const struct image_record *r, struct err *e);

/* Before the name of @old goes or moves: its image gets a nameless record, if that was its last. The caller has CONTENT_RECORDS. */
int content_record_leave(const struct image_store *s, const struct image_record *old, struct arena *a, struct err *e);

/* Whether the image that has the name lacks something, so that what is brought for it has a record already. */
bool content_record_lacks(const struct image_store *s, const char *reference, struct arena *a);

/* The image behind a record as far as the record alone knows it. Errors: -ENOENT if its config is not here. */
int content_image_brief(const struct image_store *s, const struct image_record *r, struct arena *a, struct image *ret, struct err *e);

/* The image behind a record. */
int content_image_load(const struct image_store *s, const struct image_record *r, struct arena *a, struct image *ret, struct err *e);
