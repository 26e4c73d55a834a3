/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "forward/place.h"
#include "os/fd.h"
#include "os/proc.h"

enum { DATAGRAM_MAX = 65535, ROUND = 64 };

struct udp_client {
	struct udp_port *port;
	struct udp_client *next;
	struct loop_source source;   /* the socket inside */
	union forward_addr address;  /* as the host's socket has it */
	struct in6_pktinfo called;   /* which of our addresses it called; only if every address is ours */
	uint64_t heard_ns;
};

/* One at a time, for everybody. */
static char datagram[DATAGRAM_MAX];

/* ---- clients ---- */

static void client_free(struct udp_client *c)
{
	loop_remove(c->port->loop, &c->source);
	fd_done(&c->source.fd);
	c->port->n_clients--;
	free(c);
}

/* Takes it out of the list, or the last one for NULL. */
static struct udp_client *client_unlink(struct udp_port *p, const struct udp_client *which)
{
	struct udp_client **at = &p->clients;

	while (*at && (which ? *at != which : (*at)->next != NULL))
		at = &(*at)->next;
	if (*at) {
		struct udp_client *found = *at;

		*at = found->next;
		return found;
	}
	return NULL;
}

static void client_first(struct udp_port *p, struct udp_client *c)
{
	c->heard_ns = proc_now_ns();
	if (p->clients == c)
		return;
	client_unlink(p, c);
	c->next = p->clients;
	p->clients = c;
}

static int forget_silent(void *arg)
{
	struct udp_port *p = arg;
	uint64_t now = proc_now_ns();

	for (struct udp_client **at = &p->clients; *at;) {
		struct udp_client *c = *at;

		if (now - c->heard_ns < (uint64_t)UDP_SILENCE_MS * 1000000) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		client_free(c);
	}
	if (p->clients)
		loop_timer_set(p->loop, &p->timer, UDP_SILENCE_MS);
	return 0;
}

/* ---- from inside to the client ---- */

static void send_back(struct udp_client *c, size_t n)
{
	char control[CMSG_SPACE(sizeof c->called)] = { 0 };
	struct iovec v = { datagram, n };
	struct msghdr m = { .msg_name = &c->address, .msg_namelen = place_size(&c->address), .msg_iov = &v, .msg_iovlen = 1 };

	if (c->port->every && c->address.any.sa_family == AF_INET6) {
		struct cmsghdr *h;

		m.msg_control = control;
		m.msg_controllen = sizeof control;
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = IPPROTO_IPV6;
		h->cmsg_type = IPV6_PKTINFO;
		h->cmsg_len = CMSG_LEN(sizeof c->called);
		memcpy(CMSG_DATA(h), &c->called, sizeof c->called);
	}
	/* Datagrams may be lost. */
	if (sendmsg(c->port->source.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
}

static int client_ready(void *arg, uint32_t events)
{
	struct udp_client *c = arg;

	for (int i = 0; i < ROUND; i++) {
		ssize_t n = recv(c->source.fd, datagram, sizeof datagram, MSG_DONTWAIT);

		if (n < 0)
			return 0; /* nothing more, or nobody listens inside: the client hears nothing, as from a port that drops */
		client_first(c->port, c);
		send_back(c, (size_t)n);
	}
	return 0;
}

/* ---- from a client to inside ---- */

static struct udp_client *client_new(struct udp_port *p, const union forward_addr *address)
{
	struct udp_client *c = alloc_or_die(sizeof *c);
	union forward_addr shown = *address;

	*c = (struct udp_client){ .port = p, .address = *address, .source = { .fd = -EBADF, .events = EPOLLIN, .ready = client_ready, .arg = c } };
	p->n_clients++;
	place_unmap(&shown);
	c->source.fd = place_connect(&p->to, &shown, SOCK_DGRAM);
	if (c->source.fd < 0 || loop_add(p->loop, &c->source) < 0) {
		client_free(c);
		return NULL;
	}
	if (p->n_clients == 1)
		loop_timer_set(p->loop, &p->timer, UDP_SILENCE_MS);
	return c;
}

static bool is_same(const union forward_addr *a, const union forward_addr *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port && a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->in6.sin6_port == b->in6.sin6_port && a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
	       IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
}

static struct udp_client *client_get(struct udp_port *p, const union forward_addr *address)
{
	struct udp_client *c = p->clients;

	while (c && !is_same(&c->address, address))
		c = c->next;
	if (!c && p->n_clients >= UDP_CLIENTS)
		client_free(client_unlink(p, NULL));
	if (!c)
		c = client_new(p, address);
	if (c)
		client_first(p, c);
	return c;
}

static void note_called(struct udp_client *c, struct msghdr *m)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level == IPPROTO_IPV6 && h->cmsg_type == IPV6_PKTINFO)
			memcpy(&c->called, CMSG_DATA(h), sizeof c->called);
	}
	/* The way back is the routing table's business, unless the address means something on that link only. */
	if (!IN6_IS_ADDR_LINKLOCAL(&c->called.ipi6_addr))
		c->called.ipi6_ifindex = 0;
}

static int port_ready(void *arg, uint32_t events)
{
	struct udp_port *p = arg;

	for (int i = 0; i < ROUND; i++) {
		char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		union forward_addr from = { 0 };
		struct iovec v = { datagram, sizeof datagram };
		struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			.msg_controllen = sizeof control };
		ssize_t n = recvmsg(p->source.fd, &m, MSG_DONTWAIT);
		struct udp_client *c = n < 0 ? NULL : client_get(p, &from);

		if (n < 0)
			return 0;
		if (!c)
			continue;
		note_called(c, &m);
		if (send(c->source.fd, datagram, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			continue; /* may be lost */
	}
	return 0;
}

int udp_port_open(struct udp_port *p, const struct forward_spec *s)
{
	*p = (struct udp_port){ .to = s->to, .every = s->every, .source = { .events = EPOLLIN, .ready = port_ready, .arg = p },
		.timer = { .expired = forget_silent, .arg = p } };
	p->source.fd = place_bind(s, SOCK_DGRAM);
	return p->source.fd < 0 ? p->source.fd : 0;
}

int udp_port_start(struct udp_port *p, struct loop *l)
{
	p->loop = l;
	return loop_add(l, &p->source);
}
