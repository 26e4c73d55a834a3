/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * snapshot_of: the root file system of a container in the words of image/snapshot.
 */
#include "engine/store.h"
#include "image/snapshot/snapshot.h"

/* @layers (borrowed) may be NULL for unmounting. Never volatile: that is for a run whose container goes with it. */
static inline struct snapshot snapshot_of(const struct holding *h, const struct strs *layers, struct arena *a)
{
	const char *word = h->c.storage_driver;
	int driver = word ? enumtab_find(&snapshot_drivers, word) : SNAPSHOT_OVERLAY;

	return (struct snapshot){ .driver = driver < 0 ? SNAPSHOT_OVERLAY : (enum snapshot_driver)driver, .id = h->id,
		.object = arena_printf(a, "%s/containers/%s", h->en->root, h->id), .run = h->en->run, .layers = layers };
}
