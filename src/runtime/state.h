/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * state: what a container leaves on disk, and what can be told from it.
 *
 *     <root>/<id>/state.json    the record below; written when the container is reserved (pid 0) and again when init is ready
 *     <root>/<id>/config.json   the configuration as it was at create: later changes in the bundle have no effect
 *     <root>/<id>/resources.json  linux.resources as `update` left them; not there before the first
 *     <root>/<id>/lock          held by who changes record or resources; not there before the first `update`
 *     <root>/<id>/start         the socket init listens on until `start` comes; there is no such file once it has come
 *
 * The status is never stored, it follows from facts: a process that is the recorded one (pid and start time) is alive or not, the socket is
 * there or not, the cgroup is frozen or not. So nothing needs repair after a crash.
 *
 * Ownership: records and strings are in the caller's arena; directory descriptors are the caller's.
 * Errors:    -ENOENT "container does not exist"; -EEXIST the id is taken; -EINVAL an id that is none.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/resctrl.h"
#include "runtime/root.h"
#include "spec/oci_runtime.h"

enum state_status { STATE_CREATING, STATE_CREATED, STATE_RUNNING, STATE_PAUSED, STATE_STOPPED, STATE_STATUS_COUNT };
extern const struct enumtab state_status_words;

struct state {
	const char *id;
	const char *bundle;
	const char *rootfs;
	const char *created;         /* RFC 3339 */
	int32_t pid;                 /* of init, seen from the runtime; 0 until it is ready */
	uint64_t start_ticks;
	uint32_t owner;              /* uid */
	uint32_t namespaces;         /* 1 << enum oci_ns: those that differ from the host's */
	bool own_pid;                /* init is the first of a pid namespace: nothing outlives it */
	bool poststop;               /* there are poststop hooks in config.json */
	bool terminal;
	bool keep_keyring;           /* --no-new-keyring: the session keyring is the caller's, for exec too */
	struct pairs annotations;
	struct cgroup_record cgroup;
	struct resctrl_record *resctrl; /* NULL: none */
	struct root_record *root;    /* what is mounted in a mount namespace of others; NULL: it has its own */
};
extern const struct schema state_schema;

/* The names inside <root>/<id>. */
#define STATE_FILE "state.json"
#define STATE_CONFIG "config.json"
#define STATE_START "start"
#define STATE_RESOURCES "resources.json"
#define STATE_LOCK "lock"

/* What an id may look like: letters, digits and "_+.-", not starting with a dot. */
int state_check_id(const char *id, struct err *e);

/* Opens the runtime root, making it (0711) if @make. Returns owned. Errors: -ENOENT. */
int state_open_root(const char *root, bool make, struct err *e);

/* Makes the directory of a new container. Returns it, owned. Errors: -EEXIST. */
int state_reserve(int root_fd, const char *id, struct err *e);

/* Opens the directory of a container. Returns it, owned. Errors: -ENOENT. */
int state_open(int root_fd, const char *id, struct err *e);

/* Writes the record for the first time, or replaces it in one piece. */
int state_save(int dir_fd, const struct state *s, bool replace, struct err *e);

/* Reads the record. A directory without one (its maker died, or is at it) gives a record in which only the id is known. */
int state_load(int dir_fd, const char *id, struct arena *a, struct state *ret, struct err *e);

/* Reads the configuration kept beside it. */
int state_load_config(int dir_fd, struct arena *a, struct oci_config **ret, struct err *e);

/* linux.resources as they are in force: as configured, or as `update` left them. NULL: none. */
int state_load_resources(int dir_fd, struct arena *a, struct oci_resources **ret, struct err *e);
int state_save_resources(int dir_fd, const struct oci_resources *r, struct err *e);

/*
 * Waits for the right to read, change and write what is kept of a container, which readers need not have. Returns what holds it, owned: closed, or its
 * holder dead, it is free. Errors: -ENOENT if the container is gone meanwhile.
 */
int state_lock(int dir_fd, const char *id, struct err *e);

enum state_status state_status(int dir_fd, const struct state *s, struct arena *a);

/* Removes the directory and what is in it. A missing one is fine. */
int state_remove(int root_fd, const char *id, struct err *e);

/* Writes @pid as a decimal number to the file at the absolute @path, in one piece. */
int state_write_pid_file(const char *path, pid_t pid, struct err *e);

/* Sends a pidfd (borrowed) to whoever listens at @path, with the word that tells what it is of: "standard" an init, "setns" an exec. */
int state_send_pidfd(const char *path, int pidfd, const char *word, struct err *e);

/* The state document of the specification; borrows from @s. */
struct oci_state state_document(const struct state *s, enum state_status status);

/* The same, compact, for hooks and the like. */
int state_print(const struct state *s, enum state_status status, struct buf *b);

/* What `state` and `list` print: runc's keys. @owner NULL: "". */
int state_print_full(const struct state *s, enum state_status status, const char *owner, enum json_indent indent, struct buf *b);
