/* SPDX-License-Identifier: Apache-2.0 */
#include "network/ipam.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "network/reservation.h"
#include "os/fd.h"
#include "os/file.h"

static const char next_name[] = ".next", next6_name[] = ".next6";

/* ---- ranges ----------------------------------------------------------------------------------------------------------------------------- */

int ipam_pool_range(struct ipam_pool *p, const struct addr *subnet, const char *text, struct err *e)
{
	char from[ADDR_TEXT_SIZE], net[ADDR_TEXT_SIZE];
	const char *dash = strchr(text, '-');
	struct addr first, last;
	bool ok;

	if (dash) {
		ok = (size_t)snprintf(from, sizeof from, "%.*s", (int)(dash - text), text) < sizeof from && addr_parse(from, &first) == 0 &&
		     addr_parse(dash + 1, &last) == 0;
	} else {
		ok = addr_parse_subnet(text, &last) == 0;
		first = addr_first(&last);
		last = addr_last(&last);
	}
	addr_print_prefix(subnet, net);
	if (!ok || !addr_contains(subnet, &first) || !addr_contains(subnet, &last))
		return err_set(e, ERR_INVALID, "range '%s' does not lie in subnet %s (NET/BITS, or FIRST-LAST)", text, net);
	p->first = addr_index(subnet, &first);
	p->last = addr_index(subnet, &last);
	if (p->first > p->last)
		return err_set(e, ERR_INVALID, "range '%s' ends before it begins", text);
	return 0;
}

/* ---- the directory ---------------------------------------------------------------------------------------------------------------------- */

/* The directory of one network, with the lock of one family held. */
struct pool {
	int dir, lock;
};

static void pool_done(struct pool *p)
{
	fd_done(&p->lock);
	fd_done(&p->dir);
}
#define scoped_pool SCOPED(pool_done)

static int pool_open(int dirfd, const char *network, bool six, struct pool *ret, struct err *e)
{
	ret->dir = dir_ensure(dirfd, network, 0700);
	if (ret->dir < 0)
		return err_sys(e, ret->dir, "open the addresses of network '%s'", network);
	ret->lock = lock_file_wait(ret->dir, six ? next6_name : next_name, FILE_LOCK_EXCLUSIVE);
	return ret->lock < 0 ? err_sys(e, ret->lock, "lock the addresses of network '%s'", network) : 0;
}

static uint64_t next_read(const struct pool *p)
{
	char text[24] = "";
	uint64_t next;
	ssize_t n = pread(p->lock, text, sizeof text - 1, 0);

	return n > 0 && parse_u64(text, &next) == 0 ? next : 0;
}

/* A hint only: if it is lost the next search takes longer. */
static void next_write(const struct pool *p, uint64_t next)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%020llu", (unsigned long long)next);

	if (pwrite(p->lock, text, (size_t)n, 0) < 0)
		return;
}

/* ---- taking ----------------------------------------------------------------------------------------------------------------------------- */

static int take(const struct pool *p, const struct addr *x, const char *owner)
{
	char ip[ADDR_TEXT_SIZE];

	addr_print(x, ip);
	return reservation_take(p->dir, ip, owner);
}

static bool is_kept(const struct ipam_pool *pool, const struct addr *x)
{
	for (size_t i = 0; i < pool->n_kept; i++) {
		if (addr_equal(&pool->kept[i], x))
			return true;
	}
	return addr_equal(x, &pool->gateway);
}

static int take_wanted(const struct pool *p, const struct ipam_pool *pool, const struct addr *wanted, const char *owner, struct err *e)
{
	struct addr first = addr_first(&pool->subnet), last = addr_last(&pool->subnet);
	char ip[ADDR_TEXT_SIZE], net[ADDR_TEXT_SIZE], text[RESERVATION_SIZE];
	int r;

	addr_print(wanted, ip);
	addr_print_prefix(&pool->subnet, net);
	if (!addr_contains(&pool->subnet, wanted))
		return err_set(e, ERR_INVALID, "address %s is not in subnet %s", ip, net);
	if (addr_equal(wanted, &first) || is_kept(pool, wanted) || (wanted->family == AF_INET && addr_equal(wanted, &last)))
		return err_set(e, ERR_INVALID, "address %s of subnet %s cannot be given to a container", ip, net);
	r = take(p, wanted, owner);
	/* Its own, left by a connect that was killed: nobody is in one network twice. */
	if (r == -EEXIST && reservation_read(p->dir, ip, text) == 0 && reservation_is_of(text, owner))
		return 0;
	if (r == -EEXIST)
		return err_set(e, ERR_EXISTS, "address %s is already in use", ip);
	return r < 0 ? err_sys(e, r, "reserve address %s", ip) : 0;
}

