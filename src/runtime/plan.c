/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan.h"

#include <sched.h>

#include "base/scope.h"
#include "os/cap.h"
#include "runtime/seccomp/filter.h"
#include "spec/sysctls.h"

static const char *const gate_words[] = { [LAUNCH_GATE_SYNC] = "sync", [LAUNCH_GATE_SOCKET] = "socket" };
const struct enumtab launch_gate_words = ENUMTAB("gate", gate_words, LAUNCH_GATE_COUNT);

static const char *const console_words[] = {
	[LAUNCH_CONSOLE_NONE] = "none", [LAUNCH_CONSOLE_SOCKET] = "socket", [LAUNCH_CONSOLE_RELAY] = "relay",
};
const struct enumtab launch_console_words = ENUMTAB("console", console_words, LAUNCH_CONSOLE_COUNT);

static const char *const maps_words[] = {
	[LAUNCH_MAPS_WRITE] = "the parent", [LAUNCH_MAPS_SINGLE] = "the parent, itself alone", [LAUNCH_MAPS_TOOLS] = "newuidmap and newgidmap",
};
const struct enumtab launch_maps_words = ENUMTAB("maps", maps_words, LAUNCH_MAPS_COUNT);

static const char *const root_words[] = { [LAUNCH_ROOT_PIVOT] = "pivot_root", [LAUNCH_ROOT_MOVE] = "move", [LAUNCH_ROOT_CHANGE] = "chroot" };
const struct enumtab launch_root_words = ENUMTAB("root", root_words, LAUNCH_ROOT_COUNT);

/* OCI's order of namespaces is not the order of joining. */
static const enum ns_kind kinds[OCI_NS_COUNT] = {
	[OCI_NS_PID] = NS_PID, [OCI_NS_NETWORK] = NS_NET, [OCI_NS_MOUNT] = NS_MOUNT, [OCI_NS_IPC] = NS_IPC, [OCI_NS_UTS] = NS_UTS,
	[OCI_NS_USER] = NS_USER, [OCI_NS_CGROUP] = NS_CGROUP, [OCI_NS_TIME] = NS_TIME,
};

static const char *joined_path(const struct oci_namespace *ns)
{
	return ns->path && *ns->path ? ns->path : NULL;
}

static void join_add(struct launch_joins *j, enum ns_kind kind, const char *path)
{
	j->v[j->n++] = (struct launch_join){ kind, path };
}

static bool ns_is_new(const struct oci_linux *l, enum oci_ns type)
{
	const struct oci_namespace *ns = oci_namespace_find(l, type);

	return ns && !joined_path(ns);
}

static bool ns_is_joined(const struct oci_linux *l, enum oci_ns type)
{
	const struct oci_namespace *ns = oci_namespace_find(l, type);

	return ns && joined_path(ns);
}

static bool any_joined_but_user(const struct oci_linux *l)
{
	for (size_t i = 0; i < l->n_namespaces; i++)
		if (joined_path(&l->namespaces[i]) && l->namespaces[i].type != OCI_NS_USER)
			return true;
	return false;
}

static void plan_new(const struct oci_linux *l, struct launch_plan *p)
{
	for (size_t i = 0; i < l->n_namespaces; i++) {
		const struct oci_namespace *ns = &l->namespaces[i];

		p->namespaces |= 1u << ns->type;
		if (joined_path(ns))
			continue;
		if (ns->type == OCI_NS_CGROUP)
			p->init_unshare |= CLONE_NEWCGROUP;
		else if (ns->type == OCI_NS_IPC && p->map_ids)
			p->init_unshare |= CLONE_NEWIPC; /* made with a mapped root, or nobody would own its mqueue file system */
		else if (ns->type == OCI_NS_TIME && l->n_time_offsets)
			p->init_unshare |= (uint64_t)ns_table[NS_TIME].flag;
		else
			p->clone_flags |= (uint64_t)ns_table[kinds[ns->type]].flag;
	}
}

/* Joins in the table's order (user first); root moves the user namespace to the end. */
static void plan_joins(const struct oci_linux *l, bool user_last, struct launch_plan *p)
{
	const char *paths[NS_COUNT] = { NULL };

	for (size_t i = 0; i < l->n_namespaces; i++)
		paths[kinds[l->namespaces[i].type]] = joined_path(&l->namespaces[i]);
	for (int k = 0; k < NS_COUNT; k++)
		if (paths[k] && !(k == NS_USER && user_last))
			join_add(p->stage ? &p->stage_joins : &p->init_joins, (enum ns_kind)k, paths[k]);
	if (paths[NS_USER] && user_last)
		join_add(&p->stage_joins, NS_USER, paths[NS_USER]);
}

