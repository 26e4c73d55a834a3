/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume.h"

#include "base/limits.h"
#include "base/vec.h"

struct search {
	struct engine *en;
	struct arena *a;
	struct volume_users *users;
};

/* Containers are read as they lie there: one that is not finished, or broken in another place, has its volumes all the same. */
static int container_visit(void *arg, const char *id)
{
	struct search *s = arg;
	scoped_arena struct arena a = { 0 };
	scoped_object struct object o = OBJECT_NONE;
	struct err ignored = { 0 }; /* gone meanwhile, or unreadable: `system check` names it */
	struct container c;
	char *text;
	size_t n;

	if (object_open(&s->en->containers, id, &o) < 0 || object_read(&o, FILE_CONTAINER, LIMIT_DOCUMENT, &a, &text, &n) < 0 ||
		json_decode((struct str){ text, n }, &container_schema, 0, &a, &c, &ignored) < 0)
		return 0;
	for (size_t i = 0; i < c.n_mounts; i++)
		if (c.mounts[i].kind == CONTAINER_MOUNT_VOLUME && c.mounts[i].source)
			*vec_push(s->a, s->users) = (struct volume_user){ arena_strdup(s->a, c.mounts[i].source), arena_strdup(s->a, id),
				arena_strdup(s->a, c.name) };
	return 0;
}

int volume_users_load(struct engine *en, struct arena *a, struct volume_users *ret, struct err *e)
{
	struct search s = { en, a, ret };
	int r;

	*ret = (struct volume_users){ 0 };
	r = objdir_each(&en->containers, container_visit, &s);
	return r < 0 ? err_sys(e, r, "list containers") : 0;
}

size_t volume_users_count(const struct volume_users *users, const char *volume, struct arena *a, const char **ret_names)
{
	const char *last = NULL, *names = "";
	size_t n = 0;

	for (size_t i = 0; i < users->n; i++) {
		const struct volume_user *u = &users->v[i];

		/* A container may have it at several places; those stand together. */
		if (!streq(u->volume, volume) || streq(u->id, last))
			continue;
		last = u->id;
		if (ret_names)
			names = arena_printf(a, "%s%s%s", names, n ? ", " : "", u->name);
		n++;
	}
	if (ret_names)
		*ret_names = names;
	return n;
}
