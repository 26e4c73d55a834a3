/* SPDX-License-Identifier: Apache-2.0 */
#include "forward/forward.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/limits.h"
#include "forward/spec.h"
#include "forward/tcp.h"
#include "forward/udp.h"
#include "os/fd.h"
#include "os/ns.h"
#include "os/signal.h"

enum { LINE_BYTES = 160 };       /* two IPv6 addresses, two ports, a protocol */

/* As many connections as the user may have. */
static void raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

static int explain(int r, const char *line, struct err *e)
{
	if (r == -EADDRINUSE)
		return err_set(e, ERR_CONFLICT, "port '%s': already in use on this host", line);
	if (r == -EACCES)
		return err_set(e, ERR_DENIED, "port '%s': an ordinary user may not listen on ports below net.ipv4.ip_unprivileged_port_start", line);
	return err_sys(e, r, "port '%s'", line);
}

/* The ports are for as long as the process. */
static int open_line(struct loop *l, const char *line, struct err *e)
{
	struct forward_spec s;
	struct udp_port *u;
	struct tcp_port *t;
	int r = forward_spec_parse(line, &s);

	if (r < 0)
		return err_set(e, ERR_INVALID, "'%s' is no port to forward", line);
	if (s.udp) {
		u = calloc(1, sizeof *u);
		r = u ? udp_port_open(u, &s) : -ENOMEM;
		r = r < 0 ? r : udp_port_start(u, l);
	} else {
		t = calloc(1, sizeof *t);
		r = t ? tcp_port_open(t, &s) : -ENOMEM;
		r = r < 0 ? r : tcp_port_start(t, l);
	}
	return r < 0 ? explain(r, line, e) : 0;
}

static int open_all(struct loop *l, int lines, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_NETWORK_PORTS * LINE_BYTES);
	struct str rest;
	int r = fd_read_buf(lines, &b);

	if (r < 0)
		return err_sys(e, r, "read what to forward");
	for (rest = str_of(buf_text(&b)); r == 0 && rest.p && rest.n;) {
		struct str line = str_cut(rest, '\n', &rest);
		char text[LINE_BYTES];

		if (line.n >= sizeof text)
			return err_set(e, ERR_INVALID, "a line of %zu bytes is no port to forward", line.n);
		memcpy(text, line.p, line.n);
		text[line.n] = '\0';
		r = open_line(l, text, e);
	}
	return r;
}

int forward_run(int lines, int netns, int ready, struct err *e)
{
	scoped_loop struct loop l = LOOP_NONE;
	int r;

	raise_limit();
	signal_ignore_pipe();
	r = loop_open(&l);
	if (r < 0)
		return err_sys(e, r, "make a loop");
	r = open_all(&l, lines, e);
	if (r == 0) {
		r = ns_join(netns, NS_NET);
		r = r < 0 ? err_sys(e, r, "enter the network namespace") : 0;
	}
	fd_close(lines);
	if (r < 0)
		fd_write_all(ready, e, sizeof *e);
	else
		r = fd_write_all(ready, "", 1);
	fd_close(ready);
	return r < 0 ? r : loop_run(&l);
}
