/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * engine: containers as people mean them, on top of the image store, the network, the monitor and an OCI runtime.
 *
 * Every door (command line, CRI, Docker API) calls these functions and nothing below them. There is no daemon and no global: an engine is
 * two directories. All state is files (DESIGN.md 4); whoever works on a container holds its lock, and whoever meets one that is
 * unfinished and unlocked rolls it back first, so any process may die anywhere.
 *
 * Life cycle: engine_open() reads nothing but the two roots; parts (image store, network) open when first needed.
 * Ownership:  results live in the arena given; the engine borrows nothing after a call returns.
 * Errors:     kinds callers may match: ERR_NOT_FOUND (no such container or image), ERR_CONFLICT (name taken, wrong status, ambiguous
 *             prefix), ERR_INVALID (bad request), ERR_UNSUPPORTED. A start that failed because of the program itself carries
 *             -ENOENT (command not found) or -EACCES (not executable) and engine_exit_code() maps it to 127 or 126.
 * Threads:    one engine per thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "spec/container.h"

struct engine;
struct image_store;
struct network;
struct pull_options;

struct engine_options {
	const char *root;            /* NULL: TARE_ROOT, else /var/lib/tare */
	const char *run_root;        /* NULL: TARE_RUN, else /run/tare */
	const char *runtime;         /* NULL: TARE_RUNTIME, else tare-runtime beside us */
	const char *storage_driver;  /* NULL: TARE_STORAGE_DRIVER, else <root>/storage.json, else overlay */
	bool debug;
	const char *log_level;       /* passed on to the programs we start; NULL: quiet */
};

int engine_open(const struct engine_options *o, struct engine **ret, struct err *e);
void engine_close(struct engine *en);
static inline void engine_closep(struct engine **en)
{
	if (*en)
		engine_close(*en);
	*en = NULL;
}
#define scoped_engine SCOPED(engine_closep)

const char *engine_root(const struct engine *en);
const char *engine_run_root(const struct engine *en);

/* The image store, opened on first use. Borrowed. */
int engine_images(struct engine *en, struct image_store **ret, struct err *e);

/* Says whether a container is made of the image @id or it is mounted, and puts which into @ret_who: the image_in_use_fn of the store; @engine is a
 * struct engine. */
bool engine_image_user(void *engine, const char *id, char *ret_who, size_t size);

/* The same for those who remove: an image that a manifest list stands for is kept as well. */
bool engine_image_keeper(void *engine, const char *id, char *ret_who, size_t size);

/* ---- making and starting ---------------------------------------------------------------------------------------------------------- */

/* How an image that is not here gets here. */
struct engine_progress {
	const struct pull_options *pull; /* callbacks, credentials, TLS; NULL: quiet, with the usual credentials */
	void (*pulling)(void *arg, bool begins); /* before a pull that turned out to be needed, when it may change *pull, and after one that succeeded */
	void (*line)(void *arg, const char *text); /* "Unable to find image 'x' locally"; NULL: quiet */
	void *arg;
};

/* Standard streams of an attached client. */
struct engine_io {
	int in, out, err;            /* -EBADF: not attached */
	bool tty;                    /* the caller's terminal is put into raw mode and its size follows */
	bool sig_proxy;              /* signals this process gets go to the container */
	const char *detach_keys;     /* "ctrl-p,ctrl-q" form; NULL: that; "": none */
};

/* How an attached client came back. */
struct engine_outcome {
	int code;                    /* exit code of the container's program (128+n for a signal) */
	bool detached;               /* the person typed the detach keys: the container goes on */
	bool oom;
	bool comes_again;            /* its restart policy starts it anew: nothing was put away */
};

/* Makes a container from @q: image resolved (pulled by policy), id and name reserved, files written. Returns its id in @ret (arena). */
int container_create(struct engine *en, const struct container_request *q, const struct engine_progress *p, struct arena *a,
		const char **ret_id, struct err *e);

/* Starts a created or exited container in the background. A running one is not an error. */
int container_start(struct engine *en, const char *ref, struct err *e);

/* Starts it and stays attached until it ends or the person detaches. */
int container_start_attached(struct engine *en, const char *ref, const struct engine_io *io, struct engine_outcome *ret, struct err *e);

/* create + start + (unless @io is NULL) attach, on the short path. @ret_id is set as soon as the container exists, even on failure of start;
 * @ret is untouched when @io is NULL. A container with auto_remove that ended is gone on return. */
int container_run(struct engine *en, const struct container_request *q, const struct engine_progress *p, const struct engine_io *io,
		struct arena *a, const char **ret_id, struct engine_outcome *ret, struct err *e);

/* The exit code a command line owes for a failed create, start or run: 125 engine, 126 cannot be invoked, 127 not found. */
int engine_exit_code(const struct err *e);

