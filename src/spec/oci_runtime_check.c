/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a config.json must satisfy beyond the types of its members.
 */
#include "spec/oci_runtime.h"

#include <string.h>

#include "base/bitlist.h"
#include "base/scope.h"
#include "os/netif.h"
#include "os/rlimit.h"
#include "spec/oci_words.h"

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

/* Cuts the number off the front of @s that SemVer has there: no sign, no leading zero. */
static bool semver_number(struct str *s)
{
	size_t n = 0;

	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	if (n == 0 || (n > 1 && s->p[0] == '0'))
		return false;
	*s = (struct str){ s->p + n, s->n - n };
	return true;
}

static bool semver_cut(struct str *s, char c)
{
	if (s->n == 0 || *s->p != c)
		return false;
	*s = (struct str){ s->p + 1, s->n - 1 };
	return true;
}

/* "1.2.3", "1.2.3-rc.1+dirty". */
static bool semver_is_valid(const char *version)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
	struct str s = str_of(version);

	if (!semver_number(&s) || !semver_cut(&s, '.') || !semver_number(&s) || !semver_cut(&s, '.') || !semver_number(&s))
		return false;
	if (semver_cut(&s, '-')) {
		size_t n = strspn(s.p, letters);

		if (n == 0)
			return false;
		s = (struct str){ s.p + n, s.n - n };
	}
	if (semver_cut(&s, '+'))
		return s.n > 0 && strspn(s.p, letters) == s.n;
	return s.n == 0;
}

/* We read every 1.x document: 1.3 is the newest we know, and a later minor may only add what unknown-key rules let us ignore. */
static int version_check(const char *version, struct err *e)
{
	if (!semver_is_valid(version))
		return err_set(e, ERR_INVALID, "ociVersion: '%s' is not a version such as %s", version, OCI_RUNTIME_VERSION);
	if (!str_after(version, "1."))
		return err_set(e, ERR_INVALID, "ociVersion: '%s' is not a 1.x version of the specification", version);
	return 0;
}

static int rlimits_check(const struct oci_process *p, const char *path, struct err *e)
{
	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct oci_rlimit *l = &p->rlimits[i];

		if (!str_after(l->type, "RLIMIT_") || rlimit_find(l->type) < 0)
			return err_set(e, ERR_INVALID, "%s.rlimits[%zu].type: unknown limit '%s'", path, i, l->type);
		for (size_t j = 0; j < i; j++)
			if (streq(l->type, p->rlimits[j].type))
				return err_set(e, ERR_INVALID, "%s.rlimits[%zu].type: '%s' stands twice", path, i, l->type);
		if (l->soft > l->hard)
			return err_set(e, ERR_INVALID, "%s.rlimits[%zu]: soft limit above the hard limit", path, i);
	}
	return 0;
}

/* A name this kernel does not know is a warning when it is applied; what cannot be the name of any capability is a mistake. */
static int capability_names_check(const struct oci_capabilities *c, const char *path, struct err *e)
{
	const struct {
		const struct strs *names;
		const char *set;
	} sets[] = {
		{ &c->bounding, "bounding" },   { &c->effective, "effective" }, { &c->inheritable, "inheritable" },
		{ &c->permitted, "permitted" }, { &c->ambient, "ambient" },
	};
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		for (size_t k = 0; k < sets[i].names->n; k++) {
			const char *name = sets[i].names->v[k];

			if (!*name || name[strspn(name, letters)])
				return err_set(e, ERR_INVALID, "%s.capabilities.%s[%zu]: '%s' is not the name of a capability", path, sets[i].set,
					k, name);
		}
	}
	return 0;
}

static int scheduler_flags_check(const struct oci_scheduler *s, const char *path, struct err *e)
{
	for (size_t i = 0; i < s->flags.n; i++)
		if (!numtab_find(oci_scheduler_flags, s->flags.v[i]))
			return err_set(e, ERR_INVALID, "%s.scheduler.flags[%zu]: unknown flag '%s'", path, i, s->flags.v[i]);
	return 0;
}

