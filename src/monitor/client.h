/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * client: the connections of a monitor.
 *
 * The queue of a client is its socket's buffer, so output waiting for it costs the monitor no memory. A client whose queue is full is
 * disconnected, unless it attached with MONITOR_ATTACH_WAIT: then it is marked `waiting`, the frame stays with the caller, and `ready` is
 * called when it has room again. Bytes for the container's stdin that did not fit the pipe wait in the client's own `in`.
 *
 * Life cycle: clients_open; each client lives until it leaves or clients_drop; clients_close. A dropped client's memory stays until the next event.
 */
#include "base/buf.h"
#include "base/err.h"
#include "os/loop.h"
#include "spec/monitor.h"

struct clients;
struct client;

/* How messages look on the wire. */
struct client_wire {
	int (*receive)(struct client *c, struct monitor_frame *ret, struct err *e); /* as monitor_receive */
	int (*send)(struct client *c, enum monitor_msg type, const void *p, size_t n, struct err *e);
	int (*output)(struct client *c, const struct monitor_frame *f, struct err *e);
};

/* As spec/monitor.h says. */
extern const struct client_wire client_wire;

struct client {
	struct loop_source source;
	struct clients *all;
	struct client *next;
	uint32_t attach;             /* MONITOR_ATTACH_* */
	bool starter;                /* the one that started this monitor */
	bool released;               /* it cleans up */
	bool waiting;                /* the current output frame is not sent to it yet */
	bool asked;                  /* waits for the result of a health check */
	bool stdin_eof;              /* it has no more for stdin */
	bool deaf;                   /* see client_listen() */
	struct buf in;
};

struct client_events {
	void (*joined)(void *arg, struct client *c);
	void (*request)(void *arg, struct client *c, const struct monitor_frame *f);
	void (*ready)(void *arg, struct client *c);
	void (*gone)(void *arg, struct client *c);
};

struct clients {
	struct loop *loop;
	const struct client_wire *wire;
	const struct client_events *events;
	void *arg;
	int listen;                  /* owned */
	struct loop_source listener;
	struct client *first, *dead;
	size_t n;
	struct monitor_frame inbox;
};
#define CLIENTS_NONE ((struct clients){ .listen = -9 /* -EBADF */, .listener.fd = -9 })

/* Listens at @name in @dirfd. */
int clients_open(struct clients *all, struct loop *loop, int dirfd, const char *name, const struct client_wire *wire, const struct client_events *events,
	void *arg, struct err *e);

/* Takes a connected socket (owned, also on failure). */
int clients_add(struct clients *all, int fd, bool starter, struct err *e);

/* Sends to one client. If its queue is full it is dropped; if it left, what it said before is still heard. */
void client_send(struct client *c, enum monitor_msg type, const void *p, size_t n);
void client_send_simple(struct client *c, enum monitor_msg type);
void client_send_number(struct client *c, enum monitor_msg type, int32_t value);
void client_send_err(struct client *c, enum monitor_msg type, const struct err *e);

/* Sends output to those attached. Returns true if a client must be waited for: @f may not change until clients_resume() says so. */
bool clients_output(struct clients *all, const struct monitor_frame *f);

/* Sends @f to @c if it is waiting for it. Returns true if a client is still waiting. */
bool clients_resume(struct clients *all, struct client *c, const struct monitor_frame *f);

/* Drops those that the output waits for: they had time enough. */
void clients_drop_waiting(struct clients *all);

/* Whether what a client says is read. Its leaving is noticed in any case. */
void client_listen(struct client *c, bool on);

void clients_drop(struct client *c);
void clients_close(struct clients *all);
