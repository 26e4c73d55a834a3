/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * record: what an attachment looks like to the name server: makes the documents that attachments.h keeps.
 */
#include "network/attachments.h"
#include "network/internal.h"

/* Errors: those of writing. A network without name service has no record: 0. */
int record_write(struct network *n, const struct network_config *c, const char *container, const struct container_address *at,
		const struct network_resolver *resolver, struct err *e);

/* Writes what @to says of nameservers into every record of that network that has none of its own. */
int record_update_dns(struct network *n, const struct network_config *to, struct err *e);
