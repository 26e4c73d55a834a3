/* SPDX-License-Identifier: Apache-2.0 */
#include "image/check.h"
#include "image/pull.h"

int image_load(struct image_store *s, const char *path, int fd, const struct pull_options *o, struct arena *a, struct images *ret, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "unsupported: load");
}

int image_import(struct image_store *s, const char *path, int fd, const char *name, const struct import_options *o, struct arena *a,
	struct image *ret, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "unsupported: import");
}

int image_check(struct image_store *s, int flags, image_finding_fn report, void *arg, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "unsupported: check of images");
}

int image_usage(struct image_store *s, struct image_usage *ret, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "unsupported: usage of images");
}
