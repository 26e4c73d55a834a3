/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * image_text: ids and times of images as docker shows them.
 */
#include <stdbool.h>

#include "base/arena.h"

struct image;

/* 12 digits, or (@whole) all of it with its algorithm. */
const char *image_text_id(const char *id, bool whole, struct arena *a);

/* All its names as people see them, with @between between them. */
const char *image_text_names(const struct image *image, const char *between, struct arena *a);

/* "2 weeks ago"; "N/A" for no or a bad time. */
const char *image_text_age(const char *created, struct arena *a);

/* "2026-01-02 03:04:05 +0000 UTC"; "" for no or a bad time. */
const char *image_text_time(const char *created, struct arena *a);
