/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * platform: of an image that is here for several platforms, the one for a certain one. Private to src/image.
 */
#include "image/store/content.h"

/*
 * *ret is the record's own image if it is for @want, or another one of its index that is here: then a record that is only in @a, and the given one is what keeps
 * that image from being removed. Errors: -ENOENT if there is none for that platform.
 */
int platform_choose(const struct image_store *s, const struct image_record *record, const struct oci_platform *want, struct arena *a,
	struct image_record *ret, struct err *e);
