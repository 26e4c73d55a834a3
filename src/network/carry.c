/* SPDX-License-Identifier: Apache-2.0 */
#include "network/carry.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/vec.h"
#include "network/helper.h"
#include "network/home.h"
#include "network/link.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/memfd.h"
#include "os/proc.h"
#include "os/self.h"

enum { TABLE = 7400, LOOPBACK = 1, LINES_MAX = LIMIT_NETWORK_PORTS * 160 };

#define DIR_CARRY "carry"

/* ---- the process -------------------------------------------------------------------------------------------------------------------------------- */

static const char *carry_name(const char *container, const char *network, struct arena *a)
{
	return arena_printf(a, "%s@%s", container, network);
}

static bool is_six(const struct container_port *p)
{
	return p->host_ip && strchr(p->host_ip, ':');
}

static const char *target(const struct container_address *at, const struct container_port *p)
{
	return is_six(p) && at->ip6 ? at->ip6 : at->ip;
}

/* Every address is one socket for both families, unless IPv6 has a row of its own. */
static const char *host_text(const struct container_address *at, const struct container_port *p)
{
	if (p->host_ip)
		return p->host_ip;
	for (size_t i = 0; i < at->n_ports; i++) {
		if (is_six(&at->ports[i]) && at->ports[i].host_port == p->host_port && streq(at->ports[i].protocol, p->protocol))
			return "0.0.0.0";
	}
	return "*";
}

static int write_lines(const struct container_address *at, int *ret_fd, struct err *e)
{
	scoped_buf struct buf b = BUF(LINES_MAX);
	int fd;

	for (size_t i = 0; i < at->n_ports; i++) {
		const struct container_port *p = &at->ports[i];

		if (!streq(p->protocol, "tcp") && !streq(p->protocol, "udp"))
			return err_set(e, ERR_UNSUPPORTED, "unsupported: port %u/%s of an ordinary user: only tcp and udp are carried", p->port, p->protocol);
		buf_printf(&b, "%s %s %u %s %u\n", p->protocol, host_text(at, p), p->host_port, target(at, p), p->port);
	}
	fd = buf_is_full(&b) ? -E2BIG : memfd_from_bytes("ports", buf_text(&b), b.n);
	if (fd < 0)
		return err_sys(e, fd, "write the list of ports");
	*ret_fd = fd;
	return 0;
}

/* The byte 0, or the error. */
static int hear_ready(int fd, struct err *e)
{
	struct err said;
	ssize_t n = fd_read_all(fd, &said, sizeof said);

	if (n == 1)
		return 0;
	if (n != sizeof said)
		return err_set(e, ERR_INTERNAL, "tare-port ended before it listened");
	*e = said;
	return -e->sys;
}

static int carry_spawn(const char *path, int lines, int netns, struct proc *ret, struct err *e)
{
	static const char *const words[] = { "tare-port", "--netns-fd", "3", "--ready-fd", "4" };
	scoped_arena struct arena a = { 0 };
	scoped_fd int in = -EBADF, out = -EBADF, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct proc_fd fds[] = { { lines, 0 }, { null, 1 }, { null, 2 }, { netns, 3 }, { -EBADF, 4 } };
	struct strs argv = { 0 };
	int pipe[2], r = fd_pipe(pipe, 0);

	if (r < 0)
		return err_sys(e, r, "make a pipe");
	in = pipe[0];
	fds[4].fd = out = pipe[1];
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		strs_push(&a, &argv, words[i]);
	r = proc_spawn(&PROC_SPAWN(.path = path, .argv = strs_argv(&a, &argv), .fds = fds, .n_fds = ARRAY_LEN(fds), .setsid = true), ret);
	if (r < 0)
		return err_sys(e, r, "start '%s'", path);
	fd_done(&out);
	return hear_ready(in, e);
}

int carry_begin(const struct network *n, const char *container, const struct container_address *at, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	scoped_proc struct proc child = PROC_NONE;
	scoped_fd int lines = -EBADF, netns = home_open(n), dir = dir_ensure(n->run_fd, DIR_CARRY, 0700);
	char *path;
	int r;

	if (netns < 0 || dir < 0)
		return err_sys(e, netns < 0 ? netns : dir, "open the network namespace of this user's containers");
	if (self_find_program("tare-port", &a, &path) < 0)
		return err_set(e, ERR_NOT_FOUND, "tare-port is not installed beside tare");
	r = write_lines(at, &lines, e);
	if (r == 0)
		r = carry_spawn(path, lines, netns, &child, e);
	if (r == 0) {
		r = helper_note(dir, carry_name(container, at->network, &a), child.pid);
		r = r < 0 ? err_sys(e, r, "note the process of tare-port") : 0;
	}
	if (r < 0)
		return r;
	fd_done(&child.pidfd);
	child = PROC_NONE; /* it outlives us */
	return 0;
}

