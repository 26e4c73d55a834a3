/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * content: what of our state directories belongs into the firewall: every bridge network and every reserved port.
 */
#include "network/firewall.h"
#include "network/internal.h"

void content_net(const struct network_config *c, const struct network_range *range, struct ruleset_net *ret);

/* For firewall_ensure; @arg is a struct content. */
struct content {
	struct network *n;
	struct arena *a;
};
int content_read(void *arg, struct ruleset_content *ret, struct err *e);
