/* SPDX-License-Identifier: Apache-2.0 */
#include "image/check.h"

int image_check(struct image_store *s, int flags, image_finding_fn report, void *arg, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "unsupported: check of images");
}

int image_usage(struct image_store *s, struct image_usage *ret, struct err *e)
{
	return err_set(e, ERR_UNSUPPORTED, "unsupported: usage of images");
}
