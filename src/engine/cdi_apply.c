/* SPDX-License-Identifier: Apache-2.0 */
/* What devices of CDI change of a container's configuration. */
#include "engine/cdi.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/vec.h"
#include "engine/config.h"
#include "engine/resolve.h"

/* ---- mounts ------------------------------------------------------------------------------------------------------------------------------------- */

static bool binds(const struct strs *options)
{
	return strs_has(options, "bind") || strs_has(options, "rbind");
}

void cdi_mounts(const struct cdi_edits *x, struct arena *a, struct oci_mount **ret, size_t *ret_n)
{
	*ret = arena_array(a, struct oci_mount, x->n_mounts);
	*ret_n = x->n_mounts;
	for (size_t i = 0; i < x->n_mounts; i++) {
		const struct cdi_mount *m = &x->mounts[i];
		struct oci_mount *o = &(*ret)[i];

		*o = (struct oci_mount){ .destination = m->container_path, .source = m->host_path, .type = m->type && *m->type ? m->type : "bind" };
		for (size_t k = 0; k < m->options.n; k++)
			strs_push(a, &o->options, m->options.v[k]);
		if (streq(o->type, "bind") && !binds(&o->options))
			strs_push(a, &o->options, "rbind");
	}
}

/* ---- device nodes ------------------------------------------------------------------------------------------------------------------------------- */

/* What the file does not say the host's node does. */
static int node_complete(const struct cdi_node *n, struct oci_device *d, struct err *e)
{
	const char *host = n->host_path ? n->host_path : n->path;
	struct stat st;

	if (n->type && *n->type && (n->major.set || streq(n->type, "p")))
		return 0;
	if (stat(host, &st) < 0)
		return err_sys(e, -errno, "CDI device node '%s'", host);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode) && !S_ISFIFO(st.st_mode))
		return err_set(e, ERR_INVALID, "CDI device node '%s' is not a device", host);
	if (!d->type)
		d->type = S_ISBLK(st.st_mode) ? "b" : S_ISCHR(st.st_mode) ? "c" : "p";
	if (!n->major.set && !S_ISFIFO(st.st_mode)) {
		d->major = major(st.st_rdev);
		d->minor = minor(st.st_rdev);
	}
	if (!d->file_mode.set)
		d->file_mode = (struct opt_u32){ true, st.st_mode & 07777 };
	return 0;
}

static int node_apply(const struct cdi_node *n, bool binds, struct arena *a, struct oci_config *c, struct err *e)
{
	const struct oci_user *u = &c->process->user;
	struct oci_device d = { .path = n->path, .type = n->type && *n->type ? n->type : NULL, .major = n->major.v, .minor = n->minor.v,
		.file_mode = n->file_mode, .uid = n->uid, .gid = n->gid };
	int r = node_complete(n, &d, e);

	if (r < 0)
		return r;
	/* The program shall be able to use it, whoever it is. */
	if (!d.uid.set && u->uid)
		d.uid = (struct opt_u32){ true, u->uid };
	if (!d.gid.set && u->gid)
		d.gid = (struct opt_u32){ true, u->gid };
	if (binds)
		config_device_bind(c, n->host_path ? n->host_path : n->path, n->path, a);
	else
		config_device_add(c->linux, &d, a);
	if (streq(d.type, "p") || streq(n->permissions, "none"))
		return 0;
	config_device_allow(c->linux->resources, &(struct oci_device_rule){ .allow = true, .type = streq(d.type, "u") ? "c" : d.type,
		.major = { true, d.major }, .minor = { true, d.minor }, .access = n->permissions && *n->permissions ? n->permissions : "rwm" }, a);
	return 0;
}

/* ---- hooks -------------------------------------------------------------------------------------------------------------------------------------- */

static void hook_apply(const struct cdi_hook *h, size_t max, struct arena *a, struct oci_hooks *to)
{
	const struct {
		const char *name;
		struct oci_hook **list;
		size_t *n;
	} rows[] = {
		{ "prestart", &to->prestart, &to->n_prestart },
		{ "createRuntime", &to->create_runtime, &to->n_create_runtime },
		{ "createContainer", &to->create_container, &to->n_create_container },
		{ "startContainer", &to->start_container, &to->n_start_container },
		{ "poststart", &to->poststart, &to->n_poststart },
		{ "poststop", &to->poststop, &to->n_poststop },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!streq(rows[i].name, h->name))
			continue;
		if (!*rows[i].list)
			*rows[i].list = arena_array(a, struct oci_hook, max);
		(*rows[i].list)[(*rows[i].n)++] = (struct oci_hook){ .path = h->path, .args = h->args, .env = h->env, .timeout = h->timeout };
	}
}

/* ---- the rest ------------------------------------------------------------------------------------------------------------------------------------ */

static void gids_apply(const struct cdi_edits *x, struct arena *a, struct oci_user *u)
{
	struct u32s list = { arena_array(a, uint32_t, u->additional_gids.n + x->gids.n), 0 };

	for (size_t i = 0; i < u->additional_gids.n; i++)
		list.v[list.n++] = u->additional_gids.v[i];
	for (size_t i = 0; i < x->gids.n; i++) {
		if (x->gids.v[i])   /* root's group is no device's */
			list.v[list.n++] = x->gids.v[i];
	}
	u->additional_gids = list;
}

int cdi_apply(const struct cdi_edits *x, bool binds, struct arena *a, struct oci_config *c, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < x->env.n; i++)
		resolve_env_set(&c->process->env, x->env.v[i], a);
	for (size_t i = 0; r == 0 && i < x->n_nodes; i++)
		r = node_apply(&x->nodes[i], binds, a, c, e);
	if (x->n_hooks && !c->hooks)
		c->hooks = arena_new(a, struct oci_hooks);
	for (size_t i = 0; i < x->n_hooks; i++)
		hook_apply(&x->hooks[i], x->n_hooks, a, c->hooks);
	gids_apply(x, a, &c->process->user);
	if (x->rdt)
		c->linux->intel_rdt = x->rdt;
	c->linux->net_devices = arena_array(a, struct oci_net_device, x->n_net_devices);
	for (size_t i = 0; i < x->n_net_devices; i++)
		c->linux->net_devices[c->linux->n_net_devices++] = (struct oci_net_device){ x->net_devices[i].host_name, x->net_devices[i].name };
	return r;
}
