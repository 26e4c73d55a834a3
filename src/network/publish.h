/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * publish: the grammar of -p.
 *
 *     [[host ip:][host port[-last]]:]port[-last][/tcp|udp|sctp]     IPv6 host addresses in brackets
 *
 * A range on both sides pairs up; a host range with one container port means "the first free of these". Ranges of unequal length are refused. Each port
 * of the container becomes one row. Without a host address (or with none between the colons) the network decides where; 0.0.0.0 is every IPv4 address.
 */
#include "base/arena.h"
#include "base/err.h"
#include "spec/container.h"

/* Appends the rows of @text to *ports (arena array, grown as needed). Errors: ERR_INVALID with the reason. */
int publish_parse(const char *text, struct arena *a, struct container_port **ports, size_t *n_ports, struct err *e);

/* "0.0.0.0:8080->80/tcp, 443/tcp" as `ps` shows it; @exposed ("80/tcp") that are not published stand alone. */
const char *publish_print(const struct container_port *ports, size_t n_ports, const struct strs *exposed, struct arena *a);