/* ---- ending ------------------------------------------------------------------------------------------------------------------------ */

/* Stop signal, wait @timeout seconds (-1: its own, else 10), SIGKILL. @signal NULL: its own. Exited already: fine. */
int container_stop(struct engine *en, const char *ref, const char *signal, const int *timeout, struct err *e);

/* Stops it, if it runs, and starts it. */
int container_restart(struct engine *en, const char *ref, const char *signal, const int *timeout, struct err *e);

/* Sends @signal ("KILL", "SIGHUP", "9"; NULL: KILL). Errors: ERR_CONFLICT if it is not running. */
int container_kill(struct engine *en, const char *ref, const char *signal, struct err *e);

/* Freezes its processes where they stand, and lets them go on. Errors: ERR_CONFLICT if it does not run, is (or is not) paused. */
int container_pause(struct engine *en, const char *ref, struct err *e);
int container_unpause(struct engine *en, const char *ref, struct err *e);

/* Gives it another name. Errors: ERR_INVALID (no name, or its own), ERR_CONFLICT (taken). */
int container_rename(struct engine *en, const char *ref, const char *name, struct err *e);

/* Other limits, at once if it runs and for its next starts: those members of @limits that are not zero, of memory, CPU, block I/O and processes. */
int container_update(struct engine *en, const char *ref, const struct container_request *limits, struct err *e);

struct container_remove_options {
	bool force;                  /* running: kill first; missing: not an error */
	bool volumes;                /* its anonymous volumes too */
};
int container_remove(struct engine *en, const char *ref, const struct container_remove_options *o, struct err *e);

/* Runs its health check now. *ret_code is 0 if it is healthy. Errors: ERR_PRECONDITION it has none. */
int container_health_check(struct engine *en, const char *ref, int *ret_code, struct err *e);

/* Waits until it is not running (or until it is gone, with @removed). */
int container_wait(struct engine *en, const char *ref, bool removed, int *ret_code, struct err *e);

/* What `prune` spares. All zero: nothing. */
struct prune_filter {
	int64_t until;               /* > 0: only what was made before, seconds since 1970 */
	struct pairs labels;         /* only what has all of these; a NULL value: any value */
	struct pairs not_labels;     /* and none of these */
};

/* Removes every container that does not run. @each hears every id; @ret_bytes, if not NULL, what that made free. */
int container_prune(struct engine *en, const struct prune_filter *filter, void (*each)(void *arg, const char *id), void *arg, uint64_t *ret_bytes,
		struct err *e);

/* What the monitor's exit command calls: releases network and mounts of an ended container, keeps its exit record, removes it if --rm. */
int container_cleanup(struct engine *en, const char *ref, struct err *e);

/* ---- looking ------------------------------------------------------------------------------------------------------------------------ */

/* Everything known about one container. */
struct container_info {
	const struct container *c;
	enum container_status status;
	const struct container_state *state;    /* what it holds of the host; NULL unless it runs */
	int32_t pid;                           /* of its init; 0 unless it runs */
	const char *started;                   /* RFC 3339; NULL if it never ran */
	const struct container_exit *exit;     /* how its last run ended; NULL while it runs or if it never did */
	const struct health_state *health;     /* NULL: no check */
	uint32_t restarts;                     /* by its restart policy, since it was started */
	int64_t size_rw;                       /* bytes in upper; -1 if not asked */
};

/* The full id for a name, an id or a unique prefix of one. Errors: ERR_NOT_FOUND, ERR_CONFLICT (ambiguous). */
int container_find(struct engine *en, const char *ref, struct arena *a, const char **ret_id, struct err *e);

int container_inspect(struct engine *en, const char *ref, struct arena *a, struct container_info *ret, struct err *e);

struct container_list_options {
	bool all;                    /* also those that do not run */
	bool size;
	int last;                    /* -n: the newest n whatever their status; 0: no limit */
	struct strs filters;         /* "KEY=VALUE", see engine/filter.h */
};
/* Newest first. Damaged objects are skipped; `tare system check` names them. */
int container_list(struct engine *en, const struct container_list_options *o, struct arena *a, struct container_info **ret, size_t *ret_n,
		struct err *e);

/* Docker's inspect document of one container as JSON text (arena). */
int container_inspect_json(struct engine *en, const char *ref, bool size, struct arena *a, const char **ret, struct err *e);

/* Docker's inspect document of one image. Errors: ERR_NOT_FOUND. */
int image_inspect_json(struct engine *en, const char *ref, const char *platform, struct arena *a, const char **ret, struct err *e);

/* ---- file trees --------------------------------------------------------------------------------------------------------------------- */

