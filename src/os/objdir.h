/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * objdir: the file system is the database. The only module that writes state objects.
 *
 * An objdir is a directory of objects; an object is a directory with small files in it, or one file. An object is born in one piece: made
 * under a hidden name, locked, then renamed to its own, so nobody ever sees it unlocked while its maker works on it. Its file `lock` is
 * empty until object_finish() writes "finished" into it. *Unfinished and unlocked = abandoned*: its maker died; objdir_each_abandoned() finds
 * such objects and gives them, locked, to whoever rolls them back. The lock is an OFD lock on that file: it goes with the descriptor, may be given to
 * another process with it, and dies with its last holder. An object is removed under a hidden name too, so it vanishes in one piece.
 *
 * Writes are: temporary file, fdatasync, rename, fsync of the directory. With OBJDIR_VOLATILE nothing is synced (live state under /run, --rm).
 * Names: letters, digits, '_', '.', '-', ':', '@', '+', '%', '=', ',' and not beginning with '.'; at most 255 bytes. Anything else is -EINVAL.
 * Errors: -ENOENT, -EEXIST, -EAGAIN (locked by somebody else), -errno. EINTR: retried.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/scope.h"
#include "os/file.h"

enum {
	OBJDIR_VOLATILE = 1 << 0,   /* no fsync */
	OBJDIR_HIDDEN = 32,         /* bytes of a hidden name */
};

struct objdir {
	int fd;
	unsigned flags;
};
#define OBJDIR_NONE ((struct objdir){ .fd = -9 /* -EBADF */ })

/* Opens @path below @dirfd as a directory of objects, making it and its parents (0700, parents 0711) if missing. */
int objdir_open(struct objdir *d, int dirfd, const char *path, unsigned flags);
void objdir_done(struct objdir *d);
#define scoped_objdir SCOPED(objdir_done)

/* True if @name may name an object. */
bool objdir_name_is_valid(const char *name);

/* ---- objects that are directories ---- */

struct object {
	int fd;         /* the directory, owned */
	int lock;       /* holds the lock, owned; -EBADF if not locked */
	unsigned flags; /* of the objdir; OBJDIR_VOLATILE may be set for one object alone; a finished one remembers */
};
#define OBJECT_NONE ((struct object){ .fd = -9, .lock = -9 /* -EBADF */ })

/* Closes and so unlocks. The object stays. */
void object_done(struct object *o);
#define scoped_object SCOPED(object_done)

/* Makes an unfinished object and locks it. @flags are added to those of @d. Errors: -EEXIST. */
int object_create(const struct objdir *d, const char *name, unsigned flags, struct object *ret);

/*
 * The same in two parts, for what shall take an older one's place in one moment: an object under the name @hidden alone, which goes as if its maker had
 * died until object_appear() gives it @name. @old is what has that name, locked, and goes; or NULL: nothing may have it (-EEXIST).
 */
int object_create_hidden(const struct objdir *d, unsigned flags, struct object *ret, char hidden[OBJDIR_HIDDEN]);
int object_appear(const struct objdir *d, const char *hidden, const char *name, const struct object *o, const struct object *old);

/* Opens without locking: reading whole files is always consistent, since they are replaced in one piece. Errors: -ENOENT. */
int object_open(const struct objdir *d, const char *name, struct object *ret);

/* Opens and locks. Errors: -EAGAIN (try); -ENOENT also if it was removed while we waited. */
int object_open_locked(const struct objdir *d, const char *name, bool wait, struct object *ret);

/* Reads and replaces one file of the object. object_write needs the lock if others write too. */
int object_read(const struct object *o, const char *file, size_t max, struct arena *a, char **ret, size_t *ret_n);
int object_write(const struct object *o, const char *file, const void *p, size_t n);

/* Finished: the object is whole and survives its maker. Needs the lock (-EBADF). */
int object_finish(const struct object *o);
bool object_is_finished(const struct object *o);

/* Removes it with all that is in it. @o must be locked (-EBADF); it stays open. Errors: -EXDEV if another mount stands inside: what is left waits under a hidden name for the sweep of objdir_each_abandoned. */
int object_remove(const struct objdir *d, const char *name, const struct object *o);

/* ---- objects that are one file ---- */

int objdir_read(const struct objdir *d, const char *name, size_t max, struct arena *a, char **ret, size_t *ret_n);
int objdir_write(const struct objdir *d, const char *name, const void *p, size_t n);
int objdir_create(const struct objdir *d, const char *name, const void *p, size_t n); /* Errors: -EEXIST: an atomic reservation with contents */
int objdir_remove(const struct objdir *d, const char *name);                          /* Errors: -ENOENT */

/* ---- reservations: names that point at objects ---- */

/* Links @name to @target in one atomic step. @flags are added to those of @d. Errors: -EEXIST. */
int objdir_link(const struct objdir *d, const char *name, const char *target, unsigned flags);
int objdir_link_read(const struct objdir *d, const char *name, struct arena *a, char **ret);

/*
 * Removes the link if it (still) points at @target; otherwise leaves it and returns 0. Never synced: a link that comes back after a crash leads to
 * nothing, and whoever wants its name finds that out.
 */
int objdir_unlink(const struct objdir *d, const char *name, const char *target);

/* ---- all of them ---- */

/* Calls @fn with each visible name; non-zero stops. Objects may come and go meanwhile. */
typedef int (*objdir_each_fn)(void *arg, const char *name);
int objdir_each(const struct objdir *d, objdir_each_fn fn, void *arg);

/* Calls @fn with each abandoned object, locked by us (borrowed), and sweeps hidden leftovers of dead makers and removers. */
typedef int (*objdir_abandoned_fn)(void *arg, const char *name, const struct object *o);
int objdir_each_abandoned(const struct objdir *d, objdir_abandoned_fn fn, void *arg);
