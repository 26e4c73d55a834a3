/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network_tool: the network's interface as a program, so that tests/integration/network.bats can drive it without images and containers.
 *
 *     network_tool ROOT RUN attach ID NETNS [-p PORT]... [--ip IP] [--net NAME]   prints "IP GATEWAY MAC HOSTPORT..."
 *     network_tool ROOT RUN detach ID IP [-p PORT]... [--net NAME]                host ports must be named
 *     network_tool ROOT RUN reserve ID [-p PORT]... [--ip IP] [--net NAME]
 *     network_tool ROOT RUN bench N [quiet]                                      N attachments to namespaces of its own; prints milliseconds;
 *                                                                                quiet: their maker switched IPv6 off, as the engine asks the runtime to
 *     network_tool ROOT RUN heal [ID]...                                         the IDs are alive; prints how many things it put right
 *     network_tool ROOT RUN check [ID]...
 *     network_tool ROOT RUN ls | create NAME SUBNET [internal | SUBNET6] | rm NAME | stop NAME | show NAME
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/parse.h"
#include "network/network.h"
#include "network/publish.h"
#include "os/fd.h"
#include "os/proc.h"
#include "os/procfs.h"

struct tool {
	struct network *n;
	struct arena a;
	struct network_request q;
	struct container_port *ports;
	const char *net;
	char **argv;                 /* words after the command, options taken out */
	int argc;
};

static int read_options(struct tool *t, char **argv, struct err *e)
{
	for (; *argv; argv++) {
		int r = 0;

		if (streq(*argv, "-p") && argv[1])
			r = publish_parse(*++argv, &t->a, &t->ports, &t->q.n_ports, e);
		else if (streq(*argv, "--ip") && argv[1])
			t->q.ip = *++argv;
		else if (streq(*argv, "--net") && argv[1])
			t->net = *++argv;
		else
			t->argv[t->argc++] = *argv;
		if (r < 0)
			return r;
	}
	t->q.ports = t->ports;
	t->q.container = t->argc > 0 ? t->argv[0] : "";
	return 0;
}

static int missing(struct err *e)
{
	return err_set(e, ERR_INVALID, "words are missing");
}

static int reserve(struct tool *t, const struct network_config **c, struct container_address *at, struct err *e)
{
	int r = network_find(t->n, t->net, &t->a, c, e);

	if (r == 0) {
		t->q.default_route = network_leads_outside(*c);
		r = network_reserve(t->n, *c, &t->q, &t->a, at, e);
	}
	if (r < 0)
		return r;
	printf("%s %s %s", at->ip, at->gateway, at->mac);
	for (size_t i = 0; i < at->n_ports; i++)
		printf(" %u", at->ports[i].host_port);
	printf("\n");
	return 0;
}

static int run_reserve(struct tool *t, struct err *e)
{
	const struct network_config *c;
	struct container_address at;

	return t->argc < 1 ? missing(e) : reserve(t, &c, &at, e);
}

static int run_attach(struct tool *t, struct err *e)
{
	scoped_fd int netns = t->argc < 2 ? -EBADF : open(t->argv[1], O_RDONLY | O_CLOEXEC);
	const struct network_config *c;
	struct container_address at;
	struct err later;
	int r;

	if (netns < 0)
		return t->argc < 2 ? missing(e) : err_sys(e, -errno, "open '%s'", t->argv[1]);
	r = reserve(t, &c, &at, e);
	if (r < 0)
		return r;
	r = network_attach(t->n, c, t->q.container, &at, NULL, netns, e);
	if (r < 0)
		network_detach(t->n, t->q.container, &at, &later);
	return r;
}

static int run_detach(struct tool *t, struct err *e)
{
	struct container_address at = { .network = t->net ? t->net : "bridge", .ports = t->ports, .n_ports = t->q.n_ports };

	if (t->argc < 2)
		return missing(e);
	at.ip = t->argv[1];
	return network_detach(t->n, t->q.container, &at, e);
}

/* A namespace that lives as long as its descriptor. */
static int make_netns(bool quiet)
{
	scoped_fd int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), procfd = quiet ? procfs_open() : -EBADF;
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	if (quiet)
		procfs_write(procfd, "sys/net/ipv6/conf/default/disable_ipv6", "1");
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return setns(home, CLONE_NEWNET) < 0 ? -errno : fd;
}

struct cost {
	uint64_t wall, cpu;          /* ns; on a busy machine only the second says something */
};

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int bench_one(struct tool *t, const struct network_config *c, uint32_t i, struct cost *ret, struct err *e)
{
	int netns = make_netns(t->argc > 1); /* left open: the namespace stays until we end */
	struct container_address at;
	struct cost start = { proc_now_ns(), cpu_ns() };
	int r;

	t->q.container = arena_printf(&t->a, "bench%05u", i);
	r = netns < 0 ? err_sys(e, netns, "make a namespace") : network_reserve(t->n, c, &t->q, &t->a, &at, e);
	if (r == 0)
		r = network_attach(t->n, c, t->q.container, &at, NULL, netns, e);
	*ret = (struct cost){ proc_now_ns() - start.wall, cpu_ns() - start.cpu };
	return r;
}

