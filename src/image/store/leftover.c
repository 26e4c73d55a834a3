/* SPDX-License-Identifier: Apache-2.0 */
#include "image/store/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"

struct visit {
	const struct image_store *store;
	leftover_fn fn;
	void *arg;
	const char *path;           /* of the directory that is listed */
	enum content_lock lock;     /* of what lies in it */
	const struct objdir *objects;
	time_t older;               /* > 0: only what was not written to since then */
};

int leftover_remove(const struct leftover *l)
{
	return l->objects ? object_remove(l->objects, l->name, l->object) : dir_remove_tree(l->dirfd, l->name);
}

/* ---- ingest directories ---- */

/* What it is about, as a digest whose algorithm nobody asks for: "gone-<hex>", "<hex>.<random>" and "<hex>" all go with <hex>. */
static struct content_name owner_of(const char *name)
{
	const char *rest = str_after(name, CONTENT_GONE);
	struct content_name owner;

	if (!rest)
		rest = name;
	snprintf(owner.s, sizeof owner.s, "any:%.*s", (int)strcspn(rest, "."), rest);
	return owner;
}

static bool is_older(int dirfd, const char *name, time_t than)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mtime < than;
}

static int ingest_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	const struct visit *v = arg;
	const struct content_name owner = owner_of(name);
	char path[LIMIT_PATH];
	struct stat st;
	int lock;

	if (v->older && !is_older(dirfd, name, v->older))
		return 0;
	lock = content_lock(v->store, v->lock, owner.s, FILE_LOCK_EXCLUSIVE, false);
	if (lock < 0)
		return 0; /* somebody works on it */
	snprintf(path, sizeof path, "%s/%s", v->path, name);
	/* Its owner may have come and gone in between. */
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (!v->older || st.st_mtime < v->older))
		v->fn(v->arg, &(struct leftover){ .path = path, .dirfd = dirfd, .name = name });
	content_unlock(v->store, v->lock, owner.s, lock);
	return 0;
}

/* ---- objects ---- */

static int object_visit(void *arg, const char *name, const struct object *o)
{
	const struct visit *v = arg;
	char path[LIMIT_PATH];

	snprintf(path, sizeof path, "%s/%s", v->path, name);
	v->fn(v->arg, &(struct leftover){ .path = path, .dirfd = v->objects->fd, .name = name, .objects = v->objects, .object = o });
	return 0;
}

/* Those that never had a name go without a word. */
static int artifacts_each(struct visit *v)
{
	scoped_objdir struct objdir d = { .fd = dir_open(v->store->root_fd, "artifacts") };

	if (d.fd < 0)
		return d.fd == -ENOENT ? 0 : d.fd;
	v->path = "artifacts";
	v->objects = &d;
	return objdir_each_abandoned(&d, object_visit, v);
}

/* ---- writers' files ---- */

static int temporary_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	const struct visit *v = arg;

	if (tmp_file_is_abandoned(dirfd, name))
		v->fn(v->arg, &(struct leftover){ .path = name, .dirfd = dirfd, .name = name });
	return 0;
}

static int temporaries_each(struct visit *v)
{
	static const char *const dirs[] = { ".", "images", "layers", "lists" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(dirs); i++) {
		scoped_fd int fd = dir_open(v->store->root_fd, dirs[i]);

		r = fd >= 0 ? dir_each(fd, temporary_visit, v) : fd == -ENOENT ? 0 : fd;
	}
	return r;
}

/* ---- locks ---- */

/* Lock files without a holder mean nothing. */
static int lock_visit(void *arg, int dirfd, const char *name, unsigned char type)
{
	scoped_fd int fd = lock_file_try(dirfd, name, FILE_LOCK_EXCLUSIVE);

	if (fd >= 0)
		unlinkat(dirfd, name, 0);
	return 0;
}

/* ---- the interface ---- */

int leftovers_each(const struct image_store *s, leftover_fn fn, void *arg, struct err *e)
{
	struct visit v = { .store = s, .fn = fn, .arg = arg, .path = "blobs/ingest", .lock = CONTENT_LOCK_BLOB };
	int r = dir_each(s->ingest_fd, ingest_visit, &v);

	v.path = "layers/ingest";
	v.lock = CONTENT_LOCK_LAYER;
	if (r == 0)
		r = dir_each(s->layer_ingest_fd, ingest_visit, &v);
	if (r == 0)
		r = artifacts_each(&v);
	if (r == 0)
		r = temporaries_each(&v);
	if (r == 0)
		r = dir_each(s->locks_fd, lock_visit, NULL);
	return r < 0 ? err_sys(e, r, "list what interrupted work left in '%s'", s->root) : 0;
}

static void expire(void *arg, const struct leftover *l)
{
	leftover_remove(l);
}

void leftovers_expire(const struct image_store *s)
{
	struct visit v = { .store = s, .fn = expire, .path = "blobs/ingest", .lock = CONTENT_LOCK_BLOB, .older = time(NULL) - LIMIT_PARTIAL_BLOB_S };

	dir_each(s->ingest_fd, ingest_visit, &v);
}
