/* SPDX-License-Identifier: Apache-2.0 */
#include "network/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/enumtab.h"
#include "base/parse.h"
#include "base/str.h"
#include "network/reservation.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/proc.h"

static const char any_name[] = "any";
static const char range_path[] = "/proc/sys/net/ipv4/ip_local_port_range";

static const struct numtab protocols[] = { { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "sctp", IPPROTO_SCTP }, { NULL, 0 } };

/* ---- names ----------------------------------------------------------------------------------------------------------------------------- */

enum { PORT_NAME_SIZE = 24, PORT_TEXT_SIZE = 192 };

static void port_dir_name(const struct ruleset_port *p, char ret[PORT_NAME_SIZE])
{
	snprintf(ret, PORT_NAME_SIZE, "%u-%s", p->host_port, numtab_name(protocols, p->protocol));
}

static void host_name(const struct ruleset_port *p, char ret[ADDR_TEXT_SIZE])
{
	if (p->host.family)
		addr_print(&p->host, ret);
	else
		snprintf(ret, ADDR_TEXT_SIZE, "%s", any_name);
}

/* As people read it: "0.0.0.0:8080". */
static void bind_text(const struct ruleset_port *p, char ret[PORT_TEXT_SIZE])
{
	char ip[ADDR_TEXT_SIZE] = "0.0.0.0";

	if (p->host.family)
		addr_print(&p->host, ip);
	snprintf(ret, PORT_TEXT_SIZE, p->host.family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip, p->host_port);
}

int ports_to_rules(const struct container_port *p, const char *ip, struct ruleset_port *ret, struct err *e)
{
	const struct numtab *protocol = numtab_find(protocols, p->protocol);
	struct ruleset_port x = { .host_port = (uint16_t)p->host_port, .port = (uint16_t)p->port };

	if (!protocol)
		return err_set(e, ERR_INVALID, "port %u: unknown protocol '%s'", p->port, p->protocol);
	if (p->host_port > UINT16_MAX || p->port == 0 || p->port > UINT16_MAX)
		return err_set(e, ERR_INVALID, "port %u:%u is out of range", p->host_port, p->port);
	x.protocol = (uint8_t)protocol->value;
	if (p->host_ip && *p->host_ip && addr_parse(p->host_ip, &x.host) < 0)
		return err_set(e, ERR_INVALID, "port %u: invalid host address '%s'", p->port, p->host_ip);
	if (addr_is_any(&x.host) && x.host.family == AF_INET)
		x.host = (struct addr){ 0 };
	if (addr_parse(ip, &x.to) < 0)
		return err_set(e, ERR_INVALID, "invalid container address '%s'", ip);
	if (x.host.family && x.host.family != x.to.family)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: publishing port %u on %s of another address family than the container's",
			       p->port, p->host_ip);
	*ret = x;
	return 0;
}

/* ---- conflicts -------------------------------------------------------------------------------------------------------------------------- */

static bool hosts_overlap(const struct addr *a, const struct addr *b)
{
	if (!a->family || !b->family)
		return true;
	return a->family == b->family && (addr_is_any(a) || addr_is_any(b) || addr_equal(a, b));
}

static int overlap_one(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	const struct ruleset_port *p = arg;
	struct addr taken = { 0 };

	if (!streq(name, any_name) && addr_parse(name, &taken) < 0)
		return 0;
	return hosts_overlap(&p->host, &taken);
}