struct ns_id_map *launch_plan_map(const struct oci_id_mapping *m, size_t n, struct arena *a)
{
	struct ns_id_map *rows = arena_array(a, struct ns_id_map, n);

	for (size_t i = 0; i < n; i++)
		rows[i] = (struct ns_id_map){ m[i].container_id, m[i].host_id, m[i].size };
	return rows;
}

struct auto_map {
	struct ns_id_map *rows;
	size_t n;
	uint32_t next; /* id of the container */
};

static void auto_map_add(struct auto_map *m, uint32_t outside, uint32_t size)
{
	m->rows[m->n++] = (struct ns_id_map){ m->next, outside, size };
	m->next += size;
}

/*
 * The map of an ordinary user who gave none: he himself is who the program runs as, the ids he may have besides fill the container's from 0 on, around
 * that one. What @sub cannot fill stays unmapped.
 */
static struct auto_map auto_map_make(uint32_t self, uint32_t as, const struct subid_ranges *sub, struct arena *a)
{
	size_t n = sub ? sub->n : 0;
	struct auto_map m = { .rows = arena_array(a, struct ns_id_map, n + 2) };
	bool placed = false;

	for (size_t i = 0; i < n; i++) {
		uint32_t first = sub->v[i].first, left = sub->v[i].count;

		if (!placed && as - m.next <= left) {
			uint32_t before = as - m.next;

			if (before)
				auto_map_add(&m, first, before);
			auto_map_add(&m, self, 1);
			placed = true;
			first += before;
			left -= before;
		}
		if (left && left <= UINT32_MAX - m.next)
			auto_map_add(&m, first, left);
	}
	if (!placed) {
		m.next = as;
		auto_map_add(&m, self, 1);
	}
	return m;
}

static bool is_self(const struct ns_id_map *rows, size_t n, uint32_t self)
{
	return n == 1 && rows[0].size == 1 && rows[0].outside == self;
}

/* Root maps what it has. Whether root of a user namespace may, the kernel says. */
static enum launch_maps plan_writer(const struct launch_plan *p, const struct launch_choice *choice)
{
	if (choice->euid == 0)
		return LAUNCH_MAPS_WRITE;
	return is_self(p->uid_map, p->n_uid_map, choice->euid) && is_self(p->gid_map, p->n_gid_map, choice->egid) ? LAUNCH_MAPS_SINGLE :
														     LAUNCH_MAPS_TOOLS;
}

static void plan_auto_userns(const struct oci_user *as, const struct launch_choice *choice, struct arena *a, struct launch_plan *p)
{
	const struct auto_map uids = auto_map_make(choice->euid, as->uid, choice->subuids, a), gids = auto_map_make(choice->egid, as->gid, choice->subgids, a);

	p->userns = p->map_ids = p->auto_userns = true;
	p->clone_flags |= (uint64_t)ns_table[NS_USER].flag;
	p->namespaces |= 1u << OCI_NS_USER;
	p->uid_map = uids.rows;
	p->n_uid_map = uids.n;
	p->gid_map = gids.rows;
	p->n_gid_map = gids.n;
}

bool launch_wants_subids(const struct oci_config *c, uint32_t euid)
{
	return euid != 0 && !oci_namespace_find(c->linux, OCI_NS_USER);
}

bool launch_keeps_groups(const struct pairs *annotations)
{
	const char *value = pairs_find(annotations, "run.oci.keep_original_groups");

	return value && !streq(value, "0");
}

static int plan_userns(const struct oci_linux *l, struct arena *a, struct launch_plan *p, struct err *e)
{
	p->userns = oci_namespace_find(l, OCI_NS_USER) != NULL;
	p->map_ids = ns_is_new(l, OCI_NS_USER);
	if (!p->map_ids)
		return 0;
	if (!l->n_uid_mappings || !l->n_gid_mappings)
		return err_set(e, ERR_INVALID, "linux.uidMappings: a new user namespace needs uid and gid mappings");
	p->uid_map = launch_plan_map(l->uid_mappings, l->n_uid_mappings, a);
	p->n_uid_map = l->n_uid_mappings;
	p->gid_map = launch_plan_map(l->gid_mappings, l->n_gid_mappings, a);
	p->n_gid_map = l->n_gid_mappings;
	return 0;
}

int launch_plan_ids(const struct oci_config *c, struct arena *a, struct launch_plan *ret, struct err *e)
{
	struct launch_plan p = { 0 };
	int r = plan_userns(c->linux, a, &p, e);

	if (r < 0)
		return r;
	plan_joins(c->linux, false, &p);
	*ret = p;
	return 0;
}