void carry_end(const struct network *n, const char *container, const char *network)
{
	scoped_arena struct arena a = { 0 };
	scoped_fd int dir = dir_open(n->run_fd, DIR_CARRY);

	if (dir >= 0)
		helper_end(dir, carry_name(container, network, &a));
}

struct heal {
	network_alive_fn alive;
	void *arg;
	int n;
};

static int heal_one(void *arg, int dirfd, const char *name, unsigned char type)
{
	struct heal *h = arg;
	scoped_arena struct arena a = { 0 };
	struct str id = str_cut(str_of(name), '@', &(struct str){ 0 });

	if (h->alive(h->arg, arena_strndup(&a, id.p, id.n)))
		return 0;
	helper_end(dirfd, name);
	h->n++;
	return 0;
}

int carry_heal(const struct network *n, network_alive_fn alive, void *arg)
{
	scoped_fd int dir = dir_open(n->run_fd, DIR_CARRY);
	struct heal h = { .alive = alive, .arg = arg };

	if (dir >= 0)
		dir_each(dir, heal_one, &h);
	return h.n;
}

/* ---- the way back -------------------------------------------------------------------------------------------------------------------------------- */

/* Everything is for us, in a table of its own. */
static void put_route(struct netlink_batch *b, uint8_t family)
{
	struct rtmsg header = { .rtm_family = family, .rtm_table = RT_TABLE_UNSPEC, .rtm_protocol = RTPROT_BOOT, .rtm_scope = RT_SCOPE_HOST, .rtm_type = RTN_LOCAL };

	netlink_begin(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);
	netlink_put_u32(b, RTA_TABLE, TABLE);
	netlink_put_u32(b, RTA_OIF, LOOPBACK);
	netlink_end(b);
}

static void put_rule(struct netlink_batch *b, const struct addr *from, const struct container_port *p, bool add)
{
	struct fib_rule_hdr header = { .family = from->family, .src_len = addr_bits(from), .action = FR_ACT_TO_TBL };
	struct fib_rule_port_range ports = { (uint16_t)p->port, (uint16_t)p->port };

	netlink_begin(b, add ? RTM_NEWRULE : RTM_DELRULE, add ? NLM_F_CREATE | NLM_F_EXCL : 0, &header, sizeof header);
	netlink_put(b, FRA_SRC, from->bytes, addr_size(from));
	netlink_put_u32(b, FRA_TABLE, TABLE);
	netlink_put_u32(b, FRA_PRIORITY, TABLE);
	netlink_put_u8(b, FRA_IP_PROTO, streq(p->protocol, "udp") ? IPPROTO_UDP : IPPROTO_TCP);
	netlink_put(b, FRA_SPORT_RANGE, &ports, sizeof ports);
	netlink_end(b);
}

/* Two host ports may lead to one port; or somebody has taken a rule away before us. */
static int change_rules(struct netlink *nl, const char *ip, const struct container_address *at, bool add, struct err *e)
{
	struct netlink_result res = { 0 };
	struct addr from;
	int r;

	if (!ip)
		return 0;
	if (addr_parse(ip, &from) < 0)
		return err_set(e, ERR_CORRUPT, "invalid address '%s'", ip);
	for (size_t i = 0; i < at->n_ports; i++) {
		scoped_netlink_batch struct netlink_batch b = { 0 };

		netlink_batch_init(&b);
		if (add && i == 0)
			put_route(&b, from.family);
		put_rule(&b, &from, &at->ports[i], add);
		r = netlink_talk(nl, &b, &res);
		if (r < 0 && r != (add ? -EEXIST : -ENOENT))
			return err_sys(e, r, "rule for answers from %s port %u: %s", ip, at->ports[i].port, res.text);
	}
	return 0;
}

int carry_return_path(const struct container_address *at, bool add, struct err *e)
{
	scoped_netlink struct netlink nl = NETLINK_NONE;
	int r = link_open(&nl, e);

	if (r == 0)
		r = change_rules(&nl, at->ip, at, add, e);
	return r == 0 ? change_rules(&nl, at->ip6, at, add, e) : r;
}
