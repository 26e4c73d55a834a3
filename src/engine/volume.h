/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * volume: one volume as an object on disk (os/objdir), claimed by containers that are made and filled for those that start.
 *
 *     <root>/volumes/<name>/volume.json  spec/volume.h
 *     <root>/volumes/<name>/_data        what containers see
 *     <root>/volumes/<name>/filling      while an empty volume is being filled from an image; whoever meets it without the lock being held begins again
 *     <run>/volumes/<name>/<user>        of a volume with something mounted on it: who uses the mount (a container's id, or "mount" for people)
 *
 * Who changes a volume holds its lock. A container that is being made holds the locks of all its volumes, taken in the order of their names, until its
 * container.json is there, so that whoever has the lock and finds no container with the volume may remove it.
 */
#include "engine/internal.h"
#include "engine/volumes.h"

#define VOLUME_DATA "_data"

/* A volume somebody works on. */
struct volume_claim {
	struct object o;             /* locked */
	struct volume v;
	bool made;                   /* by this claim */
};
#define VOLUME_CLAIM_NONE ((struct volume_claim){ .o = OBJECT_NONE })
void volume_claim_done(struct volume_claim *c);
#define scoped_volume_claim SCOPED(volume_claim_done)

/* Opens the volume, or makes it. @flags are for a new one (OBJDIR_VOLATILE). */
int volume_claim(struct engine *en, const struct volume_request *q, unsigned flags, struct arena *a, struct volume_claim *ret, struct err *e);

/* Opens one that is there. Errors: ERR_NOT_FOUND. */
int volume_open(struct engine *en, const char *name, struct arena *a, struct volume_claim *ret, struct err *e);

int volume_save(const struct volume_claim *c, struct err *e);

/* Removes the claimed volume. Errors: ERR_CONFLICT if something is mounted inside. */
int volume_discard(struct engine *en, struct volume_claim *c, struct err *e);

/* Reads what is known of the volume behind @o. */
int volume_read(const struct object *o, const char *name, struct arena *a, struct volume *ret, struct err *e);

/*
 * Before a start: makes the volume if it has gone, mounts what belongs on it for the user @user, and fills an empty one from what the image has at
 * @m->target below @rootfs (borrowed).
 */
int volume_prepare(struct engine *en, const struct container_mount *m, int rootfs, const char *user, struct err *e);

/* Checks what a request says of driver and options. */
int volume_request_check(const struct volume_request *q, struct err *e);

/* What a mount of a container asks of its volume. */
struct volume_request volume_request_of(const struct container_mount *m);

/* Removes an anonymous volume along with the container @id; one that others have stays. Missing is fine. */
int volume_remove_with(struct engine *en, const char *name, const char *id, struct err *e);

/* Absolute path of the directory that holds the volumes. */
const char *volume_directory(const struct engine *en, struct arena *a);

/* ---- who has volumes (volume_users.c) ---- */

struct volume_user {
	const char *volume, *id, *name; /* of the container */
};
struct volume_users {
	struct volume_user *v;
	size_t n, cap;
};

/* All containers that have volumes, also those that are being made. */
int volume_users_load(struct engine *en, struct arena *a, struct volume_users *ret, struct err *e);

/* The number of containers that have it; their names, separated by ", ", into *ret_names (may be NULL). */
size_t volume_users_count(const struct volume_users *users, const char *volume, struct arena *a, const char **ret_names);

/* ---- what is mounted on volumes (volume_mount.c) ---- */

/* True if something is to be mounted on it. */
bool volume_is_mounted(const struct volume *v);

/* Checks the options of the local driver. */
int volume_options_check(const struct pairs *options, struct err *e);

/* Notes @user and mounts unless that has been done. Nothing for a plain volume. */
int volume_hold(struct engine *en, const struct volume_claim *c, const char *user, struct err *e);

/* Ends @user's use (NULL: nobody's); the last one unmounts. Takes the volume's lock unless @c has it. Nothing for a plain volume. */
void volume_let_go(struct engine *en, const char *name, const struct volume_claim *c, const char *user);

/* How many use the mount; the dead ones, whose containers are gone, do not count. */
size_t volume_mount_users(struct engine *en, const char *name);

/* Ends the use by those whose containers are gone. Returns for how many volumes. */
int volume_heal(struct engine *en);
