/* SPDX-License-Identifier: Apache-2.0 */
/*
 * objects: an open `struct network`, and networks as things that are found, listed, made and removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/vec.h"
#include "network/config.h"
#include "network/content.h"
#include "network/home.h"
#include "network/internal.h"
#include "network/ipam.h"
#include "network/link.h"
#include "network/record.h"
#include "os/fd.h"
#include "os/file.h"

/* ---- opening ---------------------------------------------------------------------------------------------------------------------------- */

static char *copy(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(alloc_or_die(n), s, n);
}

/* The live state: <run> with its two directories of reservations. */
static int open_run(struct network *n, struct err *e)
{
	n->run_fd = dir_ensure_all(AT_FDCWD, n->run, 0711);
	if (n->run_fd < 0)
		return err_sys(e, n->run_fd, "open '%s'", n->run);
	n->ipam_fd = dir_ensure(n->run_fd, "ipam", 0700);
	if (n->ipam_fd < 0)
		return err_sys(e, n->ipam_fd, "open '%s/ipam'", n->run);
	n->ports_fd = dir_ensure(n->run_fd, "ports", 0700);
	return n->ports_fd < 0 ? err_sys(e, n->ports_fd, "open '%s/ports'", n->run) : 0;
}

static int open_root(struct network *n, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	int r = objdir_open(&n->networks, AT_FDCWD, arena_printf(&a, "%s/networks", n->root), 0);

	return r < 0 ? err_sys(e, r, "open '%s/networks'", n->root) : 0;
}

int network_open(const char *root, const char *run, struct network **ret, struct err *e)
{
	scoped_network struct network *n = alloc_or_die(sizeof *n);
	int r;

	*n = (struct network){ .root = copy(root), .run = copy(run), .networks = OBJDIR_NONE,
		.run_fd = -EBADF, .ipam_fd = -EBADF, .ports_fd = -EBADF };
	r = open_root(n, e);
	if (r == 0)
		r = open_run(n, e);
	if (r < 0)
		return r;
	*ret = take_ptr(&n);
	return 0;
}

void network_close(struct network *n)
{
	objdir_done(&n->networks);
	fd_done(&n->ports_fd);
	fd_done(&n->ipam_fd);
	fd_done(&n->run_fd);
	free(n->root);
	free(n->run);
	free(n);
}

/* ---- reading ---------------------------------------------------------------------------------------------------------------------------- */

/* One family: the gateway lies in the subnet and carries its prefix. */
static bool read_pair(const char *subnet_text, const char *gateway_text, struct addr *subnet, struct addr *gateway)
{
	if (addr_parse_subnet(subnet_text, subnet) < 0 || !gateway_text || addr_parse(gateway_text, gateway) < 0)
		return false;
	if (!addr_contains(subnet, gateway))
		return false;
	gateway->prefix = subnet->prefix;
	return true;
}

int network_range_read(const struct network_config *c, struct network_range *ret, struct err *e)
{
	struct network_range x = { 0 };

	if ((!c->bridge && !c->parent) || !c->subnet || !read_pair(c->subnet, c->gateway, &x.subnet, &x.gateway) ||
	    (c->subnet6 && !read_pair(c->subnet6, c->gateway6, &x.subnet6, &x.gateway6)))
		return err_set(e, ERR_CORRUPT, "network '%s': link, subnet and gateway do not fit together", c->name);
	*ret = x;
	return 0;
}

int network_find(struct network *n, const char *name, struct arena *a, const struct network_config **ret, struct err *e)
{
	return config_find(n, name, a, ret, e);
}

int network_list(struct network *n, struct arena *a, const struct network_config ***ret, size_t *ret_n, struct err *e)
{
	return config_list(n, a, ret, ret_n, e);
}

bool network_has_dns(const struct network_config *c)
{
	return c->subnet && !c->no_dns && !streq(c->name, NETWORK_DEFAULT);
}

/* ---- making and removing ---------------------------------------------------------------------------------------------------------------- */