/* Who takes which parameter is the kernel's rule; it would ignore some of them in silence. */
static int scheduler_check(const struct oci_scheduler *s, const char *path, struct err *e)
{
	const struct numtab *policy = numtab_find(oci_scheduler_policies, s->policy);

	if (!policy)
		return err_set(e, ERR_INVALID, "%s.scheduler.policy: unknown policy '%s'", path, s->policy);
	if ((policy->value == OCI_SCHED_OTHER || policy->value == OCI_SCHED_BATCH) && (s->nice < -20 || s->nice > 19))
		return err_set(e, ERR_INVALID, "%s.scheduler.nice: %d is not within -20 … 19", path, s->nice);
	if (s->priority && policy->value != OCI_SCHED_FIFO && policy->value != OCI_SCHED_RR)
		return err_set(e, ERR_INVALID, "%s.scheduler.priority: %s has none", path, s->policy);
	if (s->priority < 0 || s->priority > 99)
		return err_set(e, ERR_INVALID, "%s.scheduler.priority: %d is not within 0 … 99", path, s->priority);
	if (policy->value != OCI_SCHED_DEADLINE && (s->runtime || s->deadline || s->period))
		return err_set(e, ERR_INVALID, "%s.scheduler: %s has no runtime, deadline or period", path, s->policy);
	return scheduler_flags_check(s, path, e);
}

static int io_priority_check(const struct oci_io_priority *p, const char *path, struct err *e)
{
	if (!numtab_find(oci_io_classes, p->class))
		return err_set(e, ERR_INVALID, "%s.ioPriority.class: unknown class '%s'", path, p->class);
	if (p->priority < 0 || p->priority > 7)
		return err_set(e, ERR_INVALID, "%s.ioPriority.priority: %d is not within 0 … 7", path, p->priority);
	return 0;
}

static int affinity_check(const struct oci_cpu_affinity *x, const char *path, struct err *e)
{
	const struct {
		const char *list, *name;
	} rows[] = { { x->initial, "initial" }, { x->final, "final" } };
	struct bitlist cpus;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].list && *rows[i].list && (bitlist_parse(rows[i].list, &cpus) < 0 || cpus.n == 0))
			return err_set(e, ERR_INVALID, "%s.execCPUAffinity.%s: '%s' is not a list of processors such as 0-3,7", path, rows[i].name,
				rows[i].list);
	return 0;
}

static int user_check(const struct oci_user *u, const char *path, struct err *e)
{
	if (u->uid == UINT32_MAX || u->gid == UINT32_MAX)
		return err_set(e, ERR_INVALID, "%s.user: 4294967295 is not an id", path);
	for (size_t i = 0; i < u->additional_gids.n; i++)
		if (u->additional_gids.v[i] == UINT32_MAX)
			return err_set(e, ERR_INVALID, "%s.user.additionalGids[%zu]: 4294967295 is not an id", path, i);
	if (u->umask.set && u->umask.v > 0777)
		return err_set(e, ERR_INVALID, "%s.user.umask: above 0777", path);
	return 0;
}

