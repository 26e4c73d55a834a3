/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * remote: what a registry has, without the store taking part: tags, what is about an image; and taking an image away there.
 *
 * Names are those of images, with "docker://" before them if one likes. Of @o, platform and progress mean nothing here.
 */
#include "image/image.h"
#include "image/moving/pull_options.h"

/* All tags of the repository, in the registry's order. *ret_repository, if not NULL, is its canonical name. Errors: -ENOENT. */
int remote_tags(struct image_store *s, const char *name, const struct pull_options *o, struct arena *a, struct strs *ret, const char **ret_repository,
	struct err *e);

/* What is about the image (its subject). @artifact_type NULL: all. *ret_digest is that of the image. */
int remote_referrers(struct image_store *s, const char *name, const char *artifact_type, const struct pull_options *o, struct arena *a,
	struct oci_index *ret, const char **ret_digest, struct err *e);

/*
 * Deletes the manifest behind a name, and with it all tags that stand for it; or, with @only_tag, that tag. Blobs are the registry's to collect.
 * *ret_digest, if not NULL, is what was deleted; NULL in there for a tag alone. Errors: -ENOENT; ERR_UNSUPPORTED if the registry does not do that.
 */
int remote_delete(struct image_store *s, const char *name, bool only_tag, const struct pull_options *o, struct arena *a, const char **ret_digest,
	struct err *e);