/* A socket bound for a moment. Whether the kernel knows the protocol does not matter: then nobody listens. */
static int try_bind(const struct ruleset_port *p)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(p->host_port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(p->host_port) };
	bool six = p->host.family == AF_INET6, tcp = p->protocol == IPPROTO_TCP;
	scoped_fd int fd = socket(six ? AF_INET6 : AF_INET, (tcp || p->protocol == IPPROTO_SCTP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC,
				  p->protocol);
	int one = 1, r;

	if (fd < 0)
		return errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT || errno == EAFNOSUPPORT ? 0 : -errno;
	/* For TCP this forgives connections that are still closing, but not listeners. */
	if (tcp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	memcpy(&in.sin_addr, p->host.bytes, sizeof in.sin_addr);
	memcpy(&in6.sin6_addr, p->host.bytes, sizeof in6.sin6_addr);
	r = six ? bind(fd, (struct sockaddr *)&in6, sizeof in6) : bind(fd, (struct sockaddr *)&in, sizeof in);
	return r < 0 ? -errno : 0;
}

/* Takes the one port, which is fully named. Errors: -EEXIST (a container has it), -EADDRINUSE (a program of the host), -EADDRNOTAVAIL. */
static int take_port(int dirfd, const struct ruleset_port *p, const char *owner)
{
	char name[PORT_NAME_SIZE], host[ADDR_TEXT_SIZE], to[ADDR_TEXT_SIZE], text[RESERVATION_SIZE];
	scoped_fd int dir = -EBADF;
	struct ruleset_port copy = *p;
	int r;

	port_dir_name(p, name);
	host_name(p, host);
	addr_print(&p->to, to);
	dir = dir_ensure(dirfd, name, 0700);
	if (dir < 0)
		return dir;
	r = dir_each(dir, overlap_one, &copy);
	if (r != 0)
		return r < 0 ? r : -EEXIST;
	r = try_bind(p);
	if (r == 0 && (size_t)snprintf(text, sizeof text, "%s %s %u", owner, to, p->port) >= sizeof text)
		r = -E2BIG;
	if (r == 0)
		r = reservation_take(dir, host, text);
	if (r < 0)
		unlinkat(dirfd, name, AT_REMOVEDIR);
	return r;
}

static int drop_port(int dirfd, const struct ruleset_port *p, const char *owner)
{
	char name[PORT_NAME_SIZE], host[ADDR_TEXT_SIZE];
	scoped_fd int dir = -EBADF;
	int r;

	port_dir_name(p, name);
	host_name(p, host);
	dir = dir_open(dirfd, name);
	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	r = reservation_drop(dir, host, owner);
	unlinkat(dirfd, name, AT_REMOVEDIR);
	return r;
}

/* ---- choosing --------------------------------------------------------------------------------------------------------------------------- */

static void read_range(uint32_t *ret_first, uint32_t *ret_last)
{
	struct str rest, first;
	char text[64], word[16];
	uint32_t a, b;

	*ret_first = 32768;
	*ret_last = 60999;
	if (file_read_text(AT_FDCWD, range_path, text, sizeof text) < 0)
		return;
	first = str_cut(str_of(text), '\t', &rest);
	snprintf(word, sizeof word, STR_FMT, STR_ARG(first));
	if (rest.p && parse_u32(word, &a) == 0 && parse_u32(rest.p, &b) == 0 && a > 0 && a <= b && b <= UINT16_MAX) {
		*ret_first = a;
		*ret_last = b;
	}
}

/* A free port of the range from which the kernel takes its own, beginning anywhere. */
static int take_any(int dirfd, struct ruleset_port *p, const char *owner)
{
	uint32_t first, last, n, start;

	read_range(&first, &last);
	n = last - first + 1;
	proc_random(&start, sizeof start);
	for (uint32_t i = 0; i < n; i++) {
		int r;

		p->host_port = (uint16_t)(first + (start % n + i) % n);
		r = take_port(dirfd, p, owner);
		if (r != -EEXIST && r != -EADDRINUSE)
			return r;
	}
	return -EADDRINUSE;
}

static int reserve_one(int dirfd, const char *owner, const char *ip, struct container_port *port, struct err *e)
{
	char text[PORT_TEXT_SIZE];
	struct ruleset_port p;
	bool any = port->host_port == 0;
	int r = ports_to_rules(port, ip, &p, e);

	if (r < 0)
		return r;
	if (p.host.family == AF_INET6 && addr_is_loopback(&p.host))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: publishing port %u on [::1]", port->port);
	r = any ? take_any(dirfd, &p, owner) : take_port(dirfd, &p, owner);
	port->host_port = p.host_port;
	bind_text(&p, text);
	if (r == -EADDRINUSE && any)
		return err_set(e, ERR_EXHAUSTED, "no host port is free for container port %u/%s", port->port, port->protocol);
	if (r == -EEXIST)
		return err_set(e, ERR_CONFLICT, "bind for %s failed: port is already allocated", text);
	if (r == -EADDRINUSE)
		return err_set(e, ERR_CONFLICT, "bind for %s failed: address already in use by a program of the host", text);
	if (r == -EADDRNOTAVAIL)
		return err_set(e, ERR_INVALID, "bind for %s failed: no interface of this host has that address", text);
	return r < 0 ? err_sys(e, r, "bind for %s", text) : 0;
}

/* ---- the verbs -------------------------------------------------------------------------------------------------------------------------- */

static int lock_ports(int dirfd, struct err *e)
{
	int fd = lock_file_wait(dirfd, ".lock", FILE_LOCK_EXCLUSIVE);

	return fd < 0 ? err_sys(e, fd, "lock the host ports") : fd;
}

/* What an earlier start of the same container left when it was killed is no conflict. */
static void drop_earlier(int dirfd, const char *owner, const char *ip, const struct container_port *ports, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ruleset_port p;
		struct err ignored; /* the port is judged when it is taken */

		if (ports[i].host_port && ports_to_rules(&ports[i], ip, &p, &ignored) == 0)
			drop_port(dirfd, &p, owner);
	}
}

int ports_reserve(int dirfd, const char *owner, const char *ip, const struct container_port *ports, size_t n, struct arena *a,
		struct container_port **ret, struct err *e)
{
	struct container_port *v = arena_array(a, struct container_port, n);
	scoped_fd int lock = lock_ports(dirfd, e);

