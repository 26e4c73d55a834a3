/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option words of a mount, one a line, and the id maps that follow from them: any words are options, data or an error; what maps ids maps each
 * range whole, without a number that wrapped.
 */
#include "fuzz.h"

#include <assert.h>

#include "base/vec.h"
#include "os/mount.h"
#include "runtime/mounts/idmap.h"

static uint64_t total(const struct ns_id_map *rows, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		assert(rows[i].size > 0);
		assert((uint64_t)rows[i].inside + rows[i].size <= UINT32_MAX && (uint64_t)rows[i].outside + rows[i].size <= UINT32_MAX);
		sum += rows[i].size;
	}
	return sum;
}

static uint64_t wanted(const struct mount_id_ranges *ranges)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ranges->n; i++)
		sum += ranges->v[i].size;
	return sum;
}

static void options_hold(const struct mount_options *o)
{
	assert(!(o->attrs.set & o->attrs.clear & ~(uint64_t)MOUNT_ATTR__ATIME));
	assert(!(o->recursive.set & o->recursive.clear & ~(uint64_t)MOUNT_ATTR__ATIME));
	assert(!o->rbind || o->bind);
	assert(o->bind || !(o->idmap || o->ridmap));
	assert(!o->uids.n == !o->gids.n);
	for (size_t i = 0; i < o->data.n; i++)
		assert(o->data.v[i].key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ns_id_map ids[] = { { 0, 1000, 1 }, { 1, 100000, 65536 }, { 100000, 4294900000u, 60000 } };
	const struct launch_plan plan = { .map_ids = true, .uid_map = ids, .n_uid_map = 3, .gid_map = ids, .n_gid_map = 2 };
	scoped_arena struct arena a = { 0 };
	struct str rest = { arena_strndup(&a, (const char *)data, size), size };
	struct oci_mount m = { .destination = "/x", .source = "/y" };
	struct mount_idmap map = { 0 };
	struct mount_options o;
	struct err e = { 0 };

	while (rest.p) {
		struct str one = str_cut(rest, '\n', &rest);

		strs_push(&a, &m.options, arena_strndup(&a, one.p, one.n));
	}
	if (mount_options_parse(&m.options, &a, &o, &e) < 0) {
		assert(e.kind == ERR_INVALID && e.msg[0]);
		return 0;
	}
	options_hold(&o);
	if (mount_idmap_plan(&m, &o, &plan, &a, &map, &e) < 0) {
		assert(e.kind == ERR_INVALID && e.msg[0]);
		return 0;
	}
	assert(map.wanted == (o.idmap || o.ridmap));
	if (o.uids.n)
		assert(total(map.maps.uids, map.maps.n_uids) == wanted(&o.uids) && total(map.maps.gids, map.maps.n_gids) == wanted(&o.gids));
	return 0;
}
