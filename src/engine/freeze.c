/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/freeze.h"

#include <stdio.h>
#include <unistd.h>

#include "engine/events.h"
#include "engine/program.h"

/* A running container, locked: nobody ends, starts or freezes it meanwhile. */
static int open_running(struct engine *en, const char *ref, struct arena *a, struct holding *h, struct container_info *i, struct err *e)
{
	const char *id;
	int r = container_find(en, ref, a, &id, e);

	if (r == 0)
		r = store_lock(en, id, true, a, h, e);
	if (r == 0)
		r = store_status(h, a, i, e);
	if (r < 0)
		return r;
	if (!container_is_up(i->status))
		return err_set(e, ERR_CONFLICT, "container %s is not running", ref);
	if (i->status == CONTAINER_RESTARTING)
		return err_set(e, ERR_CONFLICT, "container %s is restarting: wait until it runs", ref);
	return i->state ? 0 : err_set(e, ERR_CORRUPT, "container %s has lost its state", ref);
}

int container_pause(struct engine *en, const char *ref, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	struct container_info i;
	char text[16];
	int r = open_running(en, ref, &a, &h, &i, e);

	if (r < 0)
		return r;
	if (i.status == CONTAINER_PAUSED)
		return err_set(e, ERR_CONFLICT, "container %s is already paused", ref);
	snprintf(text, sizeof text, "%d", i.pid);
	r = file_replace(h.live, FILE_PAUSED, text, strlen(text), 0600, 0);
	if (r < 0)
		return err_sys(e, r, "write '%s/" FILE_PAUSED "'", h.live_path);
	r = program_run(i.state->runtime, i.state->runtime_root, "pause", h.id, e);
	if (r < 0)
		unlinkat(h.live, FILE_PAUSED, 0);
	else
		container_event(en, &h.c, "pause", NULL);
	return r;
}

/* A runtime does not resume what is not frozen: who wrote the note may have died before the freezing. */
static int thaw(const struct holding *h, const struct container_info *i, struct err *e)
{
	const struct container_state *s = i->state;
	struct err ignored = { 0 };
	int r = program_run(s->runtime, s->runtime_root, "resume", h->id, e);

	if (r < 0 && program_run(s->runtime, s->runtime_root, "pause", h->id, &ignored) == 0)
		r = program_run(s->runtime, s->runtime_root, "resume", h->id, e);
	if (r == 0)
		unlinkat(h->live, FILE_PAUSED, 0);
	return r;
}

int container_unpause(struct engine *en, const char *ref, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	struct container_info i;
	int r = open_running(en, ref, &a, &h, &i, e);

	if (r < 0)
		return r;
	if (i.status != CONTAINER_PAUSED)
		return err_set(e, ERR_CONFLICT, "container %s is not paused", ref);
	r = thaw(&h, &i, e);
	if (r == 0)
		container_event(en, &h.c, "unpause", NULL);
	return r;
}

void freeze_lift(struct engine *en, const char *id, struct arena *a)
{
	scoped_holding struct holding h = HOLDING_NONE;
	struct container_info i;
	struct err ignored = { 0 };

	if (open_running(en, id, a, &h, &i, &ignored) == 0 && i.status == CONTAINER_PAUSED)
		thaw(&h, &i, &ignored);
}
