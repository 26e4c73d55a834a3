/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * cgroup: where a container is counted, limited, frozen and killed. The one header of this folder that the rest of the runtime includes.
 *
 * Life cycle:
 *     create   cgroup_host_probe → cgroup_plan_make (pure) → cgroup_create → cgroup_limits → clone3 with cgroup_clone_fd() → the child's
 *              first act is cgroup_enter() → cgroup_record() into the state file → cgroup_close
 *     exec     cgroup_open(record) → clone3 with cgroup_clone_fd() → the child calls cgroup_enter() → cgroup_close
 *     pause    cgroup_open → cgroup_freeze
 *     delete   cgroup_open → cgroup_kill_all (only without an own pid namespace) → cgroup_remove → cgroup_close
 *     undo of create: cgroup_remove
 *     With systemd (unit.h) create begins with a conversation with it and the unit is held by a process that only waits until cgroup_settle; remove
 *     ends with another. Without, nothing of this is paid.
 *
 * Entering: a process moved by its pid makes the kernel wait for an RCU grace period (2.5 to 12 ms on the build machine). So nobody is moved:
 *     on v2 the child is born inside (CLONE_INTO_CGROUP); on v1 the still single-threaded child writes "0" to `tasks`, which takes no global
 *     lock (10 µs per hierarchy). The runtime itself never enters, so its memory is not charged to the container.
 *
 * Which directories are made: see layout.h. Only what we made is removed; the record says what that was.
 * Ownership: everything lives in the caller's arena; the file descriptors of a struct cgroup are closed by cgroup_close.
 * Errors:    sentences for people; -EOPNOTSUPP with ERR_UNSUPPORTED where a limit has no counterpart on this host.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "os/facts.h"
#include "spec/oci_runtime.h"

struct schema;
struct cgroup;      /* an open cgroup of one container: a directory per hierarchy */
struct cgroup_plan; /* what will be made and written; pure data */
struct cgroup_host; /* what this machine mounts; see layout.h */

/* What the state file remembers. Plain data, decoded and encoded by cgroup_record_schema. */
struct cgroup_record {
	const char *driver; /* "v1" "hybrid" "v2" "disabled" */
	struct pairs dirs;  /* controllers of a hierarchy ("cpu,cpuacct", "" for v2) → directory */
	struct strs made;   /* the directories that did not exist before, in the order they were made */
	const char *unit;   /* systemd's name for it; NULL: systemd does not know it */
	bool user_unit;     /* … the systemd of a user */
};
extern const struct schema cgroup_record_schema;

struct cgroup_request {
	const char *id;
	const char *cgroups_path;              /* linux.cgroupsPath; NULL: "tare-<id>" below the runtime's own cgroup */
	const struct oci_resources *resources; /* NULL: none */
	bool disabled;                         /* make nothing; any limit is then an error */
	bool systemd;                          /* a unit of systemd: cgroups_path is "slice:prefix:name" (unit.h) */
	bool rootless;                         /* … of the user's own systemd; only asked for with @systemd */
	uint32_t uid;                          /* … this user's */
	const struct pairs *annotations;       /* … with these; may be NULL without @systemd */
};

/*
 * Reads what is mounted where and where we are ourselves: one small file, and one statfs per hierarchy; mountinfo only if something
 * is in an unusual place. Fills @f->cgroup if it is not. @a must live as long as @f.
 */
int cgroup_host_probe(struct host_facts *f, struct arena *a, const struct cgroup_host **ret, struct err *e);

/* Decides driver, directories and every value to be written. Pure: touches nothing. */
int cgroup_plan_make(const struct cgroup_request *q, const struct cgroup_host *h, struct arena *a, struct cgroup_plan **ret,
		     struct err *e);

/* True if cgroup_create will make or open anything (false for the disabled driver). */
bool cgroup_plan_is_active(const struct cgroup_plan *p);

/* One line per directory and per write, for --dry-run. */
void cgroup_plan_print(const struct cgroup_plan *p, struct buf *b);

/*
 * The record of what cgroup_create is about to make, for the state file: whoever is killed in the middle of it leaves a record by which all of it
 * can be removed. What is there already is not in it.
 */
void cgroup_plan_record(const struct cgroup_plan *p, struct arena *a, struct cgroup_record *ret);

