/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * volumes: what the commands about volumes ask for. A volume is a directory that outlives containers, `<root>/volumes/<name>/_data`; with options of the
 * local driver (type, device, o) something is mounted on it as long as anybody uses it.
 *
 * Errors: ERR_NOT_FOUND "no such volume: x"; ERR_CONFLICT in use, with the names of who has it; ERR_INVALID; ERR_UNSUPPORTED (another driver).
 */
#include "engine/engine.h"
#include "spec/volume.h"

struct volume_request {
	const char *name;            /* NULL: 64 hexadecimal digits are made up, and it is anonymous */
	const char *driver;          /* NULL: local */
	struct pairs labels, options;
	bool must_be_new;            /* one that is there is an error (ERR_EXISTS), whatever it is like */
};

/* Makes a volume. One that is there with the same options (or if none are asked for) is fine. */
int volume_create(struct engine *en, const struct volume_request *q, struct arena *a, const char **ret_name, struct err *e);

struct volume_info {
	struct volume v;
	const char *mountpoint;      /* absolute */
	size_t links;                /* containers that have it; only counted with volume_list_options.links */
	size_t mounts;               /* users of what is mounted on it */
};

struct volume_list_options {
	struct strs filters;         /* dangling= driver= label= name= opt= scope= until= after= since= */
	bool links;
};

/* By name. */
int volume_list(struct engine *en, const struct volume_list_options *o, struct arena *a, struct volume_info **ret, size_t *ret_n, struct err *e);

int volume_inspect(struct engine *en, const char *name, struct arena *a, struct volume_info *ret, struct err *e);

/* Docker's inspect document as JSON text (arena). */
int volume_inspect_json(struct engine *en, const char *name, struct arena *a, const char **ret, struct err *e);

/* Removes it. @missing_ok: one that is not there is fine. */
int volume_remove(struct engine *en, const char *name, bool missing_ok, struct err *e);

/* Removes volumes that no container has: those that nobody named, or @all. @each hears every name; *ret_bytes grows by what that made free. */
int volume_prune(struct engine *en, bool all, const struct prune_filter *filter, void (*each)(void *arg, const char *name), void *arg, uint64_t *ret_bytes,
		struct err *e);

/* Its contents as plain tar to @out (a file, a pipe; borrowed); a tar, compressed or not, from @in over what is in it. @cancel_fd > 0: readable means stop. */
int volume_export(struct engine *en, const char *name, int out, int cancel_fd, struct err *e);
int volume_import(struct engine *en, const char *name, int in, int cancel_fd, struct err *e);

/* Keeps what is to be mounted on it mounted until volume_unmount(); a plain volume is always there. Returns where (arena). */
int volume_mount(struct engine *en, const char *name, struct arena *a, const char **ret, struct err *e);
int volume_unmount(struct engine *en, const char *name, struct err *e);
