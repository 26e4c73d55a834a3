/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * find: from what a person types to a record. Private to src/image.
 */
#include "image/store/content.h"

/* By canonical or short name, by name@digest, or by (a unique prefix of) the id. Errors: -ENOENT, -EINVAL. */
int find_record(const struct image_store *s, const char *name_or_id, struct arena *a, struct image_record *ret, struct err *e);
