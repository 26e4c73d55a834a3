/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * place: tar entries -> files in a tree that lives: a container's, or a directory of the host. What cp and `volume import` do; a layer is made by extract.h.
 *
 * The archive is hostile, and so is whoever may change the tree meanwhile. Every parent is resolved below the root descriptor as after chroot
 * (os/path_safe.h), then used by descriptor; the entry itself is never followed: what has its name is unlinked first. Whatever races, nothing outside of the
 * root is touched.
 * Rules:  as docker: a directory in the way of a directory stays and takes the entry's attributes, but for the destination itself ("./"); a directory in the way
 *         of something else, or the other way round, is an error unless `overwrite`. What cannot be unlinked because it is mounted is written through.
 * Owner:  KEEP: the archive's numbers. GIVE: one owner for everything. OWN: whoever we are; then no set-id bits, no capabilities and no devices are made
 *         either, because the archive may be a stranger's.
 */
#include "image/transfer/unpack.h"

enum place_owner { PLACE_KEEP, PLACE_GIVE, PLACE_OWN };

struct place_job {
	int root;               /* borrowed */
	const char *base;       /* the destination, a directory, below root */
	enum place_owner owner;
	uint32_t uid, gid;      /* for GIVE */
	bool overwrite;
};

struct place;

struct place *place_new(const struct place_job *job);
void place_free(struct place *p);
static inline void place_freep(struct place **p)
{
	place_free(*p);
	*p = NULL;
}
#define scoped_place SCOPED(place_freep)

/* The same as a form of unpack.h for untar(); @self is a struct place. */
extern const struct unpack_form place_form;
