/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * tcp: a listener of the host, and the connections that came through it.
 *
 * Each connection is two sockets and two pipes; splice(2) moves the bytes, so none of them are copied to us. An end of file is passed on as one (half-closed
 * connections work), a failure as a reset. Connections free themselves.
 */
#include "forward/spec.h"
#include "os/loop.h"

struct tcp_port {
	struct loop *loop;
	union forward_addr to;
	struct loop_source source;   /* the listener */
};

/* Listens. The struct must not move any more. Errors: -errno, -EADDRINUSE, -EACCES. */
int tcp_port_open(struct tcp_port *p, const struct forward_spec *s);

/* Takes connections from now on. */
int tcp_port_start(struct tcp_port *p, struct loop *l);
