/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "forward/place.h"
#include "os/fd.h"

enum { BACKLOG = 4096, CHUNK = 64 * 1024, ACCEPTS = 64 };

enum { CLIENT, INSIDE, ENDS };

/* One direction: from an end into a pipe, out of it into the other end. */
struct flow {
	int pipe[2];
	size_t held;                 /* bytes in the pipe */
	bool ended;                  /* nothing more comes */
	bool told;                   /* the other end knows */
};

struct tcp_link {
	struct loop *loop;
	struct loop_source end[ENDS];
	struct flow flow[ENDS];      /* flow[i] comes from end[i] */
	bool connected;
	bool silent[ENDS];           /* all is said both ways: not watched any more, or it would call for ever */
};

/* ---- the end ---- */

static void reset_on_close(int fd)
{
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
}

static void link_free(struct tcp_link *k, bool reset)
{
	for (int i = 0; i < ENDS; i++) {
		loop_remove(k->loop, &k->end[i]);
		if (reset && k->end[i].fd >= 0)
			reset_on_close(k->end[i].fd);
		fd_done(&k->end[i].fd);
		fd_done(&k->flow[i].pipe[0]);
		fd_done(&k->flow[i].pipe[1]);
	}
	free(k);
}

/* ---- moving bytes ---- */

/* Errors: negative; 0: nothing can move now. */
static ssize_t take_in(struct tcp_link *k, int i)
{
	struct flow *f = &k->flow[i];
	ssize_t n;

	if (f->ended || f->held >= CHUNK)
		return 0;
	n = splice(k->end[i].fd, NULL, f->pipe[1], NULL, CHUNK - f->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n == 0)
		f->ended = true;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	f->held += (size_t)n;
	return n;
}

static ssize_t give_out(struct tcp_link *k, int i)
{
	struct flow *f = &k->flow[i];
	int to = k->end[!i].fd;
	ssize_t n = 0;

	if (f->held)
		n = splice(f->pipe[0], NULL, to, NULL, f->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	f->held -= (size_t)n;
	if (f->ended && !f->held && !f->told) {
		f->told = true;
		shutdown(to, SHUT_WR);
	}
	return n;
}

static int flow_move(struct tcp_link *k, int i)
{
	for (;;) {
		ssize_t in = take_in(k, i), out = in < 0 ? 0 : give_out(k, i);

		if (in < 0 || out < 0)
			return (int)(in < 0 ? in : out);
		if (out == 0)
			return 0;
	}
}

static bool waits_for_input(const struct tcp_link *k, int i)
{
	return k->connected && !k->flow[i].ended && k->flow[i].held < CHUNK;
}

/* What each end is watched for: bytes we have room for, and room for bytes we have. */
static int link_watch(struct tcp_link *k)
{
	for (int i = 0; i < ENDS; i++) {
		bool output = (i == INSIDE && !k->connected) || k->flow[!i].held > 0;
		uint32_t events = (waits_for_input(k, i) ? EPOLLIN : 0) | (output ? EPOLLOUT : 0);
		int r = 0;

		if (!k->silent[i] && k->flow[i].ended && k->flow[!i].told) {
			k->silent[i] = true;
			loop_remove(k->loop, &k->end[i]);
		}
		if (!k->silent[i] && events != k->end[i].events)
			r = loop_change(k->loop, &k->end[i], events);
		if (r < 0)
			return r;
	}
	return 0;
}

/* 0: going on. */
static int link_move(struct tcp_link *k)
{
	int r = flow_move(k, CLIENT);

	if (r == 0)
		r = flow_move(k, INSIDE);
	return r == 0 ? link_watch(k) : r;
}

static int link_connected(struct tcp_link *k)
{
	int error = 0;
	socklen_t n = sizeof error;

	if (getsockopt(k->end[INSIDE].fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 || error)
		return error ? -error : -errno;
	k->connected = true;
	return 0;
}

static int link_ready(void *arg, uint32_t events)
{
	struct tcp_link *k = arg;
	bool broken = events & (EPOLLERR | EPOLLHUP);
	int r = 0;

	if (!k->connected)
		r = broken && !(events & EPOLLOUT) ? -EPIPE : link_connected(k);
	if (r == 0)
		r = link_move(k);
	if (r < 0)
		link_free(k, true);
	else if (k->flow[CLIENT].told && k->flow[INSIDE].told)
		link_free(k, false);
	else if (broken && events & EPOLLERR)
		link_free(k, true);
	return 0;
}

/* ---- a new one ---- */

static int link_open(struct tcp_link *k, const union forward_addr *to, const union forward_addr *client)
{
	int r;

	k->end[INSIDE].fd = place_connect(to, client, SOCK_STREAM);
	if (k->end[INSIDE].fd < 0)
		return k->end[INSIDE].fd;
	for (int i = 0; i < ENDS; i++) {
		r = fd_pipe(k->flow[i].pipe, O_NONBLOCK);
		if (r < 0)
			return r;
		/* What is small shall not wait for what comes after it: neither end knows of the other. */
		setsockopt(k->end[i].fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
		k->end[i].events = i == INSIDE ? EPOLLOUT : 0;
	}
	r = loop_add(k->loop, &k->end[CLIENT]);
	return r < 0 ? r : loop_add(k->loop, &k->end[INSIDE]);
}

static void link_new(struct tcp_port *p, int fd, const union forward_addr *client)
{
	struct tcp_link *k = alloc_or_die(sizeof *k);

	*k = (struct tcp_link){ .loop = p->loop };
	for (int i = 0; i < ENDS; i++) {
		k->end[i] = (struct loop_source){ .fd = -EBADF, .ready = link_ready, .arg = k };
		k->flow[i].pipe[0] = k->flow[i].pipe[1] = -EBADF;
	}
	k->end[CLIENT].fd = fd;
	if (link_open(k, &p->to, client) < 0)
		link_free(k, true);
}

static int port_ready(void *arg, uint32_t events)
{
	struct tcp_port *p = arg;

	for (int i = 0; i < ACCEPTS; i++) {
		union forward_addr client;
		socklen_t n = sizeof client;
		int fd = accept4(p->source.fd, &client.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

		/* Out of descriptors, it tries again with the next event, which level triggering brings at once: others must close meanwhile. */
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS))
			usleep(10000);
		if (fd < 0)
			return 0;
		place_unmap(&client);
		link_new(p, fd, &client);
	}
	return 0;
}

int tcp_port_open(struct tcp_port *p, const struct forward_spec *s)
{
	*p = (struct tcp_port){ .to = s->to, .source = { .events = EPOLLIN, .ready = port_ready, .arg = p } };
	p->source.fd = place_bind(s, SOCK_STREAM);
	if (p->source.fd < 0)
		return p->source.fd;
	return listen(p->source.fd, BACKLOG) < 0 ? -errno : 0;
}

int tcp_port_start(struct tcp_port *p, struct loop *l)
{
	p->loop = l;
	return loop_add(l, &p->source);
}
