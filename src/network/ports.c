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

static const char any_name[] = "any", any6_name[] = "::";
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
		snprintf(ret, ADDR_TEXT_SIZE, "%s", p->to.family == AF_INET6 ? any6_name : any_name);
}

/* As people read it: "0.0.0.0:8080". */
static void bind_text(const struct ruleset_port *p, char ret[PORT_TEXT_SIZE])
{
	bool six = p->to.family == AF_INET6;
	char ip[ADDR_TEXT_SIZE];

	snprintf(ip, sizeof ip, "%s", six ? "::" : "0.0.0.0");
	if (p->host.family)
		addr_print(&p->host, ip);
	snprintf(ret, PORT_TEXT_SIZE, six ? "[%s]:%u" : "%s:%u", ip, p->host_port);
}

int ports_to_rules(const struct container_port *p, const struct ports_target *to, struct ruleset_port *ret, struct err *e)
{
	const char *ip;
	const struct numtab *protocol = numtab_find(protocols, p->protocol);
	struct ruleset_port x = { .host_port = (uint16_t)p->host_port, .port = (uint16_t)p->port };

	if (!protocol)
		return err_set(e, ERR_INVALID, "port %u: unknown protocol '%s'", p->port, p->protocol);
	if (p->host_port > UINT16_MAX || p->port == 0 || p->port > UINT16_MAX)
		return err_set(e, ERR_INVALID, "port %u:%u is out of range", p->host_port, p->port);
	x.protocol = (uint8_t)protocol->value;
	if (p->host_ip && *p->host_ip && addr_parse(p->host_ip, &x.host) < 0)
		return err_set(e, ERR_INVALID, "port %u: invalid host address '%s'", p->port, p->host_ip);
	ip = x.host.family == AF_INET6 ? to->ip6 : to->ip;
	if (!ip)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: publishing port %u on %s: the container has no IPv%d address on that network",
			       p->port, p->host_ip ? p->host_ip : "0.0.0.0", x.host.family == AF_INET6 ? 6 : 4);
	if (addr_is_any(&x.host))
		x.host = (struct addr){ 0 };
	if (addr_parse(ip, &x.to) < 0)
		return err_set(e, ERR_INVALID, "invalid container address '%s'", ip);
	*ret = x;
	return 0;
}

/* ---- conflicts -------------------------------------------------------------------------------------------------------------------------- */

/* "any" is every IPv4 address and "::" every IPv6 address: the families have ports of their own. */
static bool hosts_overlap(const struct ruleset_port *p, const struct addr *taken)
{
	if (taken->family != p->to.family)
		return false;
	return !p->host.family || addr_is_any(taken) || addr_equal(&p->host, taken);
}

static int overlap_one(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	const struct ruleset_port *p = arg;
	struct addr taken = { .family = AF_INET };

	if (!streq(name, any_name) && addr_parse(name, &taken) < 0)
		return 0;
	return hosts_overlap(p, &taken);
}

/* A socket bound for a moment. Whether the kernel knows the protocol does not matter: then nobody listens. */
static int try_bind(const struct ruleset_port *p)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(p->host_port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(p->host_port) };
	bool six = p->to.family == AF_INET6, tcp = p->protocol == IPPROTO_TCP;
	scoped_fd int fd = socket(six ? AF_INET6 : AF_INET, (tcp || p->protocol == IPPROTO_SCTP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC,
				  p->protocol);
	int one = 1, r;

	if (fd < 0)
		return errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT || errno == EAFNOSUPPORT ? 0 : -errno;
	/* For TCP this forgives connections that are still closing, but not listeners. */
	if (tcp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (six)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
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

/* The first of a range that was asked for. */
static int take_first(int dirfd, struct ruleset_port *p, uint32_t last, const char *owner)
{
	int r = take_port(dirfd, p, owner);

	while ((r == -EEXIST || r == -EADDRINUSE) && p->host_port < last) {
		p->host_port++;
		r = take_port(dirfd, p, owner);
	}
	return r;
}

static int refused(const struct container_port *port, const struct ruleset_port *p, int r, struct err *e)
{
	bool taken = r == -EEXIST || r == -EADDRINUSE;
	char text[PORT_TEXT_SIZE];

	bind_text(p, text);
	if (taken && !port->host_port)
		return err_set(e, ERR_EXHAUSTED, "no host port is free for container port %u/%s", port->port, port->protocol);
	if (taken && port->host_port_last > port->host_port)
		return err_set(e, ERR_CONFLICT, "none of the host ports %u to %u is free for container port %u/%s: all are already allocated",
			       port->host_port, port->host_port_last, port->port, port->protocol);
	if (r == -EEXIST)
		return err_set(e, ERR_CONFLICT, "bind for %s failed: port is already allocated", text);
	if (r == -EADDRINUSE)
		return err_set(e, ERR_CONFLICT, "bind for %s failed: address already in use by a program of the host", text);
	if (r == -EADDRNOTAVAIL)
		return err_set(e, ERR_INVALID, "bind for %s failed: no interface of this host has that address", text);
	if (r == -EACCES)
		return err_set(e, ERR_DENIED, "bind for %s failed: an ordinary user may not listen on ports below net.ipv4.ip_unprivileged_port_start: "
			"publish a higher one, or let root run sysctl net.ipv4.ip_unprivileged_port_start=%u", text, p->host_port);
	return err_sys(e, r, "bind for %s", text);
}

/* The kernel has no way to lead an answer back to ::1, as route_localnet does for 127.0.0.1. */
static int refuse_loopback6(const struct ruleset_port *p, uint32_t port, struct err *e)
{
	if (p->host.family != AF_INET6 || !addr_is_loopback(&p->host))
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "unsupported: publishing port %u on [::1]: the kernel leads nothing back to it; use 127.0.0.1", port);
}

static int reserve_one(int dirfd, const char *owner, const struct ports_target *to, const struct container_port *port, struct container_port *ret,
		struct err *e)
{
	struct ruleset_port p;
	int r = ports_to_rules(port, to, &p, e);

	if (r == 0)
		r = refuse_loopback6(&p, port->port, e);
	if (r < 0)
		return r;
	r = port->host_port ? take_first(dirfd, &p, port->host_port_last, owner) : take_any(dirfd, &p, owner);
	if (r < 0)
		return refused(port, &p, r, e);
	ret->host_port = p.host_port;
	ret->host_port_last = 0;
	return 0;
}

static void drop_rows(int dirfd, const char *owner, const struct ports_target *to, const struct container_port *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ruleset_port p;
		struct err ignored; /* each was understood when it was taken */

		if (ports_to_rules(&rows[i], to, &p, &ignored) == 0)
			drop_port(dirfd, &p, owner);
	}
}

