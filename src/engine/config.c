/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config.h"

#include <ctype.h>
#include <string.h>

#include "base/vec.h"
#include "engine/cdi.h"
#include "engine/namespaces.h"
#include "spec/defaults.h"

/* What every runtime we may be told to use understands. */
#define CONFIG_VERSION "1.0.2"
#define INIT_TARGET "/sbin/docker-init"

/* ---- process ------------------------------------------------------------------------------------------------------------------------------ */

static bool env_has(const struct strs *env, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], name, n) == 0 && env->v[i][n] == '=')
			return true;
	}
	return false;
}

static void process_args(const struct config_input *in, struct arena *a, struct oci_process *p)
{
	if (in->init) {
		strs_push(a, &p->args, INIT_TARGET);
		strs_push(a, &p->args, "--");
	}
	strs_push(a, &p->args, in->c->path);
	for (size_t i = 0; i < in->c->args.n; i++)
		strs_push(a, &p->args, in->c->args.v[i]);
}

static void process_env(const struct config_input *in, struct arena *a, struct oci_process *p)
{
	for (size_t i = 0; i < in->c->env.n; i++)
		strs_push(a, &p->env, in->c->env.v[i]);
	for (size_t i = 0; i < in->secret_env.n; i++)
		strs_push(a, &p->env, in->secret_env.v[i]);
	if (!env_has(&p->env, "HOME"))
		strs_push(a, &p->env, arena_printf(a, "HOME=%s", in->user.home[0] ? in->user.home : "/"));
}

struct u32s config_groups(const struct user *u, const gid_t *extra, size_t n_extra, struct arena *a)
{
	struct u32s list = { arena_array(a, uint32_t, u->n_groups + n_extra + 1), 0 };

	/* The first group is one of the others too: a program that changes it must not get past a file that is closed to the group (CVE-2022-36109). */
	list.v[list.n++] = u->gid;
	for (size_t i = 0; i < u->n_groups; i++) {
		if (u->groups[i] != u->gid)
			list.v[list.n++] = u->groups[i];
	}
	for (size_t i = 0; i < n_extra; i++)
		list.v[list.n++] = extra[i];
	return list;
}

static void process_user(const struct config_input *in, struct arena *a, struct oci_process *p)
{
	p->user.uid = in->user.uid;
	p->user.gid = in->user.gid;
	p->user.additional_gids = config_groups(&in->user, in->extra_groups, in->n_extra_groups, a);
}

static const char *rlimit_name(const char *ulimit, struct arena *a)
{
	char *name = arena_printf(a, "RLIMIT_%s", ulimit);

	for (char *s = name; *s; s++)
		*s = (char)toupper((unsigned char)*s);
	return name;
}

static void process_limits(const struct container_request *q, struct arena *a, struct oci_process *p)
{
	p->rlimits = arena_array(a, struct oci_rlimit, q->n_ulimits);
	for (size_t i = 0; i < q->n_ulimits; i++) {
		p->rlimits[p->n_rlimits++] = (struct oci_rlimit){
			.type = rlimit_name(q->ulimits[i].name, a),
			.soft = (uint64_t)q->ulimits[i].soft,   /* -1 is RLIM_INFINITY */
			.hard = (uint64_t)q->ulimits[i].hard,
		};
	}
	if (q->oom_score_adj)
		p->oom_score_adj = (struct opt_i64){ true, q->oom_score_adj };
}

static void config_process(const struct config_input *in, struct arena *a, struct oci_config *c)
{
	struct oci_process *p = arena_new(a, struct oci_process);

	c->process = p;
	p->terminal = in->c->request.tty;
	if (p->terminal && in->console)
		p->console_size = arena_memdup(a, in->console, sizeof *in->console);
	p->cwd = in->c->workdir;
	process_args(in, a, p);
	process_env(in, a, p);
	process_user(in, a, p);
	process_limits(&in->c->request, a, p);
}

/* ---- namespaces, sysctls ---------------------------------------------------------------------------------------------------------------------- */

/* Unless somebody said so, as docker: on a host with cgroups of version 1 a privileged container sees them all. */
static bool shares_cgroups(const struct config_input *in, struct arena *a)
{
	if (!facts_cgroup_ns(in->facts))
		return true;
	return !in->c->request.isolation.cgroupns && in->c->request.privileged && facts_cgroup(in->facts, a)->mode != CGROUP_V2;
}

