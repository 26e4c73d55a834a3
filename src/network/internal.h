/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * internal: what the modules of this folder share about an open `struct network`.
 */
#include "network/addr.h"
#include "network/network.h"
#include "os/objdir.h"

#define NETWORK_DEFAULT "bridge"
enum { NETWORK_VERSION = 1, NETWORK_NAME_MAX = 128 };

struct network {
	char *root, *run;
	struct objdir networks;      /* <root>/networks */
	int run_fd, ipam_fd, ports_fd; /* <run>, <run>/ipam, <run>/ports */
};

/* The subnet and gateway of a bridge network. Errors: ERR_CORRUPT. */
struct network_range {
	struct addr subnet, gateway, subnet6, gateway6; /* gateways carry the prefix of their subnet; family 0: none */
};
int network_range_read(const struct network_config *c, struct network_range *ret, struct err *e);
