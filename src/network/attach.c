/* SPDX-License-Identifier: Apache-2.0 */
#include "network/attach.h"

#include <errno.h>
#include <unistd.h>

#include "network/driver.h"

int network_reserve(struct network *n, const struct network_config *c, const struct network_request *q, struct arena *a,
		struct container_address *ret, struct err *e)
{
	struct container_address reserved = { .network = arena_strdup(a, c->name) };
	struct attach at = { .n = n, .config = c, .container = q->container, .a = a, .request = q, .reserved = &reserved, .netns_fd = -EBADF };
	const struct network_driver *driver;
	int r = driver_find(c->driver, &driver, e);

	if (r == 0)
		r = steps_run(driver->reserve.v, driver->reserve.n, &at, e);
	if (r < 0)
		return err_wrap(e, "network '%s'", c->name);
	*ret = reserved;
	return 0;
}

int network_attach(struct network *n, const struct network_config *c, const char *container, const struct container_address *address,
		int netns_fd, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct attach at = { .n = n, .config = c, .container = container, .a = &a, .at = address, .netns_fd = netns_fd };
	const struct network_driver *driver;
	int r = driver_find(c->driver, &driver, e);

	if (r == 0)
		r = steps_run(driver->attach.v, driver->attach.n, &at, e);
	return r < 0 ? err_wrap(e, "network '%s'", c->name) : 0;
}

int network_detach(struct network *n, const char *container, const struct container_address *address, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	struct attach at = { .n = n, .container = container, .a = &a, .at = address, .netns_fd = -EBADF };
	/* The network's own object may be gone; "bridge" is the only kind that leaves anything to detach. */
	const struct driver_steps *steps = &driver_bridge.detach;
	int first = 0;

	if (!address->ip)
		return 0;
	for (size_t i = 0; i < steps->n; i++) {
		struct err why;
		int r = steps_run(&steps->v[i], 1, &at, &why);

		/* A second try, since nobody comes after us but heal: the kernel may have been short of buffers. */
		if (r < 0)
			r = steps->v[i].apply(&at, &why);
		if (r < 0 && first == 0) {
			first = r;
			*e = why;
		}
	}
	return first < 0 ? err_wrap(e, "network '%s'", address->network) : 0;
}

bool network_wants_netns(const struct network_config *c)
{
	const struct network_driver *driver;
	struct err e; /* an unknown driver fails when it is used */

	return driver_find(c->driver, &driver, &e) < 0 || driver->wants_netns;
}

bool network_wants_attach(const struct network_config *c)
{
	const struct network_driver *driver;
	struct err e; /* as above */

	return driver_find(c->driver, &driver, &e) < 0 || driver->attach.n > 0;
}

bool network_wants_no_ipv6(const struct network_config *c)
{
	return network_wants_netns(c) && !c->subnet6 && access("/proc/sys/net/ipv6", F_OK) == 0;
}