enum change_kind { CHANGE_MODIFIED, CHANGE_ADDED, CHANGE_DELETED, CHANGE_KIND_COUNT };

struct container_change {
	enum change_kind kind;
	const char *path;            /* absolute, in the container */
};

/* What a container changed of its image, sorted by path. Mount points that tare itself made do not count. */
int container_diff(struct engine *en, const char *ref, struct arena *a, struct container_change **ret, size_t *ret_n, struct err *e);

/* What the last layer of an image changes, or (with @other) how @ref differs from @other; each a container or an image. */
int image_diff(struct engine *en, const char *ref, const char *other, struct arena *a, struct container_change **ret, size_t *ret_n, struct err *e);

/* Writes the container's merged tree as tar to @out (borrowed). Mounts in it are empty directories, as with docker. *ret_changed: it changed meanwhile.
 * @cancel_fd > 0: readable means stop. */
int container_export(struct engine *en, const char *ref, int out, int cancel_fd, bool *ret_changed, struct err *e);

/* An image mounted for looking at. */
struct image_mount {
	const char *id, *path;
};

/* Mounts the image's tree read-only on a directory of its own, which is the same every time. It cannot be removed meanwhile. */
int image_mount(struct engine *en, const char *ref, struct arena *a, struct image_mount *ret, struct err *e);

/* Takes it away again. Errors: ERR_CONFLICT if it is not mounted. */
int image_unmount(struct engine *en, const char *ref, struct arena *a, const char **ret_id, struct err *e);

/* All that are mounted. */
int image_mounts(struct engine *en, struct arena *a, struct image_mount **ret, size_t *ret_n, struct err *e);

struct container_commit_options {
	const char *name;            /* of the new image; NULL: none */
	const char *author, *message;
	struct strs changes;         /* Dockerfile lines, as import's */
	bool pause;                  /* freeze a running container meanwhile */
	bool squash;                 /* one layer with the whole tree */
	bool volumes;                /* the container's volumes become the image's */
	bool docker;                 /* media types of Docker's schema 2 */
	const char *compression;     /* "gzip" (NULL too), "zstd", "none" */
	int cancel_fd;               /* > 0: readable means stop */
};

/* Makes an image of a container: a layer with its changes on its image, and its configuration. Returns the id. */
int container_commit(struct engine *en, const char *ref, const struct container_commit_options *o, struct arena *a, const char **ret_id,
		bool *ret_changed, struct err *e);

/* Waits until @fd (borrowed) ends, then lets a frozen container go on: the guard of a commit, for when that dies. */
int container_thaw(struct engine *en, const char *id, int fd, struct err *e);

struct container_logs_options {
	bool follow, timestamps;
	bool details;                /* labels, environment and tag that --log-opt named */
	bool names, color;           /* of several containers: the name instead of the id before each line; colours */
	bool no_stdout, no_stderr;
	int64_t tail;                /* -1: everything */
	const char *since, *until;   /* RFC 3339, unix seconds or a duration ("10m"), NULL: open */
};
/* Prints what they wrote; several are told apart by what stands before each line. Errors: ERR_UNSUPPORTED: a driver that keeps no log. */
int container_logs(struct engine *en, const struct strs *refs, const struct container_logs_options *o, int out, int err_fd, struct err *e);

/* ---- being inside ------------------------------------------------------------------------------------------------------------------- */

int container_attach(struct engine *en, const char *ref, const struct engine_io *io, struct engine_outcome *ret, struct err *e);

struct container_exec_request {
	const char *container;
	struct strs args;
	struct strs env;             /* NAME=value, added to the container's */
	const char *user;
	const char *workdir;
	bool tty, interactive, privileged, detach;
	uint32_t preserve_fds;       /* descriptors from 3 on that the program gets, too */
};
/* Runs a program in a running container with the caller's streams. When it could not be invoked, @ret_code is 126 or 127: with an error if nobody
 * has heard of it yet, with 0 if the runtime has written the reason to the caller's stderr. */
int container_exec(struct engine *en, const struct container_exec_request *q, const struct engine_io *io, int *ret_code, struct err *e);

/* ---- the whole system ---------------------------------------------------------------------------------------------------------------- */

/* One thing that `tare system check` found. */
struct engine_finding {
	const char *object;          /* "container 3f…", "name web", "mount /run/…" */
	const char *problem;
	bool repaired;
	bool harmless;               /* space that could be free, nothing else */
};
typedef void (*engine_finding_fn)(void *arg, const struct engine_finding *f);

/* Verifies every object and link, rolls abandoned work back; with @repair also drops damaged objects. Returns the number of findings left,
 * without those that do no harm. */
int engine_check(struct engine *en, bool repair, bool digests, engine_finding_fn each, void *arg, struct err *e);
