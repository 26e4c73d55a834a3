/* SPDX-License-Identifier: Apache-2.0 */
#include "network/driver.h"

#include "base/scope.h"
#include "base/str.h"

const struct network_driver driver_host = { .name = "host" };
const struct network_driver driver_none = { .name = "none", .wants_netns = true };

static const struct network_driver *const drivers[] = { &driver_bridge, &driver_macvlan, &driver_ipvlan, &driver_host, &driver_none };

int driver_find(const char *name, const struct network_driver **ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		if (streq(drivers[i]->name, name)) {
			*ret = drivers[i];
			return 0;
		}
	}
	return err_set(e, ERR_UNSUPPORTED, "unsupported: network driver '%s'", name);
}
