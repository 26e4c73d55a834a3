/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rename: another name for a container, whatever it is doing.
 *
 * The new name is reserved, then container.json says it, then the old one goes. Whoever dies in between leaves two names that lead to one container;
 * the one container.json does not say is nobody's (life_regain_name, `system check`).
 */
#include "engine/engine.h"

#include <errno.h>

#include "base/step.h"
#include "base/vec.h"
#include "engine/events.h"
#include "engine/life.h"
#include "engine/request.h"
#include "engine/store.h"

struct renaming {
	struct holding h;            /* locked */
	struct arena *a;
	const char *from, *to;
};

static int name_reserve(void *ctx, struct err *e)
{
	struct renaming *x = ctx;
	struct objdir *names = &x->h.en->names;
	char *owner = NULL;
	int r = objdir_link(names, x->to, x->h.id, 0);

	if (r == -EEXIST && life_regain_name(x->h.en, x->to, x->a))
		r = objdir_link(names, x->to, x->h.id, 0);
	if (r == -EEXIST && objdir_link_read(names, x->to, x->a, &owner) == 0)
		return err_set(e, ERR_CONFLICT, "the name '%s' is in use by container " SHORT_ID_FMT, x->to, owner);
	return r < 0 ? err_sys(e, r, "reserve the name '%s'", x->to) : 0;
}

static void name_unreserve(void *ctx)
{
	struct renaming *x = ctx;

	objdir_unlink(&x->h.en->names, x->to, x->h.id);
}

static int write_name(struct renaming *x, const char *name, struct err *e)
{
	x->h.c.name = name;
	return store_write(&x->h.object, FILE_CONTAINER, &container_schema, &x->h.c, e);
}

static int container_write(void *ctx, struct err *e)
{
	struct renaming *x = ctx;

	return write_name(x, x->to, e);
}

static void container_write_back(void *ctx)
{
	struct renaming *x = ctx;
	struct err ignored = { 0 };  /* then both names lead to it, and it has the new one */

	write_name(x, x->from, &ignored);
}

static int name_release(void *ctx, struct err *e)
{
	struct renaming *x = ctx;
	int r = objdir_unlink(&x->h.en->names, x->from, x->h.id);

	return r < 0 && r != -ENOENT ? err_sys(e, r, "release the name '%s'", x->from) : 0;
}

static const struct step rename_steps[] = {
	/* clang-format off */
	{ "rename.reserve", NULL, name_reserve,    name_unreserve       },
	{ "rename.write",   NULL, container_write, container_write_back },
	{ "rename.release", NULL, name_release,    NULL                 },
	/* clang-format on */
};

int container_rename(struct engine *en, const char *ref, const char *name, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct renaming x = { .h = HOLDING_NONE, .a = &a, .to = name[0] == '/' ? name + 1 : name };
	const char *id;
	int r;

	if (!request_name_is_valid(x.to))
		return err_set(e, ERR_INVALID, "'%s' cannot be a name: a letter or digit, then letters, digits, '_', '.' or '-'", name);
	r = container_find(en, ref, &a, &id, e);
	if (r == 0)
		r = store_lock(en, id, true, &a, &x.h, e);
	x.from = x.h.c.name;
	if (r == 0 && streq(x.from, x.to))
		r = err_set(e, ERR_INVALID, "container %s has that name already", ref);
	if (r == 0)
		r = steps_run(rename_steps, ARRAY_LEN(rename_steps), &x, e);
	if (r == 0 && store_monitor_is_alive(&x.h, &a)) {
		struct err ignored = { 0 };  /* it only speaks of itself by its old name */

		life_tell_monitor(&x.h, &(struct monitor_update){ .name = x.to }, &a, &ignored);
	}
	if (r == 0)
		container_event(en, &x.h.c, "rename", "oldName", arena_printf(&a, "/%s", x.from), NULL);
	store_done(&x.h);
	return r;
}
