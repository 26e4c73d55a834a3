/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * leftover: what commands that were killed left where finished things stand: temporary files of records, artifacts without an end. (What was on its way stands
 * in ingest directories, and its locks say whether somebody still works on it.) Private to src/image.
 */
#include "image/store/content.h"

/* @gone: it is gone now, since that was asked for and worked. */
typedef void (*leftover_fn)(void *arg, const char *what, bool gone);

/* Tells @fn (may be NULL) of each, and with @remove takes it away. */
int leftover_each(const struct image_store *s, bool remove, leftover_fn fn, void *arg);
