/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * udp: a socket of the host, and a socket inside for each client that has sent something to it.
 *
 * A client is forgotten after a minute without a datagram either way; a timer runs only while there are clients. Past UDP_CLIENTS the one that was silent
 * longest goes.
 */
#include <netinet/in.h>

#include "forward/spec.h"
#include "os/loop.h"

enum { UDP_CLIENTS = 1024, UDP_SILENCE_MS = 60000 };

struct udp_client;

struct udp_port {
	struct loop *loop;
	union forward_addr to;
	bool every;
	struct loop_source source;
	struct loop_timer timer;
	struct udp_client *clients;  /* the last one that said something first */
	size_t n_clients;
};

/* As in tcp.h. */
int udp_port_open(struct udp_port *p, const struct forward_spec *s);
int udp_port_start(struct udp_port *p, struct loop *l);
