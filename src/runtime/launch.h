/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * launch: a container is born.
 *
 * launch_create() does what `create` and the first half of `run` do: it reads and checks the bundle, plans, walks create_steps (steps_create.c) and
 * returns when init waits behind its gate. Init is a copy of this process (clone3 without CLONE_VM), so it finds everything the parent decided in
 * its own memory; it walks init_steps (steps_init.c), then program_steps.
 *
 *     parent  launch_parent.c, steps_create.c      stage  launch_stage.c, only if the plan says so      init  launch_init.c, steps_init.c
 *
 * Ownership: the context and its strings live in the caller's arena; launch_done() closes its descriptors.
 */
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/step.h"
#include "os/facts.h"
#include "os/proc.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/hooks.h"
#include "runtime/mounts/mounts.h"
#include "runtime/netdev.h"
#include "runtime/notify.h"
#include "runtime/plan.h"
#include "runtime/program.h"
#include "runtime/seccomp/filter.h"
#include "runtime/state.h"
#include "runtime/terminal.h"

/* What the command line says. */
struct launch_options {
	const char *root;           /* directory of the states */
	const char *id;
	const char *bundle;
	const char *config;         /* NULL: <bundle>/config.json */
	const char *pid_file;       /* NULL: none */
	const char *console_socket; /* NULL: none */
	const char *pidfd_socket;   /* NULL: none */
	const char *notify_socket;  /* of the service manager; NULL: none */
	uint32_t listen_fds;        /* sockets of LISTEN_FDS: the first of what is passed on, from 3 */
	uint32_t preserve_fds;      /* what comes after them */
	struct opt_bool rootless;   /* go on without a cgroup we may not make; not set: if we are not root of the host */
	bool run, detach, keep;
	bool no_pivot, no_new_keyring, no_subreaper;
	bool systemd_cgroup, no_cgroup;
};

struct launch {
	/* given, or decided before the first step; nobody changes them later */
	const struct launch_options *opts;
	struct arena *a;
	const struct oci_config *config;
	struct str config_text;
	const char *bundle;              /* absolute */
	const char *rootfs;              /* absolute */
	const char *pid_file;            /* absolute, or NULL */
	const char *config_path;         /* absolute, or in the bundle */
	struct launch_plan plan;
	struct host_facts *facts;
	struct cgroup_plan *cgroup_plan;
	bool gives_cgroup;               /* … the container's v2 directory to cgroup_owner (delegation.h) */
	uint32_t cgroup_owner;
	const char *delegated;           /* the level below its limits where it lives, or NULL */
	struct mount_jobs mounts;
	int root_fd;                     /* the runtime root */

	/* written by a step of the parent, read by later ones and by init */
	int dir_fd;                      /* <root>/<id>: state.reserve */
	struct state state;              /* state.reserve, state.publish */
	struct cgroup *cgroup;           /* cgroup.create */
	const struct filter_program *seccomp; /* seccomp.prepare */
	struct hook_output hook_output;  /* hooks.output */
	int console_sock;                /* console.connect */
	int procfd;                      /* procfs.open: a private one that sees the host's processes */
	int gate;                        /* gate.listen: the socket init listens on */
	int tree;                        /* rootfs.open: the container's tree, detached; by init if the plan says so */
	int sync_parent, sync_init;      /* sync.open */
	struct proc init;                /* init.spawn */
	struct netdev_moves devices;     /* net.devices */
	struct terminal terminal;        /* console.receive; in init: console.make */
	struct notify notify;            /* notify.open: only `run` */

	/* written by steps of init */
	struct mount_roots roots;        /* mounts.apply */
	struct program program;
};

/*
 * Reads, plans, creates. On failure nothing is left. On success init waits: for START on l->sync_parent (`run`), or for `start` (`create`).
 * With @dry_run not NULL the plan is printed there and nothing is touched.
 */
int launch_create(const struct launch_options *opts, struct arena *a, struct launch *ret, struct buf *dry_run, struct err *e);

/* Lets init of a `run` go on, and hears whether the program was executed. */
int launch_start(struct launch *l, struct err *e);

/* Closes what the context holds; the container lives on. */
void launch_done(struct launch *l);
#define scoped_launch SCOPED(launch_done)

/*
 * Lets the init of a created container go on (`start`), runs the poststart hooks, waits for READY if a manager wants to hear it (NULL: none). A hook
 * that fails there is the end of the container, as the specification wants: it is destroyed, and its poststop hooks run.
 */
int launch_start_created(const char *root, const char *id, const char *notify_socket, struct arena *a, struct err *e);

/* ---- between the roles, and for who brings a container up in another way (checkpoint/restore.c) ---- */

/* A context that holds nothing yet. */
void launch_init(const struct launch_options *o, struct arena *a, struct launch *ret);

/* Goes to the bundle, reads, checks and plans; touches nothing. */
int launch_prepare(struct launch *l, struct err *e);

/* Clones init (through a stage if planned). In the parent l->init is set; the child never returns. */
int launch_spawn(struct launch *l, struct err *e);

/* Joins what the list says, all opened before the first is joined. */
int launch_join(const struct launch_joins *j, struct err *e);

/* The bodies of the other two roles. They end the process. */
_Noreturn void launch_stage_main(struct launch *l);
_Noreturn void launch_init_main(struct launch *l);

extern const struct step create_steps[];
extern const size_t n_create_steps;
extern const struct step init_steps[];
extern const size_t n_init_steps;
