/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * outside: the program that connects an ordinary user's network namespace with the host's network: pasta, or slirp4netns where only that is installed.
 *
 * Inside, the namespace has the address OUTSIDE_ADDRESS on the link OUTSIDE_LINK, and everything beyond goes through the program, which opens ordinary sockets for it.
 * Neither lets anybody inside reach what listens on the host's loopback alone; nameservers there are reached as OUTSIDE_DNS, by UDP only.
 * The file `outside` in @dir says which process it is.
 */
#include <stdbool.h>

#include "base/err.h"

#define OUTSIDE_LINK "tap0"
#define OUTSIDE_ADDRESS "10.0.2.100"
#define OUTSIDE_GATEWAY "10.0.2.2"
#define OUTSIDE_DNS "10.0.2.3"

/* Starts one for the namespace mounted on @netns; the link is there when it returns. Errors: ERR_UNSUPPORTED with what is missing. */
int outside_begin(int dir, const char *netns, struct err *e);

bool outside_is_there(int dir);

/* Ends it and waits for that. None: nothing. */
void outside_end(int dir);
