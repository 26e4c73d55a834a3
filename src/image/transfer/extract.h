/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * extract: makes the files of a layer below one directory descriptor, in the form overlayfs wants. The tree and every name in it are hostile.
 *
 * Rules:  names are cleaned lexically ("..": error; leading '/' and '.' dropped); every parent is reached by descriptors, one component at a time,
 *         without following links; a link as parent is read, and the path goes on as it says, as after chroot into the tree. What is in the way is unlinked, never
 *         written through, so neither links nor hard links lead anywhere else. Hard links point at what this layer has made.
 * Form:   ".wh.NAME" becomes a 0:0 character device; an opaque directory is reported by path, since its trusted.* xattr needs a capability this
 *         process has given up. Only user.* (not user.overlay.*) and security.capability attributes are kept: overlay's own would be orders to overlay.
 * Order:  a file gets content, owner, mode, attributes and times in this order, each only if it differs from what creation gave. Directories get
 *         theirs in extract_finish(), so that a set-group-id directory or an ACL does not touch its children and mtimes stay.
 * Owner:  numbers as in the archive if we are root; otherwise the caller's (unit tests). Root of a user namespace cannot make devices, which are left out,
 *         and has only the ids mapped there.
 */
#include "base/scope.h"
#include "image/transfer/layer_entry.h"

struct extract;

/* @rootfd is borrowed and must be an empty directory that nobody else changes. The process has umask 0. */
struct extract *extract_new(int rootfd);
void extract_free(struct extract *x);
static inline void extract_freep(struct extract **x)
{
	extract_free(*x);
	*x = NULL;
}
#define scoped_extract SCOPED(extract_freep)

/* One entry: begin, then for a regular file its content in any pieces at rising offsets (holes are left out), then end. */
int extract_begin(struct extract *x, const struct layer_entry *entry, struct err *e);
int extract_data(struct extract *x, const void *p, size_t n, uint64_t offset, struct err *e);
int extract_end(struct extract *x, struct err *e);

/* After the last entry. */
int extract_finish(struct extract *x, struct unpacked *ret, struct err *e);
