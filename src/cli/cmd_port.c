/* SPDX-License-Identifier: Apache-2.0 */
/* `tare port` shows on which addresses of the host a running container's published ports are. */
#include "cli/commands.h"

#include <stdio.h>

#include "base/parse.h"
#include "cli/targets.h"
#include "engine/engine.h"

struct port_options {
	struct targets which;
};

static const struct opt port_opts[] = {
	TARGETS_ALL(struct port_options, which, 'a', "Of all containers that run"),
	TARGETS_LATEST(struct port_options, which, 'l'),
	OPT_END,
};

/* "80", "53/udp". */
struct wanted {
	uint16_t port;
	const char *protocol;
};

static int wanted_parse(const char *text, struct arena *a, struct wanted *ret, struct err *e)
{
	struct str protocol, number = str_cut(str_of(text), '/', &protocol);
	uint16_t last;

	if (parse_port_range(arena_strndup(a, number.p, number.n), &ret->port, &last) < 0 || last != ret->port)
		return err_set(e, ERR_INVALID, "'%s' is not a port: PORT[/PROTOCOL]", text);
	ret->protocol = protocol.p ? protocol.p : "tcp";
	return 0;
}

static const char *host_of(const struct container_port *p, struct arena *a)
{
	const char *ip = p->host_ip ? p->host_ip : "0.0.0.0";

	return arena_printf(a, strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip, p->host_port);
}

/* Prints those that are wanted (NULL: all) and returns how many. */
static size_t print_ports(const struct container_info *i, const struct wanted *w, bool id, struct arena *a)
{
	size_t n = 0;

	for (size_t k = 0; i->state && k < i->state->n_addresses; k++) {
		const struct container_address *x = &i->state->addresses[k];

		for (size_t m = 0; m < x->n_ports; m++) {
			const struct container_port *p = &x->ports[m];

			if (w && (p->port != w->port || !streq(p->protocol, w->protocol)))
				continue;
			n++;
			if (id)
				printf("%.12s\t", i->c->id);
			if (w)
				puts(host_of(p, a));
			else
				printf("%u/%s -> %s\n", p->port, p->protocol, host_of(p, a));
		}
	}
	return n;
}

/* The port stands behind the container, or alone with --latest. */
static int take_wanted(struct cli *c, const struct port_options *o, struct wanted *w, bool *ret_has, struct err *e)
{
	size_t n = o->which.all || o->which.latest ? 0 : 1;

	*ret_has = c->args.n > n;
	if (c->args.n > n + 1 || (o->which.all && *ret_has))
		return err_set(e, ERR_INVALID, "'tare port' takes a container and a port");
	if (!*ret_has)
		return 0;
	c->args.n = n;
	return wanted_parse(c->args.v[n], c->a, w, e);
}

static int port_run(struct cli *c, const void *options, struct err *e)
{
	const struct port_options *o = options;
	struct wanted w = { 0 };
	struct strs refs;
	struct engine *en;
	bool has;
	int r = take_wanted(c, o, &w, &has, e);

	if (r == 0)
		r = targets_find(c, &o->which, TARGETS_UP, &refs, e);
	if (r == 0)
		r = cli_engine(c, &en, e);
	for (size_t k = 0; r == 0 && k < refs.n; k++) {
		struct container_info i;

		r = container_inspect(en, refs.v[k], c->a, &i, e);
		if (r == 0 && print_ports(&i, has ? &w : NULL, o->which.all, c->a) == 0 && has)
			r = err_set(e, ERR_NOT_FOUND, "port %u/%s of container %s is not published", w.port, w.protocol, refs.v[k]);
	}
	return r;
}

const struct command port_command = {
	.names = { "port", "container port" },
	.group = "Containers",
	.summary = "Show where published ports are on the host",
	.args = "CONTAINER [PORT[/PROTOCOL]]",
	.max_args = 2,
	.opts = { port_opts },
	.options_size = sizeof(struct port_options),
	.run = port_run,
};