static bool keeps_cap(const struct oci_process *proc, const char *name)
{
	return proc->capabilities && strs_has(&proc->capabilities->effective, name) && proc->user.uid == 0;
}

static int plan_console(const struct oci_process *proc, const struct launch_choice *choice, struct launch_plan *p, struct err *e)
{
	bool detach = choice->detach || !choice->run;

	if (choice->console_socket && !(detach && proc->terminal))
		return err_set(e, ERR_INVALID, "cannot use console socket if runc will not detach or allocate tty");
	if (!proc->terminal)
		return 0;
	if (detach && !choice->console_socket)
		return err_set(e, ERR_INVALID, "cannot allocate tty if runc will detach without setting console socket");
	p->console = detach ? LAUNCH_CONSOLE_SOCKET : LAUNCH_CONSOLE_RELAY;
	return 0;
}

/* crun's annotation. Without SELinux a label of mounts means nothing, to the peers as well. */
#define MOUNT_CONTEXT "run.oci.mount_context_type"

static struct lsm_mount plan_mount_label(const struct oci_config *c, struct host_facts *facts)
{
	const char *label = c->linux->mount_label;

	if (!label || !*label || !facts_selinux(facts))
		return (struct lsm_mount){ 0 };
	return (struct lsm_mount){ label, pairs_find(&c->annotations, MOUNT_CONTEXT) };
}

/*
 * In a mount namespace that is others', too, only our own tree is ours to change. In the caller's namespace not even masks are a promise: who leaves
 * the tree, which a chroot alone does not prevent, is where nothing is masked.
 */
static int check_shared_mounts(const struct oci_linux *l, const struct launch_plan *p, struct err *e)
{
	bool joined = ns_is_joined(l, OCI_NS_MOUNT);
	const struct strs *const hidden[] = { &l->masked_paths, &l->readonly_paths };
	static const char *const names[] = { "maskedPaths", "readonlyPaths" };

	if (p->auto_userns)
		return err_set(e, ERR_INVALID, "linux.namespaces: an ordinary user's container needs a new mount namespace");
	if (p->map_ids || (p->userns && !joined))
		return err_set(e, ERR_INVALID, "linux.namespaces: with a user namespace there must be a mount namespace that belongs to it: a new one%s",
			p->map_ids ? "" : ", or its own by path");
	if (l->rootfs_propagation && *l->rootfs_propagation)
		return err_set(e, ERR_INVALID, "linux.rootfsPropagation: '%s' would hold for others, too: there is no new mount namespace", l->rootfs_propagation);
	for (size_t i = 0; !joined && i < ARRAY_LEN(hidden); i++)
		if (hidden[i]->n)
			return err_set(e, ERR_INVALID, "linux.%s: unable to restrict sys entries without a private MNT namespace", names[i]);
	return 0;
}

static int plan_root(const struct oci_linux *l, const struct launch_choice *choice, struct launch_plan *p, struct err *e)
{
	if (!ns_is_new(l, OCI_NS_MOUNT)) {
		p->root = LAUNCH_ROOT_CHANGE;
		return check_shared_mounts(l, p, e);
	}
	p->root = choice->no_pivot ? LAUNCH_ROOT_MOVE : LAUNCH_ROOT_PIVOT;
	return 0;
}

static int plan_check(const struct oci_config *c, struct host_facts *facts, struct err *e)
{
	const struct oci_linux *l = c->linux;

	if (!c->process)
		return err_set(e, ERR_INVALID, "process: required to create a container");
	if (!facts_mount_setattr(facts))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: this kernel lacks mount_setattr(2); tare-runtime needs Linux 5.12 or newer");
	if (oci_namespace_find(l, OCI_NS_TIME) && !facts_time_ns(facts))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: this kernel has no time namespaces");
	if (l->n_time_offsets && !ns_is_new(l, OCI_NS_TIME))
		return err_set(e, ERR_INVALID, "linux.timeOffsets: there is no new time namespace");
	if (c->process->selinux_label && *c->process->selinux_label && !facts_selinux(facts))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: process.selinuxLabel: SELinux is not enabled on this host");
	if (!lsm_is_context_type(pairs_find(&c->annotations, MOUNT_CONTEXT)))
		return err_set(e, ERR_INVALID, "annotations: " MOUNT_CONTEXT ": '%s' is none of context, fscontext, defcontext, rootcontext",
			pairs_find(&c->annotations, MOUNT_CONTEXT));
	if (c->process->apparmor_profile && *c->process->apparmor_profile && !facts_apparmor(facts))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: process.apparmorProfile: AppArmor is not enabled on this host");
	return 0;
}

