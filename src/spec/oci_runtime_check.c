/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a config.json must satisfy beyond the types of its members.
 */
#include "spec/oci_runtime.h"

#include <string.h>

#include "base/scope.h"

const struct oci_namespace *oci_namespace_find(const struct oci_linux *l, enum oci_ns type)
{
	for (size_t i = 0; l && i < l->n_namespaces; i++)
		if (l->namespaces[i].type == type)
			return &l->namespaces[i];
	return NULL;
}

static int invalid(struct err *e, const char *path, const char *what)
{
	return err_set(e, ERR_INVALID, "%s: %s", path, what);
}

/* We read every 1.x document: 1.3 is the newest we know, and a later minor may only add what unknown-key rules let us ignore. */
static int version_check(const char *version, struct err *e)
{
	const char *rest = str_after(version, "1.");

	if (!rest || rest[0] < '0' || rest[0] > '9')
		return err_set(e, ERR_INVALID, "ociVersion: '%s' is not a 1.x version of the specification", version);
	return 0;
}

int oci_process_check(const struct oci_process *p, const char *path, struct err *e)
{
	if (!p->cwd || p->cwd[0] != '/')
		return err_set(e, ERR_INVALID, "%s.cwd: must be an absolute path", path);
	if (p->args.n == 0)
		return err_set(e, ERR_INVALID, "%s.args: must not be empty", path);
	for (size_t i = 0; i < p->n_rlimits; i++) {
		for (size_t j = 0; j < i; j++)
			if (streq(p->rlimits[i].type, p->rlimits[j].type))
				return err_set(e, ERR_INVALID, "%s.rlimits[%zu].type: '%s' stands twice", path, i, p->rlimits[i].type);
		if (p->rlimits[i].soft > p->rlimits[i].hard)
			return err_set(e, ERR_INVALID, "%s.rlimits[%zu]: soft limit above the hard limit", path, i);
	}
	if (p->oom_score_adj.set && (p->oom_score_adj.v < -1000 || p->oom_score_adj.v > 1000))
		return err_set(e, ERR_INVALID, "%s.oomScoreAdj: %lld is not within -1000 … 1000", path, (long long)p->oom_score_adj.v);
	if (p->user.umask.set && p->user.umask.v > 0777)
		return err_set(e, ERR_INVALID, "%s.user.umask: above 0777", path);
	if (p->exec_cpu_affinity)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: %s.execCPUAffinity", path);
	if (p->user.uid == UINT32_MAX || p->user.gid == UINT32_MAX)
		return err_set(e, ERR_INVALID, "%s.user: 4294967295 is not an id", path);
	return 0;
}

static int hook_list_check(const struct oci_hook *hooks, size_t n, const char *name, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (hooks[i].path[0] != '/')
			return err_set(e, ERR_INVALID, "hooks.%s[%zu].path: '%s' is not absolute", name, i, hooks[i].path);
		if (hooks[i].timeout.set && hooks[i].timeout.v <= 0)
			return err_set(e, ERR_INVALID, "hooks.%s[%zu].timeout: must be above zero", name, i);
	}
	return 0;
}

static int hooks_check(const struct oci_hooks *h, struct err *e)
{
	const struct {
		const struct oci_hook *v;
		size_t n;
		const char *name;
	} lists[] = {
		{ h->prestart, h->n_prestart, "prestart" },
		{ h->create_runtime, h->n_create_runtime, "createRuntime" },
		{ h->create_container, h->n_create_container, "createContainer" },
		{ h->start_container, h->n_start_container, "startContainer" },
		{ h->poststart, h->n_poststart, "poststart" },
		{ h->poststop, h->n_poststop, "poststop" },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(lists); i++)
		r = hook_list_check(lists[i].v, lists[i].n, lists[i].name, e);
	return r;
}

int oci_mount_check(const struct oci_mount *m, const char *path, struct err *e)
{
	if (!m->n_uid_mappings != !m->n_gid_mappings)
		return err_set(e, ERR_INVALID, "%s: uidMappings and gidMappings come together", path);
	if ((strs_has(&m->options, "bind") || strs_has(&m->options, "rbind")) && !m->source)
		return err_set(e, ERR_INVALID, "%s.source: a bind mount of '%s' needs one", path, m->destination);
	return 0;
}

static int mounts_check(const struct oci_config *c, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n_mounts; i++) {
		char path[32];

		snprintf(path, sizeof path, "mounts[%zu]", i);
		r = oci_mount_check(&c->mounts[i], path, e);
	}
	return r;
}

static int namespaces_check(const struct oci_linux *l, struct err *e)
{
	for (size_t i = 0; i < l->n_namespaces; i++) {
		const struct oci_namespace *ns = &l->namespaces[i];

		if (oci_namespace_find(l, ns->type) != ns)
			return err_set(e, ERR_INVALID, "linux.namespaces[%zu].type: '%s' stands twice", i,
				enumtab_name(&oci_ns_words, (int)ns->type));
		if (ns->path && *ns->path && ns->path[0] != '/')
			return err_set(e, ERR_INVALID, "linux.namespaces[%zu].path: '%s' is not absolute", i, ns->path);
	}
	return 0;
}

