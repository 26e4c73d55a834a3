/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * merge: two linux.resources become one: what a container is limited to after an update.
 *
 * Pure, and by the field tables of the specification: a value that the update names replaces the old one, one that it does not name stays. Entries of a
 * list that speak of the same thing (a block device, a page size, an interface, an rdma device) are one entry; others are appended.
 * Device rules are the container's for life: an update's are not even looked at.
 */
#include "base/arena.h"
#include "spec/oci_runtime.h"

/*
 * *ret_todo is what @asked says, completed by what must be written with it: unlimited memory without a word on swap is unlimited swap; memory + swap
 * is kept when memory changes; a period goes with its quota. *ret_whole is @kept (may be NULL) with that in it. Both in @a, both share memory
 * with @kept and @asked.
 */
void resources_merge(const struct oci_resources *kept, const struct oci_resources *asked, struct arena *a, struct oci_resources *ret_todo,
		     struct oci_resources *ret_whole);
