/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * artifact_files: artifacts on disk: which there are, and the parts that making and moving one consist of (artifact.h).
 */
#include "codec/digest.h"
#include "image/store/content.h"
#include "os/objdir.h"

struct artifact {
	const char *reference;  /* canonical */
	const char *digest;     /* of the manifest */
	struct str text;        /* its bytes */
	struct oci_manifest manifest;
	uint64_t size;          /* of all blobs but the config */
};

struct artifacts {
	struct artifact *v;
	size_t n, cap;
};

/* Errors: -ENOENT. */
int artifact_find(struct image_store *s, const char *name, struct arena *a, struct artifact *ret, struct err *e);

/* All that are whole, by name. */
int artifact_list(struct image_store *s, struct arena *a, struct artifacts *ret, struct err *e);

int artifact_remove(struct image_store *s, const char *name, struct arena *a, const char **ret_digest, struct err *e);

/* ---- for artifact.c ---- */

#define ARTIFACT_MANIFEST "manifest.json"
#define ARTIFACT_TITLE "org.opencontainers.image.title"

/* Opens (locked: for changing) and reads it. Errors: ERR_NOT_FOUND. */
int artifact_open(struct image_store *s, const char *name, struct arena *a, struct object *ret, struct artifact *ret_artifact, struct err *e);
int artifact_lock(struct image_store *s, const char *name, struct arena *a, struct object *ret, struct artifact *ret_artifact, struct err *e);

/* One that nobody sees before it is whole; without artifact_end() nothing is left of it. */
struct artifact_making {
	struct objdir dir;
	struct object object;        /* to be filled; locked */
	char hidden[OBJDIR_HIDDEN];
	const char *file, *name;     /* its object's; for people */
	bool replace;
};
#define ARTIFACT_MAKING_NONE ((struct artifact_making){ .dir = OBJDIR_NONE, .object = OBJECT_NONE })
void artifact_making_done(struct artifact_making *m);
#define scoped_artifact_making SCOPED(artifact_making_done)

/* Begins one; with @replace it takes the place of one of that name when it is whole. Errors: ERR_EXISTS. */
int artifact_begin(struct image_store *s, const char *name, bool replace, struct arena *a, struct artifact_making *m, struct err *e);
int artifact_end(struct artifact_making *m, struct err *e);

/* Blobs: a copy of a file, some bytes, and back. */
int artifact_blob_copy(const struct object *o, const char *path, struct arena *a, const char **ret_digest, int64_t *ret_size, struct err *e);
int artifact_blob_put(const struct object *o, struct str text, struct arena *a, const char **ret_digest, struct err *e);
int artifact_blob_write(const struct object *o, const struct oci_descriptor *d, int dirfd, const char *name, struct err *e);

const char *artifact_text_digest(struct str text, struct arena *a);
