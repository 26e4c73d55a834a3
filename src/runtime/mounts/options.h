/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * options: what the option words of a mount mean.
 *
 * One table says it; mount_options_parse() turns the list of a config.json mount into the attributes for mount_setattr(2), the propagation, and
 * the rest that belongs to the file system. Later words win over earlier ones. Pure.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "spec/oci_runtime.h"

/* A change of MOUNT_ATTR_* bits. */
struct mount_attrs {
	uint64_t set, clear;
};

/*
 * Which ids of the file system are shown as which others: crun's "idmap=uids=FROM-TO-SIZE#…;gids=…". FROM is the file system's, TO the host's, or
 * with '@' before it one of the container's.
 */
struct mount_id_range {
	uint32_t from, to, size;
	bool relative;
};
struct mount_id_ranges {
	struct mount_id_range *v;
	size_t n, cap;
};

struct mount_options {
	bool bind, rbind;
	struct mount_attrs attrs;     /* this mount */
	struct mount_attrs recursive; /* this mount and all below */
	uint64_t propagation;         /* MS_PRIVATE, … or 0 */
	bool propagation_recursive;
	bool readonly_fs;             /* "ro": also the file system itself where it is ours */
	bool copy_up;
	bool remount;                 /* change what is mounted there instead of mounting */
	bool copy_symlink;            /* a source that is a link is made again, not mounted */
	bool src_nofollow;            /* … or is mounted itself */
	bool dest_nofollow;           /* a destination that is a link is mounted on itself */
	bool idmap, ridmap;           /* map ids: of this mount, of all below as well */
	struct mount_id_ranges uids, gids; /* as given with the word itself; empty: the container's */
	struct pairs data;            /* for the file system: mode=755, size=64k; a NULL value is a flag */
};

/* Errors: ERR_INVALID for words whose value makes no sense, or that exclude each other. What is no word is data for the file system. */
int mount_options_parse(const struct strs *words, struct arena *a, struct mount_options *ret, struct err *e);

/* MS_* of "rprivate", "slave", …; *ret_recursive if it begins with r. Errors: -EINVAL. */
int mount_propagation_find(const char *word, uint64_t *ret, bool *ret_recursive);

/* Calls @fn with every known word, for `features`. */
void mount_options_each(void (*fn)(void *arg, const char *word), void *arg);
