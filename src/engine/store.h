/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * store: containers on disk: finding, opening, locking, reading and writing their documents, and telling what state they are in.
 *
 * `struct holding` is one container somebody works on. store_open() gives it unlocked for looking, store_lock() locked for changing; store_done()
 * closes and unlocks.
 */
#include "engine/internal.h"
#include "spec/monitor.h"

struct holding {
	struct engine *en;
	const char *id;
	struct object object;        /* <root>/containers/<id> */
	int live;                    /* <run>/containers/<id>; -EBADF if there is none */
	const char *live_path;       /* its absolute path, set even if there is none */
	struct container c;
};
#define HOLDING_NONE ((struct holding){ .object = OBJECT_NONE, .live = -9 /* -EBADF */ })
void store_done(struct holding *h);
#define scoped_holding SCOPED(store_done)

/* Opens the container with the full id @id and reads container.json. Errors: ERR_NOT_FOUND (gone, or not finished), ERR_CORRUPT. */
int store_open(struct engine *en, const char *id, struct arena *a, struct holding *ret, struct err *e);

/* The same, locked; @wait false: ERR_CONFLICT/-EAGAIN if somebody else works on it. */
int store_lock(struct engine *en, const char *id, bool wait, struct arena *a, struct holding *ret, struct err *e);

/* Opens the live directory again (another process may have made or removed it). */
void store_reopen_live(struct holding *h);

/* Documents. */
int store_write(const struct object *o, const char *file, const struct schema *s, const void *doc, struct err *e);
int store_read_state(const struct holding *h, struct arena *a, struct container_state *ret, struct err *e);
int store_read_exit(const struct holding *h, struct arena *a, struct container_exit *ret, struct err *e);

/* What the container is doing now. Fills status, pid, started, exit and live of @ret. Pure looking: heals nothing. */
int store_status(const struct holding *h, struct arena *a, struct container_info *ret, struct err *e);

/* True if the container is to go: its maker died before it was finished, or it is a --rm container that ended. */
bool store_owes_removal(const struct holding *h);

/* True if a run is over (or broke off) and its live directory still waits for cleanup, or removal is owed, and nobody is at it. */
bool store_is_stale(const struct holding *h, struct arena *a);

/* True if the container with that id still needs what it holds of the host: it runs, or somebody works on it. @en: a struct engine. */
bool store_is_alive(void *en, const char *id);

/* True if the monitor of this run lives. */
bool store_monitor_is_alive(const struct holding *h, struct arena *a);

/* Waits until the monitor of this run has ended, if there is one; then nothing of ours runs for this container any more. Never call it
 * with the lock held: the monitor's exit command wants the lock. */
void store_wait_monitor(const struct holding *h);
