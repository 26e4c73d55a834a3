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

struct mount_options {
	bool bind, rbind;
	struct mount_attrs attrs;     /* this mount */
	struct mount_attrs recursive; /* this mount and all below */
	uint64_t propagation;         /* MS_PRIVATE, … or 0 */
	bool propagation_recursive;
	bool readonly_fs;             /* "ro": also the file system itself where it is ours */
	bool copy_up;
	struct pairs data;            /* for the file system: mode=755, size=64k; a NULL value is a flag */
};

/* Errors: ERR_UNSUPPORTED for words we know but do not do. */
int mount_options_parse(const struct strs *words, struct arena *a, struct mount_options *ret, struct err *e);

/* MS_* of "rprivate", "slave", …; *ret_recursive if it begins with r. Errors: -EINVAL. */
int mount_propagation_find(const char *word, uint64_t *ret, bool *ret_recursive);

/* Calls @fn with every known word, for `features`. */
void mount_options_each(void (*fn)(void *arg, const char *word), void *arg);