static int run_bench(struct tool *t, struct err *e)
{
	const struct network_config *c;
	struct cost sum = { 0 };
	uint32_t n, in_sum = 0;
	int r = network_find(t->n, t->net, &t->a, &c, e);

	if (r < 0 || t->argc < 1 || parse_u32(t->argv[0], &n) < 0 || n == 0)
		return r < 0 ? r : missing(e);
	for (uint32_t i = 0; i < n; i++) {
		struct cost x;

		r = bench_one(t, c, i, &x, e);
		if (r < 0)
			return err_wrap(e, "attachment %u", i);
		sum.wall += x.wall;
		sum.cpu += x.cpu;
		in_sum++;
		/* The first stands alone: it makes bridge and rules. */
		if (i == 0 || i % 100 == 0 || i == n - 1) {
			printf("up to %u: %.2f ms each, %.2f ms of processor\n", i, (double)sum.wall / 1e6 / in_sum, (double)sum.cpu / 1e6 / in_sum);
			sum = (struct cost){ 0 };
			in_sum = 0;
		}
	}
	return 0;
}

static bool is_alive(void *arg, const char *container)
{
	const struct tool *t = arg;

	for (int i = 0; i < t->argc; i++) {
		if (streq(t->argv[i], container))
			return true;
	}
	return false;
}

static int run_heal(struct tool *t, struct err *e)
{
	int r = network_heal(t->n, is_alive, t, e);

	if (r >= 0)
		printf("%d\n", r);
	return r < 0 ? r : 0;
}

static void print_finding(void *arg, const struct network_finding *f)
{
	static const char *const words[] = { [NETWORK_NOTE] = "note", [NETWORK_WARNING] = "warning", [NETWORK_ERROR] = "error" };

	printf("%s: %s: %s\n", words[f->level], f->object, f->problem);
}

static int run_check(struct tool *t, struct err *e)
{
	int r = network_check(t->n, is_alive, t, print_finding, NULL, e);

	return r < 0 ? r : 0;
}

static void print_config(const struct network_config *c)
{
	printf("%s %s %s %s %s\n", c->name, c->driver, c->bridge ? c->bridge : "-", c->subnet ? c->subnet : "-", c->gateway ? c->gateway : "-");
}

static int run_ls(struct tool *t, struct err *e)
{
	const struct network_config **list;
	size_t n;
	int r = network_list(t->n, &t->a, &list, &n, e);

	for (size_t i = 0; r == 0 && i < n; i++)
		print_config(list[i]);
	return r;
}

static int run_show(struct tool *t, struct err *e)
{
	const struct network_config *c;
	int r = network_find(t->n, t->argc > 0 ? t->argv[0] : NULL, &t->a, &c, e);

	if (r == 0)
		print_config(c);
	return r;
}

static int run_create(struct tool *t, struct err *e)
{
	struct network_config want = { .name = t->argc > 0 ? t->argv[0] : "", .subnet = t->argc > 1 ? t->argv[1] : NULL, .internal = t->argc > 2 && streq(t->argv[2], "internal"),
		.subnet6 = t->argc > 2 && strchr(t->argv[2], ':') ? t->argv[2] : NULL };
	const struct network_config *c;
	int r = network_create(t->n, &want, &t->a, &c, e);

	if (r == 0)
		print_config(c);
	return r;
}

static int run_rm(struct tool *t, struct err *e)
{
	return t->argc < 1 ? missing(e) : network_remove(t->n, t->argv[0], e);
}

static int run_stop(struct tool *t, struct err *e)
{
	return t->argc < 1 ? missing(e) : network_stop(t->n, t->argv[0], e);
}

static const struct {
	const char *word;
	int (*run)(struct tool *t, struct err *e);
} commands[] = {
	{ "attach", run_attach }, { "detach", run_detach }, { "reserve", run_reserve }, { "bench", run_bench },
	{ "heal", run_heal },     { "check", run_check },   { "ls", run_ls },           { "show", run_show },
	{ "create", run_create }, { "rm", run_rm },         { "stop", run_stop },
};

static int run(struct tool *t, int argc, char **argv, struct err *e)
{
	int r;

	if (argc < 4)
		return missing(e);
	t->argv = arena_array(&t->a, char *, (size_t)argc);
	r = network_open(argv[1], argv[2], &t->n, e);
	if (r == 0)
		r = read_options(t, argv + 4, e);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(commands); i++) {
		if (streq(commands[i].word, argv[3]))
			return commands[i].run(t, e);
	}
	return r < 0 ? r : err_set(e, ERR_INVALID, "unknown command '%s'", argv[3]);
}

int main(int argc, char **argv)
{
	struct tool t = { 0 };
	struct err e = { 0 };
	int r = run(&t, argc, argv, &e);

	if (r < 0)
		fprintf(stderr, "network_tool: %s\n", e.msg);
	network_closep(&t.n);
	arena_done(&t.a);
	return r < 0;
}
