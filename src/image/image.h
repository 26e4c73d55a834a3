/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * image: what the engine knows of an image, and the store that holds images.
 *
 * On disk (DESIGN.md 4): blobs/<algorithm>/<hex> immutable documents and layer blobs; layers/<diff-id hex>/ unpacked layers in overlay-native form;
 * images/<escaped reference> one small JSON record per name. Whoever works on a digest holds the OFD lock of locks/<hex>; the kernel drops it when
 * he dies, and what is unfinished and unlocked is abandoned: the next one who wants that digest removes it and begins again.
 *
 * Life cycle: image_store_open() once per process, image_store_close(). Cheap: opens three directories and reads nothing.
 * Ownership:  everything returned in an arena stays valid as long as the arena.
 * Threads:    calls on one store from several threads are safe (no mutable state in it).
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "image/store/form.h"
#include "spec/oci_image.h"
#include "spec/reference.h"

struct image_store;

struct image {
	const char *id;              /* "sha256:<hex>", the digest of the config: what `images` shows */
	const char *manifest;        /* digest of the manifest */
	const char *index;           /* digest of the index it was chosen from, or NULL */
	struct strs names;           /* canonical references, sorted; empty for an image that lost its last name */
	struct strs layers;          /* absolute paths of the layers, base first, to be mounted by snapshot/: directories, or files that end in ".erofs" */
	struct strs diff_ids;
	uint64_t size;               /* bytes of all layers, unpacked */
	bool packed;                 /* they are not unpacked, .layers is empty: it can be looked at and handed on, not run; .size is that of the blobs */
	const char *tagged;          /* when the record it was found by was made, RFC 3339; NULL if unknown */
	struct oci_image_config config;
};

struct images {
	struct image *v;
	size_t n;
};

/* Opens the store under the directory @root (created if missing), e.g. "/var/lib/tare". Returns owned in @ret. */
int image_store_open(const char *root, struct image_store **ret, struct err *e);
void image_store_close(struct image_store *s);
static inline void image_store_closep(struct image_store **s)
{
	image_store_close(*s);
	*s = NULL;
}
#define scoped_image_store SCOPED(image_store_closep)

/* The form of layers that come from now on; trees if nobody says otherwise. What is here already stays as it is. */
void image_store_set_form(struct image_store *s, enum layer_form form);

/* Blobs of layers that come from now on are not kept: a push or save that needs one fetches it again. */
void image_store_drop_blobs(struct image_store *s);

/* Finds an image by reference or by (a unique prefix of) its id. Errors: -ENOENT if there is none; -EINVAL for bad or ambiguous text. */
int image_find(struct image_store *s, const char *name_or_id, struct arena *a, struct image *ret, struct err *e);

/* Whether the image is of the platform @platform ("linux/arm64"; NULL: any). Errors: ERR_NOT_FOUND if it is of another; ERR_INVALID. */
int image_platform_check(const struct image *image, const char *platform, struct arena *a, struct err *e);

/* The same for a platform ("linux/arm64"): of an image that is here for several, the one for that. Errors: -ENOENT also if it is for others only. */
int image_find_for(struct image_store *s, const char *name_or_id, const char *platform, struct arena *a, struct image *ret, struct err *e);

/* Says why an image that is not unpacked cannot be run or mounted. Errors: ERR_UNSUPPORTED. */
int image_expect_unpacked(const struct image *image, struct err *e);

/* All images, one entry per id with all its names, newest first. A damaged image is left out (image_check names it). */
int image_list(struct image_store *s, struct arena *a, struct images *ret, struct err *e);

/* The same without what only the configs say: no layers, no diff ids, of the config nothing but `created`. Reads one small file per name. */
int image_list_brief(struct image_store *s, struct arena *a, struct images *ret, struct err *e);

/* One line of an image's history, newest first. */
struct image_history {
	const struct oci_history *said; /* in its config; never NULL */
	const char *diff_id;            /* of its layer; NULL if it made none */
	uint64_t size;                  /* bytes of that, unpacked; of the blob if it is not unpacked */
};

/* The history of @image with the sizes of its layers. Layers that the config has no word for come last, with an empty one. */
int image_history(struct image_store *s, const struct image *image, struct arena *a, struct image_history **ret, size_t *ret_n, struct err *e);

/* The manifest of @image. Errors: -ENOENT, -EBADMSG. */
int image_manifest(struct image_store *s, const struct image *image, struct arena *a, struct oci_manifest *ret, struct err *e);

/* Bytes of one layer, unpacked. Errors: -ENOENT. */
int image_layer_size(struct image_store *s, const char *diff_id, uint64_t *ret, struct err *e);

/*
 * Keeps the image from being removed for as long as the returned fd (an OFD lock) is open. Take it before writing an object that refers to the
 * image, close it afterwards. Errors: -ENOENT if the image went away meanwhile.
 */
int image_pin(struct image_store *s, const char *id, int *ret_fd, struct err *e);

/* Gives the image a further name (moved if another image has it). */
int image_tag(struct image_store *s, const char *name_or_id, const char *new_name, struct err *e);

/* Takes @names from the image, all of it if there are none; it stays, if need be without a name. *ret_untagged are the familiar names that went.
 * Errors: -ENOENT for the image; -EINVAL for a name that is not its own. */
int image_untag(struct image_store *s, const char *name_or_id, const struct strs *names, struct arena *a, struct strs *ret_untagged, struct err *e);

/* Says whether the image with that id is in use; fills @ret_who with by whom, for the message: "container 'web'". */
typedef bool (*image_in_use_fn)(void *arg, const char *id, char *ret_who, size_t size);

struct image_removal {
	struct strs untagged; /* familiar names */
	struct strs deleted;  /* image ids and layer digests */
	uint64_t bytes;       /* that prune and sweep made free */
};

enum {
	IMAGE_REMOVE_FORCE = 1 << 0,
	IMAGE_REMOVE_NAMELESS = 1 << 1, /* only if it has no name, now that nobody can give it one */
};

/*
 * `rmi`: drops the name; when it was the last one, deletes the image with the layers and blobs nobody else needs. By id with several names needs
 * FORCE. Errors: -ENOENT, -EBUSY if a container uses it (FORCE only untags then).
 */
int image_remove(struct image_store *s, const char *name_or_id, int flags, image_in_use_fn in_use, void *arg, struct arena *a,
		struct image_removal *ret, struct err *e);

/*
 * Takes all names of the image away and then the image, unless somebody uses it; adds what went to @sum. In use, gone, or named meanwhile: it stays, and that
 * is no error. Each removal looks again under its lock, so no container loses its image to a prune that runs beside its creation.
 */
void image_remove_unused(struct image_store *s, const struct image *image, image_in_use_fn in_use, void *arg, struct arena *a,
		struct image_removal *sum);

/* Which images `prune` may take. All zero: those without a name. */
struct image_prune_options {
	bool all;                 /* also those with names */
	int64_t until;            /* > 0: only those made before, seconds since 1970 */
	struct pairs labels;      /* only those that have all of these; a NULL value: any value */
	struct pairs not_labels;  /* and none of these */
};

/* Deletes what no image needs and nobody works on: layers, blobs, what interrupted work left. */
int image_sweep(struct image_store *s, struct arena *a, struct image_removal *ret, struct err *e);

/* Deletes images that no container uses, then sweeps. */
int image_prune(struct image_store *s, const struct image_prune_options *o, image_in_use_fn in_use, void *arg, struct arena *a,
		struct image_removal *ret, struct err *e);
