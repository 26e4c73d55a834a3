/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mounts/idmap.h"

#include <errno.h>

#include "base/limits.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/mount.h"

struct rows VEC(struct ns_id_map);

/* The row of the container's map that holds @id. */
static const struct ns_id_map *row_of(uint32_t id, const struct ns_id_map *map, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (id >= map[i].inside && id - map[i].inside < map[i].size)
			return &map[i];
	return NULL;
}

/* A relative range may cross several rows of the container's map; each part gets a row of its own. */
static int resolve_relative(const struct mount_id_range *range, const struct ns_id_map *map, size_t n, struct arena *a, struct rows *rows,
	struct err *e)
{
	uint32_t from = range->from, to = range->to, left = range->size;

	while (left > 0 && rows->n < LIMIT_ID_RANGES) {
		const struct ns_id_map *row = row_of(to, map, n);
		uint32_t here;

		if (!row)
			return err_set(e, ERR_INVALID, "idmap: the container has no id %u", to);
		here = row->size - (to - row->inside);
		here = here < left ? here : left;
		*vec_push(a, rows) = (struct ns_id_map){ from, row->outside + (to - row->inside), here };
		from += here;
		to += here;
		left -= here;
	}
	return left ? err_set(e, ERR_INVALID, "idmap: more than %d ranges", LIMIT_ID_RANGES) : 0;
}

static int resolve(const struct mount_id_ranges *ranges, const struct ns_id_map *map, size_t n, struct arena *a, struct rows *rows, struct err *e)
{
	for (size_t i = 0; i < ranges->n; i++) {
		const struct mount_id_range *range = &ranges->v[i];
		int r = 0;

		if (range->relative)
			r = resolve_relative(range, map, n, a, rows, e);
		else
			*vec_push(a, rows) = (struct ns_id_map){ range->from, range->to, range->size };
		if (r < 0)
			return r;
	}
	return 0;
}

static int maps_of_word(const struct mount_options *o, const struct launch_plan *p, struct arena *a, struct userns_maps *ret, struct err *e)
{
	struct rows uids = { 0 }, gids = { 0 };
	int r = resolve(&o->uids, p->uid_map, p->n_uid_map, a, &uids, e);

	if (r == 0)
		r = resolve(&o->gids, p->gid_map, p->n_gid_map, a, &gids, e);
	*ret = (struct userns_maps){ uids.v, uids.n, gids.v, gids.n };
	return r;
}

int mount_idmap_plan(const struct oci_mount *m, const struct mount_options *o, const struct launch_plan *p, struct arena *a,
	struct mount_idmap *ret, struct err *e)
{
	struct mount_idmap map = { .wanted = o->idmap || o->ridmap || m->n_uid_mappings, .recursive = o->ridmap };
	int r = 0;

	if (!map.wanted)
		;
	else if (!o->bind)
		return err_set(e, ERR_INVALID, "uidMappings: ids are mapped for bind mounts only");
	else if (o->uids.n)
		r = maps_of_word(o, p, a, &map.maps, e);
	else if (m->n_uid_mappings)
		map.maps = (struct userns_maps){ launch_plan_map(m->uid_mappings, m->n_uid_mappings, a), m->n_uid_mappings,
			launch_plan_map(m->gid_mappings, m->n_gid_mappings, a), m->n_gid_mappings };
	else if (p->map_ids)
		map.maps = (struct userns_maps){ p->uid_map, p->n_uid_map, p->gid_map, p->n_gid_map };
	else if (launch_plan_joined(p, NS_USER))
		map.userns = launch_plan_joined(p, NS_USER);
	else
		return err_set(e, ERR_INVALID, "idmap: there are no mappings, neither of the mount nor of a user namespace");
	if (r == 0)
		*ret = map;
	return r;
}

int mount_idmap_apply(const struct mount_idmap *map, int mount, int procfd, struct err *e)
{
	scoped_fd int userns = map->userns ? ns_open_path(map->userns, NS_USER) : userns_make(procfd, &map->maps);
	int r;

	if (userns < 0)
		return map->userns ? err_sys(e, userns, "open the user namespace '%s'", map->userns) : err_sys(e, userns, "make a user namespace with its id maps");
	r = mount_idmap(mount, map->recursive, userns);
	if (r == -EINVAL)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: this kernel cannot map the ids of that file system");
	return r < 0 ? err_sys(e, r, "map its ids") : 0;
}