/* A port of every address of both families: the same number in both. */
static int reserve_both(int dirfd, const char *owner, const struct ports_target *to, const struct container_port *port, struct container_port ret[2],
		struct err *e)
{
	enum { TRIES = 64 };
	struct container_port ask = *port;
	int r = -EADDRINUSE;

	for (int i = 0; i < TRIES; i++) {
		r = reserve_one(dirfd, owner, to, &ask, &ret[0], e);
		if (r < 0)
			return r;
		ret[1].host_port = ret[0].host_port;
		r = reserve_one(dirfd, owner, to, &ret[1], &ret[1], e);
		if (r == 0)
			return 0;
		drop_rows(dirfd, owner, to, ret, 1);
		if (e->kind != ERR_CONFLICT || (ask.host_port && ret[0].host_port >= ask.host_port_last))
			return r;
		if (ask.host_port)
			ask.host_port = ret[0].host_port + 1;
	}
	return r;
}

/* ---- the verbs -------------------------------------------------------------------------------------------------------------------------- */

static int lock_ports(int dirfd, struct err *e)
{
	int fd = lock_file_wait(dirfd, ".lock", FILE_LOCK_EXCLUSIVE);

	return fd < 0 ? err_sys(e, fd, "lock the host ports") : fd;
}

/* What an earlier start of the same container left when it was killed is no conflict. */
static void drop_earlier(int dirfd, const char *owner, const struct ports_target *to, const struct container_port *ports, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct container_port six = ports[i];

		six.host_ip = any6_name;
		if (!ports[i].host_port)
			continue;
		drop_rows(dirfd, owner, to, &ports[i], 1);
		if (to->ip6 && !ports[i].host_ip)
			drop_rows(dirfd, owner, to, &six, 1);
	}
}

int ports_reserve(int dirfd, const char *owner, const struct ports_target *to, const struct container_port *ports, size_t n, struct arena *a,
		struct container_port **ret, size_t *ret_n, struct err *e)
{
	struct container_port *v = arena_array(a, struct container_port, 2 * n);
	scoped_fd int lock = lock_ports(dirfd, e);
	size_t done = 0;

	if (lock < 0)
		return lock;
	drop_earlier(dirfd, owner, to, ports, n);
	for (size_t i = 0; i < n; i++) {
		bool both = !ports[i].host_ip && to->ip && to->ip6;
		int r;

		v[done] = ports[i];
		v[done].host_ip = arena_strdup(a, ports[i].host_ip);
		v[done].protocol = arena_strdup(a, ports[i].protocol);
		if (both) {
			v[done + 1] = v[done];
			v[done + 1].host_ip = any6_name;
			v[done + 1].host_port_last = 0;
		}
		r = both ? reserve_both(dirfd, owner, to, &ports[i], &v[done], e) : reserve_one(dirfd, owner, to, &ports[i], &v[done], e);
		if (r < 0) {
			drop_rows(dirfd, owner, to, v, done);
			return r;
		}
		done += 1 + both;
	}
	*ret = v;
	*ret_n = done;
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
		int r = ports_to_rules(&ports[i], &(struct ports_target){ "0.0.0.0", "::" }, &p, e);

		if (r == 0)
			r = drop_port(dirfd, &p, owner);
		if (r < 0 && first == 0)
			first = err_sys(e, r, "free host port %u", ports[i].host_port);
	}
	return first;
}

int ports_owned(int dirfd, const char *owner, const struct ports_target *to, const struct container_port *ports, size_t n, struct ruleset_port *ret,
		size_t *ret_n, struct err *e)
{
	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		char path[PORT_NAME_SIZE + ADDR_TEXT_SIZE], host[ADDR_TEXT_SIZE], text[RESERVATION_SIZE];
		struct ruleset_port *p = &ret[*ret_n];
		int r = ports_to_rules(&ports[i], to, p, e);

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
	whole = read_target(text, &p) == 0 && (streq(name, any_name) || streq(name, any6_name) || addr_parse(name, &p.host) == 0);
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