	if (lock < 0)
		return lock;
	drop_earlier(dirfd, owner, ip, ports, n);
	for (size_t i = 0; i < n; i++) {
		int r;

		v[i] = ports[i];
		v[i].host_ip = arena_strdup(a, ports[i].host_ip);
		v[i].protocol = arena_strdup(a, ports[i].protocol);
		r = reserve_one(dirfd, owner, ip, &v[i], e);
		if (r < 0) {
			struct ruleset_port p;
			struct err ignored; /* each was understood when it was taken */

			while (i-- > 0) {
				if (ports_to_rules(&v[i], ip, &p, &ignored) == 0)
					drop_port(dirfd, &p, owner);
			}
			return r;
		}
	}
	*ret = v;
	return 0;
}

int ports_release(int dirfd, const char *owner, const struct container_port *ports, size_t n, struct err *e)
{
	scoped_fd int lock = lock_ports(dirfd, e);
	int first = 0;

	if (lock < 0)
		return lock;
	for (size_t i = 0; i < n; i++) {
		struct ruleset_port p;
		/* Only the host's side names the file. */
		int r = ports_to_rules(&ports[i], ports[i].host_ip && strchr(ports[i].host_ip, ':') ? "::" : "0.0.0.0", &p, e);

		if (r == 0)
			r = drop_port(dirfd, &p, owner);
		if (r < 0 && first == 0)
			first = err_sys(e, r, "free host port %u", ports[i].host_port);
	}
	return first;
}

int ports_owned(int dirfd, const char *owner, const char *ip, const struct container_port *ports, size_t n, struct ruleset_port *ret,
		size_t *ret_n, struct err *e)
{
	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		char path[PORT_NAME_SIZE + ADDR_TEXT_SIZE], host[ADDR_TEXT_SIZE], text[RESERVATION_SIZE];
		struct ruleset_port *p = &ret[*ret_n];
		int r = ports_to_rules(&ports[i], ip, p, e);

		if (r < 0)
			return r;
		port_dir_name(p, path);
		host_name(p, host);
		snprintf(path + strlen(path), sizeof path - strlen(path), "/%s", host);
		if (reservation_read(dirfd, path, text) == 0 && reservation_is_of(text, owner))
			++*ret_n;
	}
	return 0;
}

/* ---- sweeping --------------------------------------------------------------------------------------------------------------------------- */

struct sweep {
	ports_each_fn fn;
	void *arg;
	struct ruleset_port p;      /* port and protocol of the directory we are in */
	int n;
};

/* "<id> <ip> <port>": cuts @text after the id and reads the rest. */
static int read_target(char *text, struct ruleset_port *p)
{
	char *ip = strchr(text, ' '), *port = ip ? strchr(ip + 1, ' ') : NULL;
	uint32_t number;

	if (!port)
		return -EBADMSG;
	*ip++ = '\0';
	*port++ = '\0';
	if (addr_parse(ip, &p->to) < 0 || parse_u32(port, &number) < 0 || number > UINT16_MAX)
		return -EBADMSG;
	p->port = (uint16_t)number;
	return 0;
}

static int sweep_host(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	struct sweep *s = arg;
	struct ruleset_port p = s->p;
	char text[RESERVATION_SIZE];
	bool whole;

	if (reservation_read(dirfd, name, text) < 0)
		return 0;
	p.host = (struct addr){ 0 };
	whole = read_target(text, &p) == 0 && (streq(name, any_name) || addr_parse(name, &p.host) == 0);
	if (!whole) {
		text[0] = '\0';
		p = (struct ruleset_port){ 0 };
	}
	if (!s->fn(s->arg, text, &p))
		return 0;
	s->n++;
	return unlinkat(dirfd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int sweep_port(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	struct sweep *s = arg;
	struct str protocol, port = str_cut(str_of(name), '-', &protocol);
	const struct numtab *row = protocol.p ? numtab_find(protocols, protocol.p) : NULL;
	scoped_fd int dir = -EBADF;
	char number[8];
	uint32_t n;
	int r;

	snprintf(number, sizeof number, STR_FMT, STR_ARG(port));
	if (name[0] == '.' || !row || parse_u32(number, &n) < 0 || n > UINT16_MAX)
		return 0;
	s->p = (struct ruleset_port){ .host_port = (uint16_t)n, .protocol = (uint8_t)row->value };
	dir = dir_open(dirfd, name);
	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	r = dir_each(dir, sweep_host, s);
	unlinkat(dirfd, name, AT_REMOVEDIR);
	return r;
}

int ports_sweep(int dirfd, ports_each_fn fn, void *arg, struct err *e)
{
	scoped_fd int lock = lock_ports(dirfd, e);
	struct sweep s = { .fn = fn, .arg = arg };
	int r;

	if (lock < 0)
		return lock;
	r = dir_each(dirfd, sweep_port, &s);
	return r < 0 ? err_sys(e, r, "look through the host ports") : s.n;
}
