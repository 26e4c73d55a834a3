/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * carry: published ports of an ordinary user: a process (tare-port, src/forward) that listens on the host and goes on to the container.
 *
 * <run>/carry/<container>@<network> says which. Errors: ERR_CONFLICT, ERR_DENIED of the ports; ERR_NOT_FOUND the program is not installed.
 */
#include "network/internal.h"

/* For the ports of @at, with the namespace at hand. The ports accept when it returns. */
int carry_begin(const struct network *n, const char *container, const struct container_address *at, struct err *e);
void carry_end(const struct network *n, const char *container, const char *network);

/* Ends those of dead containers. Returns how many. */
int carry_heal(const struct network *n, network_alive_fn alive, void *arg);

/*
 * The way back, in the namespace we are in: what a container answers from a published port goes to the sockets of tare-port, which are bound to the
 * clients' own addresses, instead of out to them. Errors: those of the kernel.
 */
int carry_return_path(const struct container_address *at, bool add, struct err *e);
