/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/client.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "os/fd.h"
#include "os/sock.h"

/* ---- the wire of spec/monitor.h ---- */

static int wire_receive(struct client *c, struct monitor_frame *ret, struct err *e)
{
	return monitor_receive(c->source.fd, ret, e);
}

static int wire_send(struct client *c, enum monitor_msg type, const void *p, size_t n, struct err *e)
{
	return monitor_send(c->source.fd, type, p, n, e);
}

static int wire_output(struct client *c, const struct monitor_frame *f, struct err *e)
{
	return monitor_send_frame(c->source.fd, f, e);
}

const struct client_wire client_wire = { wire_receive, wire_send, wire_output };

/* ---- coming and going ---- */

static void sweep(struct clients *all)
{
	while (all->dead) {
		struct client *c = all->dead;

		all->dead = c->next;
		free(c);
	}
}

void clients_drop(struct client *c)
{
	struct clients *all = c->all;

	for (struct client **at = &all->first; *at; at = &(*at)->next) {
		if (*at != c)
			continue;
		*at = c->next;
		c->next = all->dead;
		all->dead = c;
		all->n--;
		loop_remove(all->loop, &c->source);
		c->source.fd = fd_close(c->source.fd);
		all->events->gone(all->arg, c);
		buf_done(&c->in);
		return;
	}
}

static void watch(struct client *c, bool room)
{
	loop_change(c->all->loop, &c->source, (c->deaf ? 0 : (uint32_t)EPOLLIN) | (room ? (uint32_t)EPOLLOUT : 0));
}

void client_listen(struct client *c, bool on)
{
	c->deaf = !on;
	if (c->source.fd >= 0)
		watch(c, c->waiting);
}

static int client_ready(void *arg, uint32_t events)
{
	struct client *c = arg;
	struct clients *all = c->all;
	struct err e;
	int r;

	sweep(all);
	if (events & EPOLLOUT) {
		watch(c, false);
		all->events->ready(all->arg, c);
		return 0;
	}
	if (c->deaf) { /* it is gone: nothing else is reported of one that is not listened to */
		clients_drop(c);
		return 0;
	}
	r = all->wire->receive(c, &all->inbox, &e);
	if (r == -EAGAIN)
		return 0;
	if (r > 0)
		all->events->request(all->arg, c, &all->inbox);
	else
		clients_drop(c);
	return 0;
}

static int listener_ready(void *arg, uint32_t events)
{
	struct clients *all = arg;
	struct err ignored; /* a client that cannot be served sees its connection close */
	int fd = sock_accept(all->listen, SOCK_NONBLOCK);

	sweep(all);
	if (fd >= 0)
		clients_add(all, fd, false, &ignored);
	return 0;
}

int clients_open(struct clients *all, struct loop *loop, int dirfd, const char *name, const struct client_wire *wire, const struct client_events *events,
	void *arg, struct err *e)
{
	int r;

	*all = CLIENTS_NONE;
	all->loop = loop;
	all->wire = wire;
	all->events = events;
	all->arg = arg;
	all->listen = sock_listen(dirfd, name, SOCK_SEQPACKET | SOCK_NONBLOCK, true);
	if (all->listen < 0)
		return err_sys(e, all->listen, "listen at '%s'", name);
	all->listener = (struct loop_source){ .fd = all->listen, .events = EPOLLIN, .ready = listener_ready, .arg = all };
	r = loop_add(loop, &all->listener);
	if (r < 0)
		return err_sys(e, r, "watch '%s'", name);
	return 0;
}

int clients_add(struct clients *all, int fd, bool starter, struct err *e)
{
	scoped_fd int owned = fd;
	int r, queue = LIMIT_MONITOR_QUEUE / 2; /* the kernel doubles it */
	struct client *c;

	if (all->n >= LIMIT_MONITOR_CLIENTS)
		return err_set(e, ERR_EXHAUSTED, "more than %d connections", LIMIT_MONITOR_CLIENTS);
	r = fd_set_nonblock(fd, true);
	if (r < 0)
		return err_sys(e, r, "set up a connection");
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &queue, sizeof queue);
	c = alloc_or_die(sizeof *c);
	*c = (struct client){ .all = all, .starter = starter, .in = BUF(LIMIT_MONITOR_PAYLOAD) };
	c->source = (struct loop_source){ .fd = fd, .events = EPOLLIN, .ready = client_ready, .arg = c };
	r = loop_add(all->loop, &c->source);
	if (r < 0) {
		free(c);
		return err_sys(e, r, "watch a connection");
	}
	take_fd(&owned);
	c->next = all->first;
	all->first = c;
	all->n++;
	all->events->joined(all->arg, c);
	return 0;
}

/* One that left gets no more output, but is dropped only when all it had sent is read; one that does not read is dropped now. */
static void send_failed(struct client *c, int r)
{
	if (r == -EPIPE || r == -ECONNRESET)
		c->attach &= ~(uint32_t)MONITOR_ATTACH_OUTPUT;
	else
		clients_drop(c);
}

void client_send(struct client *c, enum monitor_msg type, const void *p, size_t n)
{
	struct err e;
	int r = c->source.fd >= 0 ? c->all->wire->send(c, type, p, n, &e) : 0;

	if (r < 0)
		send_failed(c, r);
}

void client_send_simple(struct client *c, enum monitor_msg type)
{
	client_send(c, type, NULL, 0);
}

void client_send_number(struct client *c, enum monitor_msg type, int32_t value)
{
	struct monitor_number p = { .value = value };

	client_send(c, type, &p, sizeof p);
}

void client_send_err(struct client *c, enum monitor_msg type, const struct err *e)
{
	client_send(c, type, e, sizeof *e);
}

/* One output frame to one client. Returns true if it must be waited for. */
static bool offer(struct client *c, const struct monitor_frame *f)
{
	struct err e;
	int r = c->all->wire->output(c, f, &e);

	c->waiting = r == -EAGAIN && (c->attach & MONITOR_ATTACH_WAIT);
	if (c->waiting)
		watch(c, true);
	else if (r < 0)
		send_failed(c, r);
	return c->waiting;
}

bool clients_output(struct clients *all, const struct monitor_frame *f)
{
	bool waiting = false;

	for (struct client *c = all->first, *next; c; c = next) {
		next = c->next;
		if (c->attach & MONITOR_ATTACH_OUTPUT)
			waiting |= offer(c, f);
	}
	return waiting;
}

bool clients_resume(struct clients *all, struct client *c, const struct monitor_frame *f)
{
	if (c && c->waiting)
		offer(c, f);
	for (c = all->first; c; c = c->next)
		if (c->waiting)
			return true;
	return false;
}

void clients_drop_waiting(struct clients *all)
{
	for (struct client *c = all->first, *next; c; c = next) {
		next = c->next;
		if (c->waiting)
			clients_drop(c);
	}
}

void clients_close(struct clients *all)
{
	while (all->first)
		clients_drop(all->first);
	sweep(all);
	loop_remove(all->loop, &all->listener);
	fd_done(&all->listen);
}