static int devices_check(const struct oci_linux *l, struct err *e)
{
	for (size_t i = 0; i < l->n_devices; i++) {
		const struct oci_device *d = &l->devices[i];

		if (d->type[1] || !strchr("cbup", d->type[0]))
			return err_set(e, ERR_INVALID, "linux.devices[%zu].type: '%s' is none of c, b, u, p", i, d->type);
		if (d->path[0] != '/')
			return err_set(e, ERR_INVALID, "linux.devices[%zu].path: '%s' is not absolute", i, d->path);
		if (d->type[0] != 'p' && (d->major < 0 || d->minor < 0 || d->major > UINT32_MAX || d->minor > UINT32_MAX))
			return err_set(e, ERR_INVALID, "linux.devices[%zu]: numbers out of range", i);
	}
	return 0;
}

static int resources_check(const struct oci_resources *res, struct err *e)
{
	for (size_t i = 0; i < res->n_devices; i++) {
		const struct oci_device_rule *d = &res->devices[i];

		if (d->type && d->type[0] && (d->type[1] || !strchr("acb", d->type[0])))
			return err_set(e, ERR_INVALID, "linux.resources.devices[%zu].type: '%s' is none of a, c, b", i, d->type);
		if (d->access && strspn(d->access, "rwm") != strlen(d->access))
			return err_set(e, ERR_INVALID, "linux.resources.devices[%zu].access: '%s' is no subset of rwm", i, d->access);
	}
	if (res->memory && res->memory->swappiness.set && res->memory->swappiness.v > 100)
		return invalid(e, "linux.resources.memory.swappiness", "must be within 0 … 100");
	return 0;
}

static int seccomp_check(const struct oci_seccomp *s, struct err *e)
{
	for (size_t i = 0; i < s->n_syscalls; i++) {
		const struct oci_seccomp_syscall *c = &s->syscalls[i];

		if (c->names.n == 0)
			return err_set(e, ERR_INVALID, "linux.seccomp.syscalls[%zu].names: must not be empty", i);
		if (c->errno_ret.set && c->action != OCI_SECCOMP_ERRNO && c->action != OCI_SECCOMP_TRACE)
			return err_set(e, ERR_INVALID, "linux.seccomp.syscalls[%zu].errnoRet: '%s' cannot return one", i,
				enumtab_name(&oci_seccomp_action_words, (int)c->action));
		for (size_t j = 0; j < c->n_args; j++)
			if (c->args[j].index > 5)
				return err_set(e, ERR_INVALID, "linux.seccomp.syscalls[%zu].args[%zu].index: above 5", i, j);
	}
	return 0;
}

/* What we know the name of but do not do is refused, never passed over in silence. */
static int linux_unsupported(const struct oci_linux *l, struct err *e)
{
	const struct {
		bool there;
		const char *name;
	} rows[] = {
		{ l->intel_rdt != NULL, "linux.intelRdt" },
		{ l->memory_policy != NULL, "linux.memoryPolicy" },
		{ l->net_devices != NULL, "linux.netDevices" },
		{ l->resources && l->resources->rdma.n, "linux.resources.rdma" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].there)
			return err_set(e, ERR_UNSUPPORTED, "unsupported: %s", rows[i].name);
	return 0;
}

static int paths_check(const struct strs *paths, const char *name, struct err *e)
{
	for (size_t i = 0; i < paths->n; i++)
		if (paths->v[i][0] != '/')
			return err_set(e, ERR_INVALID, "linux.%s[%zu]: '%s' is not absolute", name, i, paths->v[i]);
	return 0;
}

static int linux_check(const struct oci_config *c, struct err *e)
{
	const struct oci_linux *l = c->linux;
	int r = namespaces_check(l, e);

	if (r == 0)
		r = devices_check(l, e);
	if (r == 0 && l->resources)
		r = resources_check(l->resources, e);
	if (r == 0 && l->seccomp)
		r = seccomp_check(l->seccomp, e);
	if (r == 0)
		r = paths_check(&l->masked_paths, "maskedPaths", e);
	if (r == 0)
		r = paths_check(&l->readonly_paths, "readonlyPaths", e);
	if (r == 0)
		r = linux_unsupported(l, e);
	if (r < 0)
		return r;
	if ((l->n_uid_mappings || l->n_gid_mappings) && !oci_namespace_find(l, OCI_NS_USER))
		return invalid(e, "linux.uidMappings", "there is no user namespace to map into");
	if (c->hostname && *c->hostname && !oci_namespace_find(l, OCI_NS_UTS))
		return invalid(e, "hostname", "cannot be set without a uts namespace");
	if (c->domainname && *c->domainname && !oci_namespace_find(l, OCI_NS_UTS))
		return invalid(e, "domainname", "cannot be set without a uts namespace");
	return 0;
}

int oci_config_check(const struct oci_config *c, struct err *e)
{
	int r = version_check(c->oci_version, e);

	if (r < 0)
		return r;
	if (!c->root)
		return invalid(e, "root", "required");
	if (c->process) {
		r = oci_process_check(c->process, "process", e);
		if (r < 0)
			return r;
	}
	r = mounts_check(c, e);
	if (r == 0 && c->hooks)
		r = hooks_check(c->hooks, e);
	if (r == 0 && c->linux)
		r = linux_check(c, e);
	return r;
}
