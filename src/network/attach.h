/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * attach: one attachment on its way: what the steps of a driver share, and the steps that several drivers have.
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
	const struct network_resolver *resolver;
	int netns_fd;
	bool away;                             /* of an ordinary user: see home.h */

	/* found on the way */
	struct network_range range;
	uint32_t bridge_index;
	char host_link[16];
};

/* reserve: addresses of both families, MAC, name of the link inside, names. */
int attach_reserve_address(void *ctx, struct err *e);
void attach_release_address(void *ctx);

/* attach: addresses and routes of the link that stands inside; what the name server shall know. */
int attach_configure(void *ctx, struct err *e);
int attach_record(void *ctx, struct err *e);
void attach_undo_record(void *ctx);

/* detach */
int attach_forget(void *ctx, struct err *e);
int attach_free_address(void *ctx, struct err *e);

/* The name of the link inside. */
const char *attach_interface(const struct container_address *at);
