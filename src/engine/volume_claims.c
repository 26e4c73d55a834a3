/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume_claims.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

/* The first mount of each volume, by name. */
static int by_source(const void *x, const void *y)
{
	const struct container_mount *a = *(const struct container_mount *const *)x, *b = *(const struct container_mount *const *)y;

	return strcmp(a->source, b->source);
}

static const struct container_mount **volumes_of(const struct container *c, struct arena *a, size_t *ret_n)
{
	const struct container_mount **list = arena_array(a, const struct container_mount *, c->n_mounts);
	size_t n = 0, unique = 0;

	for (size_t i = 0; i < c->n_mounts; i++)
		if (c->mounts[i].kind == CONTAINER_MOUNT_VOLUME)
			list[n++] = &c->mounts[i];
	if (n > 0)
		qsort(list, n, sizeof *list, by_source);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !streq(list[i]->source, list[unique - 1]->source))
			list[unique++] = list[i];
	*ret_n = unique;
	return list;
}

/* An anonymous volume that somebody else has already does not go with its first container any more. */
static int share(struct volume_claim *c, struct err *e)
{
	if (c->made || !c->v.anonymous || c->v.shared)
		return 0;
	c->v.shared = true;
	return volume_save(c, e);
}

int volume_claims_take(struct engine *en, const struct container *c, struct arena *a, struct volume_claims *ret, struct err *e)
{
	size_t n;
	const struct container_mount **list = volumes_of(c, a, &n);

	*ret = (struct volume_claims){ .v = arena_array(a, struct volume_claim, n) };
	for (size_t i = 0; i < n; i++) {
		struct volume_request q = volume_request_of(list[i]);
		unsigned flags = list[i]->anonymous && c->request.auto_remove ? OBJDIR_VOLATILE : 0;
		int r = volume_claim(en, &q, flags, a, &ret->v[i], e);

		ret->n += r == 0;
		if (r == 0)
			r = share(&ret->v[i], e);
		if (r < 0) {
			volume_claims_undo(en, ret);
			return r;
		}
	}
	return 0;
}

void volume_claims_undo(struct engine *en, struct volume_claims *c)
{
	struct err ignored = { 0 }; /* we are undoing */

	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].made)
			volume_discard(en, &c->v[i], &ignored);
	volume_claims_done(c);
}

void volume_claims_done(struct volume_claims *c)
{
	for (size_t i = 0; i < c->n; i++)
		volume_claim_done(&c->v[i]);
	c->n = 0;
}
