/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * bus: one conversation with systemd over D-Bus: connect, authenticate, call, wait for a job.
 *
 *     bus_open(user, a, &b, e) → bus_watch(b, "x.scope", e) → bus_job(b, call, body, "x.scope", e) → bus_close(b)
 *
 * Where: systemd's own socket first (root: /run/systemd/private; a user: $XDG_RUNTIME_DIR/systemd/private), which needs no message bus; then the bus
 *     (/run/dbus/system_bus_socket; $DBUS_SESSION_BUS_ADDRESS, $XDG_RUNTIME_DIR/bus).
 * Waiting: everything between open and close has BUS_TIMEOUT_MS together. Nobody else waits for us: no lock is held, a signal ends us.
 * Ownership: the bus lives in the arena, its descriptor until bus_close. A reply is borrowed until the next call.
 * Errors:    ERR_TIMEOUT; ERR_UNAVAILABLE if nobody listens; -EEXIST UnitExists; -ENOENT NoSuchUnit; -EACCES the peer says no. Messages name the socket.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/dbus.h"

/* systemd answers in milliseconds, while it reloads a thousand units in seconds; runc waits as long for its jobs. */
enum { BUS_TIMEOUT_MS = 30000 };

struct bus;

int bus_open(bool user, struct arena *a, struct bus **ret, struct err *e);
void bus_close(struct bus *b);
static inline void bus_closep(struct bus **b)
{
	bus_close(*b);
}
#define scoped_bus SCOPED(bus_closep)

/* Asks to be told of jobs. Before the first bus_job. */
int bus_watch(struct bus *b, const char *unit, struct err *e);

/* A method of systemd's manager. @ret may be NULL. */
int bus_call(struct bus *b, const char *member, const char *signature, const struct buf *body, struct dbus_message *ret, struct err *e);

/* The same for a method that starts a job for the watched unit, and the wait for its end. Errors: ERR_CONFLICT with systemd's word if it is not "done". */
int bus_job(struct bus *b, const char *member, const char *signature, const struct buf *body, struct err *e);