int network_create(struct network *n, const struct network_config *want, struct arena *a, const struct network_config **ret, struct err *e)
{
	return config_create(n, want, a, ret, e);
}

/* What is in @list and not in @drop. */
static struct strs without(const struct strs *list, const struct strs *drop, struct arena *a)
{
	struct strs left = { 0 };

	for (size_t i = 0; i < list->n; i++) {
		if (!strs_has(drop, list->v[i]))
			strs_push(a, &left, list->v[i]);
	}
	return left;
}

int network_update_dns(struct network *n, const char *name, const struct strs *drop, const struct strs *add, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const struct network_config *c;
	struct network_config changed;
	int r = config_find(n, name, &a, &c, e);

	if (r < 0)
		return r;
	if (!network_has_dns(c))
		return err_set(e, ERR_INVALID, "network '%s' has no name service", c->name);
	changed = *c;
	changed.dns = without(&c->dns, drop, &a);
	for (size_t i = 0; i < add->n; i++) {
		if (!strs_has(&changed.dns, add->v[i]))
			strs_push(&a, &changed.dns, add->v[i]);
	}
	r = config_replace(n, &changed, e);
	return r < 0 ? r : record_update_dns(n, &changed, e);
}

int network_update_publish(struct network *n, const char *name, const char *ip, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const struct network_config *c;
	struct network_config changed;
	struct addr x;
	int r = config_find(n, name, &a, &c, e);

	if (r < 0)
		return r;
	if (!c->bridge || c->internal)
		return err_set(e, ERR_INVALID, "network '%s' publishes no ports", c->name);
	if (ip && (addr_parse(ip, &x) < 0 || x.prefix != addr_bits(&x)))
		return err_set(e, ERR_INVALID, "'%s' is no address", ip);
	changed = *c;
	changed.publish_ip = ip && !addr_is_any(&x) ? ip : NULL;
	return config_replace(n, &changed, e);
}

struct stopping {
	struct network *n;
	const struct network_config *c;
};

/* Where its bridge is. */
static int stop_there(void *arg, struct err *e)
{
	const struct stopping *s = arg;
	scoped_netlink struct netlink nl = NETLINK_NONE;
	scoped_firewall struct firewall f = { NETLINK_NONE };
	struct network_range range;
	struct ruleset_net net;
	int r = network_range_read(s->c, &range, e);

	if (r == 0)
		r = link_open(&nl, e);
	if (r == 0)
		r = firewall_open(&f, e);
	if (r < 0)
		return r;
	content_net(s->c, &range, &net);
	r = link_delete(&nl, s->c->bridge, e);
	return r < 0 ? r : firewall_drop_net(&f, &net, e);
}

static int stop(struct network *n, const struct network_config *c, struct err *e)
{
	int r;

	if (!c->subnet)
		return 0;
	r = ipam_sweep(n->ipam_fd, c->name, NULL, NULL, e);
	if (r > 0)
		return err_set(e, ERR_CONFLICT, "network '%s' has %d address%s in use", c->name, r, r == 1 ? "" : "es");
	return r < 0 || !c->bridge ? r : home_run(n, stop_there, &(struct stopping){ n, c }, e);
}

int network_stop(struct network *n, const char *name, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	const struct network_config *c;
	int r = config_find(n, name, &a, &c, e);

	return r < 0 ? r : stop(n, c, e);
}

int network_remove(struct network *n, const char *name, struct err *e)
{
	static const char *const kept[] = { "bridge", "host", "none" };
	scoped_arena struct arena a = { 0 };
	const struct network_config *c;
	int r = config_find(n, name, &a, &c, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		if (streq(c->name, kept[i]))
			return err_set(e, ERR_DENIED, "network '%s' is pre-defined and cannot be removed", c->name);
	}
	r = stop(n, c, e);
	if (r == 0)
		r = config_remove(n, c->name, e);
	if (r == 0)
		ipam_forget(n->ipam_fd, c->name);
	return r;
}
