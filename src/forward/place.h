/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * place: sockets of both ends. Errors: -errno.
 */
#include "forward/spec.h"

/* Sizes of what is in use of @x. */
socklen_t place_size(const union forward_addr *x);

/* An IPv4 address that came as an IPv6 one is IPv4 again. */
void place_unmap(union forward_addr *x);

/* A bound socket of the host, non-blocking. Every address is one socket for both families, or IPv4 alone where the host has nothing else. Returns owned. */
int place_bind(const struct forward_spec *s, int type);

/*
 * A non-blocking socket inside that goes to @to as @client: from its address and port, from its address and another port, or, where that makes no sense
 * (loopback, another family), as the namespace itself. A connection under way is no error. Returns owned.
 */
int place_connect(const union forward_addr *to, const union forward_addr *client, int type);
