/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/attach.h"

#include <errno.h>

#include "engine/events.h"
#include "engine/store.h"
#include "os/fd.h"

/* Attaching to a container that runs already: a late connection to its monitor. */
int container_attach(struct engine *en, const char *ref, const struct engine_io *io, struct engine_outcome *ret, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_holding struct holding h = HOLDING_NONE;
	scoped_fd int control = -EBADF;
	struct container_info i;
	struct engine_io mine = *io;
	struct attach at = { .signals = -EBADF };
	const char *id;
	int r = container_find(en, ref, &a, &id, e);

	if (r == 0)
		r = store_open(en, id, &a, &h, e);
	if (r == 0)
		r = store_status(&h, &a, &i, e);
	if (r == 0 && i.status == CONTAINER_PAUSED)
		r = err_set(e, ERR_CONFLICT, "container %s is paused: unpause it first", ref);
	if (r == 0 && i.status == CONTAINER_RESTARTING)
		r = err_set(e, ERR_CONFLICT, "container %s is restarting: wait until it runs", ref);
	if (r == 0 && i.status != CONTAINER_RUNNING)
		r = err_set(e, ERR_CONFLICT, "container %s is not running: start it first", ref);
	if (r == 0 && streq(h.c.request.log_driver, enumtab_name(&monitor_logs, MONITOR_LOG_PASSTHROUGH)))
		r = err_set(e, ERR_UNSUPPORTED, "container %s has the streams of whoever started it (log driver passthrough): there is nothing to attach to", ref);
	if (r == 0)
		r = monitor_connect(h.live_path, &control, e);
	if (r < 0)
		return r;
	mine.tty = h.c.request.tty;
	if (!h.c.request.interactive)
		mine.in = -EBADF;
	r = attach_begin(&at, &mine, control, &a, e);
	if (r == 0)
		r = attach_request(&at, false, e);
	if (r == 0)
		r = attach_run(&at, ret, e);
	attach_done(&at);
	if (r == 0 && ret->detached)
		container_event(en, &h.c, "detach", NULL);
	return r;
}
