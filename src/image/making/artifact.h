/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * artifact: files under a name of a registry that are no image: OCI artifacts, any number of files of any type.
 *
 * On disk: <root>/artifacts/<escaped reference>/, an object (os/objdir) with manifest.json, byte for byte as hashed, and each blob under its hex digits.
 * Nothing is shared with images, so whatever looks after images' blobs leaves them alone. What is unfinished and unlocked is replaced by the next maker.
 */
#include "image/making/artifact_files.h"
#include "image/moving/push.h"

struct artifact_options {
	const char *type;                    /* artifactType; NULL: "application/vnd.unknown.artifact.v1" */
	const char *file_type;               /* media type of the files; NULL: "application/octet-stream" */
	struct pairs annotations;            /* of the files */
	const struct oci_descriptor *subject; /* what it is about; NULL: itself */
	bool append;                         /* to an artifact that is here */
	bool replace;                        /* one that is here */
};

/* Makes an artifact of files. Errors: -EEXIST without append. */
int artifact_add(struct image_store *s, const char *name, const struct strs *files, const struct artifact_options *o, struct arena *a,
	const char **ret_digest, struct err *e);

/* Writes its files below the directory @to, named by their titles, or the one that is chosen by @title or @digest (NULL: any) to the file @to.
 * A title is hostile: it names a file in that directory or is refused. */
int artifact_extract(struct image_store *s, const char *name, const char *to, const char *title, const char *digest, struct arena *a, struct err *e);

int artifact_push(struct image_store *s, const char *name, const struct push_options *o, struct arena *a, struct push_result *ret, struct err *e);

/* Replaces what is here under that name. */
int artifact_pull(struct image_store *s, const char *name, const struct pull_options *o, struct arena *a, const char **ret_digest, struct err *e);