static void config_namespaces(const struct config_input *in, struct arena *a, struct oci_linux *l)
{
	const struct container_isolation *s = &in->c->request.isolation;

	l->namespaces = arena_array(a, struct oci_namespace, OCI_NS_COUNT);
	l->namespaces[l->n_namespaces++].type = OCI_NS_MOUNT;
	if (in->own_network || in->network_path)
		l->namespaces[l->n_namespaces++] = (struct oci_namespace){ .type = OCI_NS_NETWORK, .path = in->network_path };
	for (int i = 0; i < ISOLATION_NS_COUNT; i++) {
		enum isolation_ns ns = (enum isolation_ns)i;

		if (isolation_mode_kind(s, ns) == ISOLATION_HOST || (ns == ISOLATION_CGROUP && shares_cgroups(in, a)))
			continue;
		l->namespaces[l->n_namespaces++] = (struct oci_namespace){ .type = isolation_ns_rows[ns].ns,
			.path = namespaces_path(s, ns, in->live_path, a) };
	}
}

static struct oci_id_mapping *id_rows(const struct container_id_row *rows, size_t n, struct arena *a)
{
	struct oci_id_mapping *v = arena_array(a, struct oci_id_mapping, n);

	for (size_t i = 0; i < n; i++)
		v[i] = (struct oci_id_mapping){ rows[i].inside, rows[i].outside, rows[i].count };
	return v;
}

static void config_userns(const struct config_input *in, struct arena *a, struct oci_linux *l)
{
	const struct container_ids *ids = &in->c->ids;

	if (!ids->n_uids)
		return;
	l->namespaces[l->n_namespaces++] = (struct oci_namespace){ .type = OCI_NS_USER, .path = in->userns };
	if (in->userns)
		return;
	l->uid_mappings = id_rows(ids->uids, ids->n_uids, a);
	l->n_uid_mappings = ids->n_uids;
	l->gid_mappings = id_rows(ids->gids, ids->n_gids, a);
	l->n_gid_mappings = ids->n_gids;
}

static void config_sysctls(const struct config_input *in, struct arena *a, struct oci_linux *l)
{
	const struct pairs *asked = &in->c->request.sysctls;

	/* As docker: in a network namespace of its own, ports below 1024 and ping need no capability. */
	if (in->own_network) {
		pairs_set(a, &l->sysctl, "net.ipv4.ip_unprivileged_port_start", "0");
		/* Groups that are not mapped are no groups. */
		pairs_set(a, &l->sysctl, "net.ipv4.ping_group_range", in->c->ids.n_uids || !facts_initial_userns(in->facts) ? "0 0" : "0 2147483647");
	}
	if (in->no_ipv6)
		pairs_set(a, &l->sysctl, "net.ipv6.conf.default.disable_ipv6", "1");
	for (size_t i = 0; i < asked->n; i++)
		pairs_set(a, &l->sysctl, asked->v[i].key, asked->v[i].value);
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------------------------- */

static void config_linux(const struct config_input *in, struct arena *a, struct oci_config *c)
{
	struct oci_linux *l = arena_new(a, struct oci_linux);
	const char *parent = in->c->request.cgroup_parent;

	c->linux = l;
	/* Without a parent of its own: a directory in common would be made and removed in eight hierarchies by every lone container, a millisecond. */
	if (in->by_systemd)
		l->cgroups_path = arena_printf(a, "%s:tare:%s", parent ? parent : "", in->c->id);
	else
		l->cgroups_path = parent ? arena_printf(a, "%s%s/%s", parent[0] == '/' ? "" : "/", parent, in->c->id) : arena_printf(a, "/tare-%s", in->c->id);
	config_namespaces(in, a, l);
	config_userns(in, a, l);
	config_sysctls(in, a, l);
}

int config_build(const struct config_input *input, struct arena *a, struct oci_config **ret, struct err *e)
{
	struct oci_config *c = arena_new(a, struct oci_config);
	struct config_input own = *input, *in = &own;
	struct security_opts security;
	struct cdi_edits cdi;
	bool any = false;
	int r = security_opts_parse(&in->c->request.security_opts, a, &security, e);

	if (r == 0)
		r = cdi_edits_of(&in->c->request.isolation, a, &cdi, &any, e);
	if (r < 0)
		return r;
	in->security = &security;
	in->cdi = any ? &cdi : NULL;
	c->oci_version = CONFIG_VERSION;
	if (isolation_mode_kind(&in->c->request.isolation, ISOLATION_UTS) == ISOLATION_PRIVATE)
		c->hostname = in->c->hostname;
	c->domainname = in->c->request.domainname;
	c->annotations = in->c->request.annotations;
	c->root = arena_new(a, struct oci_root);
	c->root->path = in->rootfs;
	c->root->readonly = in->c->request.read_only;
	config_process(in, a, c);
	config_linux(in, a, c);
	r = config_resources(in, a, c->linux, e);
	if (r == 0)
		r = config_mounts(in, a, c, e);
	if (r == 0)
		r = config_security(in, a, c, e);
	if (r == 0)
		r = config_devices(in, a, c, e);
	if (r == 0)
		*ret = c;
	return r;
}
