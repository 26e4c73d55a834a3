/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * attach: one attachment on its way: what the steps of a driver share.
 */
#include "network/internal.h"

struct attach {
	struct network *n;
	const struct network_config *config;
	const char *container;
	struct arena *a;

	/* reserve */
	const struct network_request *request;
	struct container_address *reserved;    /* filled by the steps */

	/* attach, detach */
	const struct container_address *at;
	int netns_fd;

	/* found on the way */
	struct network_range range;
	uint32_t bridge_index;
	char host_link[16];
};