int oci_process_check(const struct oci_process *p, const char *path, struct err *e)
{
	int r = 0;

	if (!p->cwd || p->cwd[0] != '/')
		return err_set(e, ERR_INVALID, "%s.cwd: must be an absolute path", path);
	if (p->args.n == 0)
		return err_set(e, ERR_INVALID, "%s.args: must not be empty", path);
	if (p->oom_score_adj.set && (p->oom_score_adj.v < -1000 || p->oom_score_adj.v > 1000))
		return err_set(e, ERR_INVALID, "%s.oomScoreAdj: %lld is not within -1000 … 1000", path, (long long)p->oom_score_adj.v);
	r = user_check(&p->user, path, e);
	if (r == 0)
		r = rlimits_check(p, path, e);
	if (r == 0 && p->capabilities)
		r = capability_names_check(p->capabilities, path, e);
	if (r == 0 && p->scheduler)
		r = scheduler_check(p->scheduler, path, e);
	if (r == 0 && p->io_priority)
		r = io_priority_check(p->io_priority, path, e);
	if (r == 0 && p->exec_cpu_affinity)
		r = affinity_check(p->exec_cpu_affinity, path, e);
	return r;
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
	if (s->default_errno_ret.set && s->default_action != OCI_SECCOMP_ERRNO && s->default_action != OCI_SECCOMP_TRACE)
		return err_set(e, ERR_INVALID, "linux.seccomp.defaultErrnoRet: '%s' cannot return one",
			enumtab_name(&oci_seccomp_action_words, (int)s->default_action));
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

static int time_offsets_check(const struct oci_linux *l, struct err *e)
{
	for (size_t i = 0; i < l->n_time_offsets; i++) {
		const struct oci_time_offset *t = &l->time_offsets[i];

		if (!streq(t->key, "monotonic") && !streq(t->key, "boottime"))
			return err_set(e, ERR_INVALID, "linux.timeOffsets: '%s' is neither monotonic nor boottime", t->key);
		if (t->nanosecs > 999999999)
			return err_set(e, ERR_INVALID, "linux.timeOffsets.%s.nanosecs: %u is a second or more", t->key, t->nanosecs);
	}
	return 0;
}

static int propagation_check(const char *word, struct err *e)
{
	static const char *const words[] = { "private", "slave", "shared", "unbindable" };
	const char *bare = word && *word == 'r' ? word + 1 : word;
	bool found = !word || !*word;

	for (size_t i = 0; !found && i < ARRAY_LEN(words); i++)
		found = streq(bare, words[i]);
	return found ? 0 : err_set(e, ERR_INVALID, "linux.rootfsPropagation: unknown word '%s'", word);
}

static int personality_check(const struct oci_personality *p, struct err *e)
{
	if (!numtab_find(oci_personality_domains, p->domain))
		return err_set(e, ERR_INVALID, "linux.personality.domain: unknown domain '%s'", p->domain);
	if (p->flags.n)
		return err_set(e, ERR_INVALID, "linux.personality.flags[0]: unknown flag '%s'", p->flags.v[0]);
	return 0;
}

static int memory_policy_flags_check(const struct oci_memory_policy *p, struct err *e)
{
	for (size_t i = 0; i < p->flags.n; i++)
		if (!numtab_find(oci_memory_policy_flags, p->flags.v[i]))
			return err_set(e, ERR_INVALID, "linux.memoryPolicy.flags[%zu]: unknown flag '%s'", i, p->flags.v[i]);
	return 0;
}

/* Which mode goes without nodes and which needs some is the kernel's rule: set_mempolicy(2). */
static int memory_policy_check(const struct oci_memory_policy *p, struct err *e)
{
	const struct numtab *mode = numtab_find(oci_memory_policy_modes, p->mode);
	struct bitlist nodes;

	if (!mode)
		return err_set(e, ERR_INVALID, "linux.memoryPolicy.mode: unknown mode '%s'", p->mode);
	if (bitlist_parse(p->nodes ? p->nodes : "", &nodes) < 0)
		return err_set(e, ERR_INVALID, "linux.memoryPolicy.nodes: '%s' is not a list of memory nodes such as 0-3,7", p->nodes);
	if ((mode->value == OCI_MPOL_DEFAULT || mode->value == OCI_MPOL_LOCAL) && nodes.n)
		return err_set(e, ERR_INVALID, "linux.memoryPolicy.nodes: %s takes none", p->mode);
	if (mode->value != OCI_MPOL_DEFAULT && mode->value != OCI_MPOL_LOCAL && mode->value != OCI_MPOL_PREFERRED && !nodes.n)
		return err_set(e, ERR_INVALID, "linux.memoryPolicy.nodes: %s needs at least one", p->mode);
	return memory_policy_flags_check(p, e);
}

static int schema_line_check(const char *line, const char *prefix, const char *name, struct err *e)
{
	if (!line || !*line)
		return 0;
	if (strchr(line, '\n'))
		return err_set(e, ERR_INVALID, "linux.intelRdt.%s: more than one line", name);
	return str_after(line, prefix) ? 0 : err_set(e, ERR_INVALID, "linux.intelRdt.%s: '%s' does not begin with '%s'", name, line, prefix);
}

/* The names resctrl itself has there are no classes. */
int oci_intel_rdt_check(const struct oci_intel_rdt *x, struct err *e)
{
	static const char *const taken[] = { ".", "..", "info", "mon_groups", "mon_data" };
	const char *clos = x->clos_id ? x->clos_id : "";
	int r;

	if (strchr(clos, '/') && !streq(clos, "/"))
		return err_set(e, ERR_INVALID, "linux.intelRdt.closID: '%s' is not the name of a directory", clos);
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (streq(clos, taken[i]))
			return err_set(e, ERR_INVALID, "linux.intelRdt.closID: '%s' is not the name of a class", clos);
	for (size_t i = 0; i < x->schemata.n; i++)
		if (!*x->schemata.v[i] || strchr(x->schemata.v[i], '\n'))
			return err_set(e, ERR_INVALID, "linux.intelRdt.schemata[%zu]: not one line", i);
	r = schema_line_check(x->l3_cache_schema, "L3", "l3CacheSchema", e);
	return r < 0 ? r : schema_line_check(x->mem_bw_schema, "MB:", "memBwSchema", e);
}

static int net_devices_check(const struct oci_linux *l, struct err *e)
{
	for (size_t i = 0; i < l->n_net_devices; i++) {
		const struct oci_net_device *d = &l->net_devices[i];

		if (!netif_name_is_valid(d->key, false))
			return err_set(e, ERR_INVALID, "linux.netDevices: '%s' is not the name of a network device", d->key);
		if (d->name && *d->name && !netif_name_is_valid(d->name, true))
			return err_set(e, ERR_INVALID, "linux.netDevices['%s'].name: '%s' is not a name for a network device", d->key, d->name);
	}
	if (l->n_net_devices && !oci_namespace_find(l, OCI_NS_NETWORK))
		return invalid(e, "linux.netDevices", "there is no network namespace to move them into");
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
		r = time_offsets_check(l, e);
	if (r == 0)
		r = propagation_check(l->rootfs_propagation, e);
	if (r == 0 && l->personality)
		r = personality_check(l->personality, e);
	if (r == 0 && l->memory_policy)
		r = memory_policy_check(l->memory_policy, e);
	if (r == 0 && l->intel_rdt)
		r = oci_intel_rdt_check(l->intel_rdt, e);
	if (r == 0)
		r = net_devices_check(l, e);
	if (r == 0)
		r = paths_check(&l->masked_paths, "maskedPaths", e);
	if (r == 0)
		r = paths_check(&l->readonly_paths, "readonlyPaths", e);
	if (r < 0)
		return r;
	if ((l->n_uid_mappings || l->n_gid_mappings) && !oci_namespace_find(l, OCI_NS_USER))
		return invalid(e, "linux.uidMappings", "there is no user namespace to map into");
	return 0;
}

static int names_check(const struct oci_config *c, struct err *e)
{
	enum { NAME_LENGTH_MAX = 64 }; /* the kernel's */
	const struct {
		const char *value, *path;
	} rows[] = { { c->hostname, "hostname" }, { c->domainname, "domainname" } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!rows[i].value || !*rows[i].value)
			continue;
		if (!oci_namespace_find(c->linux, OCI_NS_UTS))
			return invalid(e, rows[i].path, "cannot be set without a uts namespace");
		if (strlen(rows[i].value) > NAME_LENGTH_MAX)
			return invalid(e, rows[i].path, "longer than 64 bytes");
	}
	return 0;
}

static int annotations_check(const struct oci_config *c, struct err *e)
{
	for (size_t i = 0; i < c->annotations.n; i++)
		if (!*c->annotations.v[i].key)
			return invalid(e, "annotations", "a key is empty");
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
	if (r == 0)
		r = annotations_check(c, e);
	if (r == 0 && c->linux)
		r = linux_check(c, e);
	if (r == 0)
		r = names_check(c, e);
	return r;
}
