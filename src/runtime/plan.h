/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * plan: how a container will be launched, decided before anything is touched.
 *
 * launch_plan_make() is a pure function of the configuration, the options and the facts of the host, so every awkward combination is a unit
 * test without root. The roles (launch_parent, launch_stage, launch_init) and the step tables only read it: nobody decides twice.
 *
 * Who enters which namespace, and why:
 *   - new namespaces come from one clone3 of init, the user namespace first by the kernel's own rule, so it owns the others;
 *   - but a new cgroup namespace is unshared by init itself, after it has entered its cgroup: the root of the namespace is where its maker stands;
 *   - and a new time namespace with offsets too: they are written while nobody is inside, then init goes where its children would be born;
 *   - joining a pid namespace takes effect for children only; a joined user namespace must own what is new; and inside a new user namespace nothing
 *     else may be joined any more. In these cases a stage process stands between parent and init: it joins with the rights it still has and
 *     clones init as the parent's child (CLONE_PARENT). The parent itself never changes, so hooks run where it runs;
 *   - else what is to be joined is joined by init, and there is no stage.
 *   - root of the host joins the user namespace last (it may enter all others), anybody else first (only then may it enter the others);
 *   - a mount namespace that is not new is others', too, be it the caller's or a joined one: nothing there is pivoted or made to propagate otherwise. The
 *     tree becomes init's root by chroot, and goes when the container is deleted (root.h). What cannot be promised there is refused.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "os/facts.h"
#include "os/ns.h"
#include "os/subid.h"
#include "runtime/lsm.h"
#include "spec/oci_runtime.h"

/* Where init waits between "ready" and the program. */
enum launch_gate {
	LAUNCH_GATE_SYNC,   /* `run`: the parent says START on the sync socket */
	LAUNCH_GATE_SOCKET, /* `create`: init listens on <state>/start */
	LAUNCH_GATE_COUNT,
};
extern const struct enumtab launch_gate_words;

/* Where the master of the container's terminal goes. */
enum launch_console {
	LAUNCH_CONSOLE_NONE,
	LAUNCH_CONSOLE_SOCKET, /* --console-socket */
	LAUNCH_CONSOLE_RELAY,  /* the parent of a foreground `run` pumps it to its own terminal */
	LAUNCH_CONSOLE_COUNT,
};
extern const struct enumtab launch_console_words;

/* Who writes the id maps of a new user namespace. */
enum launch_maps {
	LAUNCH_MAPS_WRITE,  /* the parent, who has the right to map what it has */
	LAUNCH_MAPS_SINGLE, /* the parent, an ordinary user who maps nobody but himself; the kernel wants setgroups denied for it */
	LAUNCH_MAPS_TOOLS,  /* newuidmap and newgidmap, for an ordinary user with ids of /etc/subuid */
	LAUNCH_MAPS_COUNT,
};
extern const struct enumtab launch_maps_words;

/* How the container's tree becomes its root. */
enum launch_root {
	LAUNCH_ROOT_PIVOT,
	LAUNCH_ROOT_MOVE,   /* --no-pivot */
	LAUNCH_ROOT_CHANGE, /* chroot: the mount namespace is others', too */
	LAUNCH_ROOT_COUNT,
};
extern const struct enumtab launch_root_words;

struct launch_join {
	enum ns_kind kind;
	const char *path;
};
struct launch_joins {
	struct launch_join v[NS_COUNT];
	size_t n;
};

/* What the command line says and the plan depends on. */
struct launch_choice {
	bool run;            /* `run` rather than `create` */
	bool detach;
	bool console_socket;
	bool no_pivot;
	const char *seccomp_receiver; /* RUN_OCI_SECCOMP_RECEIVER, or NULL */
	uint32_t euid, egid;
	const struct subid_ranges *subuids, *subgids; /* of an ordinary user; NULL: not looked up */
};

struct launch_plan {
	uint64_t clone_flags;          /* CLONE_NEW* init is born into */
	uint64_t init_unshare;         /* CLONE_NEWCGROUP, after entering the cgroup; CLONE_NEWTIME with offsets; CLONE_NEWIPC, with mapped ids */
	struct launch_joins stage_joins;
	struct launch_joins init_joins;
	bool stage;                    /* a process between parent and init */
	bool userns;                   /* init lives in a user namespace that is not the host's: devices are bound, not made */
	bool map_ids;                  /* … and it is new: the parent says MAPPED when the maps are written */
	bool auto_userns;              /* … though nobody asked: an ordinary user can do nothing without one */
	enum launch_maps maps;
	struct lsm_mount mount_label;  /* of new file systems; none where SELinux is off */
	bool keep_groups;              /* supplementary groups stay those of the caller (run.oci.keep_original_groups) */
	bool parent_opens;             /* the parent opens rootfs and bind sources: container root may not reach them, and they are where the parent is */
	bool late_dumpable;            /* not root: maps can only be written while the child is dumpable */
	bool seccomp_early;            /* the filter needs CAP_SYS_ADMIN, which the program will not have */
	const char *seccomp_agent;     /* the socket of who answers the filter's questions, or NULL: it has none */
	bool hooks_runtime;            /* prestart or createRuntime: init stops at ROOTFS_READY until GO_ON */
	enum launch_root root;
	uint32_t namespaces;           /* 1 << enum oci_ns of all made or joined */
	enum launch_gate gate;
	enum launch_console console;
	struct ns_id_map *uid_map;
	size_t n_uid_map;
	struct ns_id_map *gid_map;
	size_t n_gid_map;
};

/* Decides. Errors: ERR_INVALID for combinations that make no sense, ERR_UNSUPPORTED for those this host or program cannot do. */
int launch_plan_make(const struct oci_config *c, const struct launch_choice *choice, struct host_facts *facts, struct arena *a,
	struct launch_plan *ret, struct err *e);

/* Only whose ids are whose: for what is done to a container that runs already. */
int launch_plan_ids(const struct oci_config *c, struct arena *a, struct launch_plan *ret, struct err *e);

/* The rows of a map as the kernel wants them. */
struct ns_id_map *launch_plan_map(const struct oci_id_mapping *m, size_t n, struct arena *a);

/* The path of the namespace of that kind that is joined, or NULL. */
const char *launch_plan_joined(const struct launch_plan *p, enum ns_kind kind);

/* True if the annotations ask to keep the caller's groups. */
bool launch_keeps_groups(const struct pairs *annotations);

/* True for an ordinary user whose configuration has no user namespace: the plan wants to know his ids. */
bool launch_wants_subids(const struct oci_config *c, uint32_t euid);

/* One "key: value" line per decision, for --dry-run. */
void launch_plan_print(const struct launch_plan *p, struct buf *b);
