/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/place.h"

#include <errno.h>
#include <string.h>

#include "os/fd.h"

socklen_t place_size(const union forward_addr *x)
{
	return x->any.sa_family == AF_INET ? sizeof x->in : sizeof x->in6;
}

void place_unmap(union forward_addr *x)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (x->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&x->in6.sin6_addr))
		return;
	in.sin_port = x->in6.sin6_port;
	memcpy(&in.sin_addr, x->in6.sin6_addr.s6_addr + 12, sizeof in.sin_addr);
	x->in = in;
}

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}

/* ---- of the host ---- */

static int bind_one(const union forward_addr *x, bool both, int type)
{
	scoped_fd int fd = socket(x->any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = type == SOCK_STREAM ? set(fd, SOL_SOCKET, SO_REUSEADDR, 1) : 0;
	if (r == 0 && x->any.sa_family == AF_INET6)
		r = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !both);
	/* Whoever was called answers: datagrams say to which address they came. */
	if (r == 0 && both && type == SOCK_DGRAM)
		r = set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	if (r < 0)
		return r;
	return bind(fd, &x->any, place_size(x)) < 0 ? -errno : take_fd(&fd);
}

int place_bind(const struct forward_spec *s, int type)
{
	union forward_addr four = { .in = { .sin_family = AF_INET, .sin_port = s->host.in6.sin6_port } };
	int fd = bind_one(&s->host, s->every, type);

	return s->every && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL) ? bind_one(&four, false, type) : fd;
}

/* ---- inside ---- */

static bool can_be_shown(const union forward_addr *to, const union forward_addr *client)
{
	if (to->any.sa_family != client->any.sa_family)
		return false;
	if (client->any.sa_family == AF_INET)
		return ntohl(client->in.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET;
	return !IN6_IS_ADDR_LOOPBACK(&client->in6.sin6_addr) && !IN6_IS_ADDR_LINKLOCAL(&client->in6.sin6_addr);
}

static void show(int fd, const union forward_addr *client)
{
	union forward_addr from = *client;
	bool six = client->any.sa_family == AF_INET6;

	if (set(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_TRANSPARENT : IP_TRANSPARENT, 1) < 0 || set(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0)
		return;
	if (bind(fd, &from.any, place_size(&from)) == 0 || errno != EADDRINUSE)
		return;
	if (six)
		from.in6.sin6_port = 0;
	else
		from.in.sin_port = 0;
	/* Should this fail, too, the kernel chooses: better a caller without a name than none. */
	if (bind(fd, &from.any, place_size(&from)) < 0)
		return;
}

int place_connect(const union forward_addr *to, const union forward_addr *client, int type)
{
	scoped_fd int fd = socket(to->any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (can_be_shown(to, client))
		show(fd, client);
	return connect(fd, &to->any, place_size(to)) < 0 && errno != EINPROGRESS ? -errno : take_fd(&fd);
}