/* Walks once around what may be chosen from where the last search ended. */
static int take_next(const struct pool *p, const struct ipam_pool *pool, const char *owner, struct addr *ret, struct err *e)
{
	uint64_t count = addr_count(&pool->subnet), end = count - (pool->subnet.family == AF_INET ? 2 : 1), from = next_read(p);
	uint64_t first = pool->last && pool->first > 1 ? pool->first : 1, last = pool->last && pool->last < end ? pool->last : end;
	char net[ADDR_TEXT_SIZE];

	if (from < first || from > last)
		from = first;
	for (uint64_t i = 0; count > 2 && first <= last && i <= last - first; i++) {
		uint64_t at = first + (from - first + i) % (last - first + 1);
		struct addr x = addr_nth(&pool->subnet, at);
		int r = is_kept(pool, &x) ? -EEXIST : take(p, &x, owner);

		if (r == -EEXIST)
			continue;
		if (r < 0)
			return err_sys(e, r, "reserve an address");
		next_write(p, at == last ? first : at + 1);
		*ret = x;
		return 0;
	}
	addr_print_prefix(&pool->subnet, net);
	return err_set(e, ERR_EXHAUSTED, "no address is free in subnet %s", net);
}

int ipam_reserve(int dirfd, const char *network, const struct ipam_pool *pool, const struct addr *wanted, const char *owner, struct addr *ret,
		struct err *e)
{
	scoped_pool struct pool p = { -EBADF, -EBADF };
	struct addr x = *wanted;
	int r = pool_open(dirfd, network, pool->subnet.family == AF_INET6, &p, e);

	if (r == 0 && wanted->family)
		r = take_wanted(&p, pool, wanted, owner, e);
	else if (r == 0)
		r = take_next(&p, pool, owner, &x, e);
	if (r < 0)
		return r;
	x.prefix = pool->subnet.prefix;
	*ret = x;
	return 0;
}

/* ---- freeing ---------------------------------------------------------------------------------------------------------------------------- */

int ipam_release(int dirfd, const char *network, const char *ip, const char *owner, struct err *e)
{
	scoped_fd int dir = dir_open(dirfd, network);
	int r = dir;

	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = reservation_drop(dir, ip, owner);
	return r < 0 ? err_sys(e, r, "free address %s of network '%s'", ip, network) : 0;
}

struct sweep {
	ipam_dead_fn is_dead;
	void *arg;
	int n;
};

static int sweep_one(void *arg, int dirfd, const char *name, unsigned char d_type)
{
	struct sweep *s = arg;
	char owner[RESERVATION_SIZE];
	int r;

	if (name[0] == '.')
		return 0;
	r = reservation_read(dirfd, name, owner);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (s->is_dead) {
		if (!s->is_dead(s->arg, name, owner))
			return 0;
		if (unlinkat(dirfd, name, 0) < 0)
			return errno == ENOENT ? 0 : -errno;
	}
	s->n++;
	return 0;
}

int ipam_sweep(int dirfd, const char *network, ipam_dead_fn is_dead, void *arg, struct err *e)
{
	scoped_pool struct pool p = { -EBADF, -EBADF }, p6 = { -EBADF, -EBADF };
	struct sweep s = { is_dead, arg, 0 };
	int r = pool_open(dirfd, network, false, &p, e);

	/* Nobody may be in the middle of a reservation, of either family. */
	if (r == 0 && faccessat(p.dir, next6_name, F_OK, 0) == 0)
		r = pool_open(dirfd, network, true, &p6, e);
	if (r < 0)
		return r;
	r = dir_each(p.dir, sweep_one, &s);
	return r < 0 ? err_sys(e, r, "look through the addresses of network '%s'", network) : s.n;
}

void ipam_forget(int dirfd, const char *network)
{
	scoped_fd int dir = dir_open(dirfd, network);

	if (dir < 0)
		return;
	unlinkat(dir, next_name, 0);
	unlinkat(dir, next6_name, 0);
	unlinkat(dirfd, network, AT_REMOVEDIR);
}