/* Makes the directories. On failure nothing that we made is left. Borrows @p until cgroup_close. */
int cgroup_create(const struct cgroup_plan *p, struct arena *a, struct cgroup **ret, struct err *e);

/* Writes the planned limits, on v1 the device rules too. Call before anything enters. */
int cgroup_limits(struct cgroup *c, struct err *e);

/* Attaches the planned device program of v2, if there is one. Errors: -EPERM for who may not load programs. */
int cgroup_device_rules(const struct cgroup *c, struct err *e);

/* The directory for CLONE_INTO_CGROUP, borrowed; -EBADF where children enter by themselves. */
int cgroup_clone_fd(const struct cgroup *c);

/*
 * Whether children may be born there: asks by one that ends at once. A process is moved only by who may write to the common ancestor of where it is and where it
 * goes, which an ordinary user outside of what systemd has delegated to him (in a login session) may not. Errors: -EACCES then.
 */
int cgroup_admits(const struct cgroup *c, struct err *e);

/* The calling process, which must have one thread, enters. Does nothing for a hierarchy that CLONE_INTO_CGROUP took care of. Allocates nothing. */
int cgroup_enter(const struct cgroup *c, struct err *e);

/*
 * Init of a new container has entered: with a small memory limit it now sees to it that no part of that will be kept in reserve for a processor it is not
 * on (see reserve.c). Who may not do that goes on without.
 */
int cgroup_empty_reserve(const struct cgroup *c, struct err *e);

/* Gives the v2 directory to another owner, as far as the kernel lets it be given (/sys/kernel/cgroup/delegate). Without one does nothing. */
int cgroup_give(const struct cgroup *c, uint32_t uid, struct err *e);

/*
 * Makes the v2 directory @name below the container's, moves the process there and hands every controller on to it. @owner (may be NULL) owns it.
 * The limits stay where they are.
 */
int cgroup_delegate(const struct cgroup *c, const char *name, pid_t pid, const uint32_t *owner, struct err *e);

/* True from cgroup_create on if cgroup_settle must be called; that is due when init is inside. */
bool cgroup_is_held(const struct cgroup *c);
void cgroup_settle(struct cgroup *c);

/* What to remember of an open cgroup. Borrows from @c's arena. */
const struct cgroup_record *cgroup_record(const struct cgroup *c);

/* Opens what the record names. A directory that is gone is skipped: delete must work after a reboot of the container's half. */
int cgroup_open(const struct cgroup_record *rec, struct arena *a, struct cgroup **ret, struct err *e);

/*
 * Goes below the container's own directories: each of @places is "[controller[,controller]:]path" of a sub-cgroup that exists. Without controllers it is
 * meant for all. Errors: ERR_INVALID for a path that leaves the container's cgroup.
 */
int cgroup_descend(struct cgroup *c, const struct strs *places, struct err *e);

/* Goes to where @pid is on v2: a container that has given its controllers to sub-cgroups takes no process itself. */
int cgroup_follow(struct cgroup *c, pid_t pid, struct err *e);

/* Stops or continues every process. Returns when the kernel says it is done. Errors: -EOPNOTSUPP without a freezer. */
int cgroup_freeze(struct cgroup *c, bool frozen, struct err *e);

/* 1 if frozen, 0 if not or not known. */
int cgroup_is_frozen(const struct cgroup *c, struct err *e);

/* Sends @sig to every process, and for SIGKILL also to those born meanwhile. */
int cgroup_kill_all(struct cgroup *c, int sig, struct err *e);

/* The processes inside, sub-cgroups included. */
struct cgroup_pids {
	pid_t *v;
	size_t n, cap;
};
int cgroup_pids(const struct cgroup *c, struct arena *a, struct cgroup_pids *ret, struct err *e);

/*
 * Removes every directory we made, sub-cgroups of the container included, waiting by events (never by naps) for processes that are dying,
 * at most CGROUP_REMOVE_MS. A directory that is already gone is fine. Errors: -EBUSY if live processes stay.
 */
enum { CGROUP_REMOVE_MS = 10000 };
int cgroup_remove(struct cgroup *c, struct err *e);

/* Closes the descriptors. NULL is fine. */
void cgroup_close(struct cgroup *c);

static inline void cgroup_closep(struct cgroup **c)
{
	cgroup_close(*c);
}
#define scoped_cgroup SCOPED(cgroup_closep)