int launch_plan_make(const struct oci_config *c, const struct launch_choice *choice, struct host_facts *facts, struct arena *a,
	struct launch_plan *ret, struct err *e)
{
	const struct oci_linux *l = c->linux;
	const struct filter_request filter = filter_request_of(c);
	struct launch_plan p = { 0 };
	int r = plan_check(c, facts, e);

	if (r == 0)
		r = sysctls_check(l, e);
	if (r == 0)
		r = plan_userns(l, a, &p, e);
	if (r == 0)
		r = filter_find_agent(c, choice->seccomp_receiver, &p.seccomp_agent, e);
	if (r == 0)
		r = plan_console(c->process, choice, &p, e);
	if (r < 0)
		return r;
	if (launch_wants_subids(c, choice->euid))
		plan_auto_userns(&c->process->user, choice, a, &p);
	r = plan_root(l, choice, &p, e);
	if (r < 0)
		return r;
	if (p.map_ids)
		p.maps = plan_writer(&p, choice);
	p.mount_label = plan_mount_label(c, facts);
	p.keep_groups = launch_keeps_groups(&c->annotations);
	p.stage = ns_is_joined(l, OCI_NS_USER) || ns_is_joined(l, OCI_NS_PID) || (p.map_ids && any_joined_but_user(l));
	plan_new(l, &p);
	plan_joins(l, choice->euid == 0, &p);
	p.parent_opens = p.userns && choice->euid == 0 && p.root != LAUNCH_ROOT_CHANGE;
	p.late_dumpable = p.map_ids && choice->euid != 0;
	p.seccomp_early = filter_is_wanted(&filter) && !c->process->no_new_privileges && !keeps_cap(c->process, "CAP_SYS_ADMIN");
	p.hooks_runtime = c->hooks && (c->hooks->n_prestart || c->hooks->n_create_runtime);
	p.gate = choice->run ? LAUNCH_GATE_SYNC : LAUNCH_GATE_SOCKET;
	*ret = p;
	return 0;
}

const char *launch_plan_joined(const struct launch_plan *p, enum ns_kind kind)
{
	const struct launch_joins *lists[] = { &p->stage_joins, &p->init_joins };

	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (size_t i = 0; i < lists[l]->n; i++)
			if (lists[l]->v[i].kind == kind)
				return lists[l]->v[i].path;
	return NULL;
}

static void print_flags(const char *key, uint64_t flags, struct buf *b)
{
	buf_printf(b, "%s:", key);
	for (int k = 0; k < NS_COUNT; k++)
		if (flags & (uint64_t)ns_table[k].flag)
			buf_printf(b, " %s", ns_table[k].name);
	buf_add_str(b, flags ? "\n" : " none\n");
}

static void print_joins(const char *key, const struct launch_joins *j, struct buf *b)
{
	buf_printf(b, "%s:", key);
	for (size_t i = 0; i < j->n; i++)
		buf_printf(b, " %s=%s", ns_table[j->v[i].kind].name, j->v[i].path);
	buf_add_str(b, j->n ? "\n" : " none\n");
}

void launch_plan_print(const struct launch_plan *p, struct buf *b)
{
	const struct {
		const char *key;
		bool value;
	} flags[] = {
		{ "stage process", p->stage },
		{ "user namespace", p->userns },
		{ "waits for id maps", p->map_ids },
		{ "parent opens rootfs and bind sources", p->parent_opens },
		{ "seccomp before dropping capabilities", p->seccomp_early },
		{ "wait for runtime hooks", p->hooks_runtime },
	};

	print_flags("new namespaces", p->clone_flags, b);
	print_flags("unshared by init", p->init_unshare, b);
	print_joins("joined by the stage", &p->stage_joins, b);
	print_joins("joined by init", &p->init_joins, b);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		buf_printf(b, "%s: %s\n", flags[i].key, flags[i].value ? "yes" : "no");
	buf_printf(b, "root: %s\n", enumtab_name(&launch_root_words, (int)p->root));
	buf_printf(b, "seccomp agent: %s\n", p->seccomp_agent ? p->seccomp_agent : "none");
	if (p->map_ids)
		buf_printf(b, "id maps: %s\n", enumtab_name(&launch_maps_words, (int)p->maps));
	buf_printf(b, "gate: %s\n", enumtab_name(&launch_gate_words, (int)p->gate));
	buf_printf(b, "console: %s\n", enumtab_name(&launch_console_words, (int)p->console));
}
