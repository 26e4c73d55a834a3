/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * usage: where every byte below the root is. Allocated bytes, as du(1) counts them; the sum of all rows is what du says of the root.
 */
#include "engine/engine.h"
#include "image/store/usage.h"

enum usage_kind {
	USAGE_IMAGES,       /* layers, blobs and documents that images need */
	USAGE_CONTAINERS,   /* their directories: changes, logs, records */
	USAGE_VOLUMES,
	USAGE_BUILD_CACHE,
	USAGE_OTHER,        /* records, locks, directories; and what interrupted work left, which can be reclaimed */
	USAGE_KIND_COUNT,
};
extern const struct enumtab usage_kinds;

struct usage_row {
	uint64_t total, active, bytes, reclaimable;
};

struct container_space {
	const struct container_info *info;
	uint64_t bytes;
};

struct volume_space {
	const char *name;
	uint64_t links, bytes;
};

struct engine_usage {
	struct usage_row rows[USAGE_KIND_COUNT];
	struct image_usage images;
	struct container_space *containers;
	size_t n_containers;
	struct volume_space *volumes;
	size_t n_volumes;
};

int engine_usage(struct engine *en, struct arena *a, struct engine_usage *ret, struct err *e);
