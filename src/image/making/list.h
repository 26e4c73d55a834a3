/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * list: manifest lists of our own making: an index under a name that people add images to, annotate, and push. One file per list, <root>/lists/<escaped
 * reference>, which is changed under the lock "lists" and always replaced as a whole.
 *
 * An entry is a descriptor; the image it stands for is in the store, or where "origins" says it was looked at. As long as an entry stands
 * for it, an image of the store is not removed.
 */
#include <stdbool.h>

#include "image/image.h"
#include "image/moving/push.h"

struct list {
	const char *reference;     /* canonical */
	struct oci_index index;
	struct pairs origins;      /* digest of an entry -> "host/repository" where it was found, if not in the store */
};

/* What add and annotate say of an entry. NULL and empty: nothing. */
struct list_change {
	const char *os, *architecture, *variant, *os_version;
	struct strs os_features;
	struct pairs annotations;
};

/* Errors: -ENOENT. */
int list_find(struct image_store *s, const char *name, struct arena *a, struct list *ret, struct err *e);

/* Makes an empty list. Errors: -EEXIST, unless @amend. */
int list_create(struct image_store *s, const char *name, bool amend, struct arena *a, struct err *e);

/*
 * Adds an image: of the store, else of its registry ("docker://…" goes there at once); with @all every entry of an index, otherwise the one of this
 * machine's platform. An entry with the same digest is replaced. *ret_digest is that of the (last) entry.
 */
int list_add(struct image_store *s, const char *name, const char *image, bool all, const struct list_change *c, const struct pull_options *o, struct arena *a,
	const char **ret_digest, struct err *e);

/* Changes the entry of an image of the store, or with that digest. Errors: -ENOENT if the list has none. */
int list_annotate(struct image_store *s, const char *name, const char *image, const struct list_change *c, struct arena *a, const char **ret_digest,
	struct err *e);

/* Says more about the list itself: annotations, and (@subject not NULL) what it is about. */
int list_describe(struct image_store *s, const char *name, const struct pairs *annotations, const struct oci_descriptor *subject, struct arena *a, struct err *e);

/* Takes an entry out; deletes a list. Errors: -ENOENT. */
int list_remove(struct image_store *s, const char *name, const char *image, struct arena *a, const char **ret_digest, struct err *e);
int list_delete(struct image_store *s, const char *name, struct arena *a, struct err *e);

/* Whether an entry of a list stands for the image @id, or for one of those that are kept with it for other platforms; fills @ret_who with which list's: "manifest list
 * 'x:1'". Lists that cannot be read keep nothing. */
bool list_uses(struct image_store *s, const char *id, char *ret_who, size_t size);

/* The document as it would be pushed, @docker: with Docker's media type. */
int list_print(const struct list *l, bool docker, struct arena *a, struct str *ret, struct err *e);

/* Pushes it to @destination (NULL: its own name), with @all after the images that are in the store. */
int list_push(struct image_store *s, const char *name, const char *destination, bool all, const struct push_options *o, struct arena *a,
	struct push_result *ret, struct err *e);

/* A document (manifest, index) with the indentation people are used to. Errors: -EINVAL if it is none. */
int list_show(struct str text, struct arena *a, struct str *ret, struct err *e);
