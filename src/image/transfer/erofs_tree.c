/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/erofs_tree.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/limits.h"

enum { BUCKETS_MIN = 1024, IMPLIED_MODE = 0755 };

/* ---- names: a hash table over (directory, name) ---- */

static size_t bucket_of(const struct erofs_tree *t, const struct erofs_inode *dir, const char *name, size_t size)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (uintptr_t)dir >> 4;

	for (size_t i = 0; i < size; i++)
		h = (h ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
	h ^= h >> 29;
	return (size_t)(h & (t->n_buckets - 1));
}

static struct erofs_name *name_find(const struct erofs_tree *t, const struct erofs_inode *dir, const char *name, size_t size)
{
	struct erofs_name *n = t->buckets[bucket_of(t, dir, name, size)];

	while (n && (n->dir != dir || n->size != size || memcmp(n->name, name, size) != 0))
		n = n->next;
	return n;
}

static void buckets_grow(struct erofs_tree *t)
{
	struct erofs_name **old = t->buckets;
	size_t n_old = t->n_buckets;

	t->n_buckets = n_old * 2;
	t->buckets = alloc_or_die(t->n_buckets * sizeof(struct erofs_name *));
	memset(t->buckets, 0, t->n_buckets * sizeof *t->buckets);
	for (size_t i = 0; i < n_old; i++) {
		for (struct erofs_name *n = old[i], *next; n; n = next) {
			struct erofs_name **to = &t->buckets[bucket_of(t, n->dir, n->name, n->size)];

			next = n->next;
			n->next = *to;
			*to = n;
		}
	}
	free(old);
}

static void name_add(struct erofs_tree *t, struct erofs_inode *dir, const char *name, size_t size, struct erofs_inode *inode)
{
	struct erofs_name *n = arena_new(&t->arena, struct erofs_name), **bucket;

	if (t->n_names >= t->n_buckets)
		buckets_grow(t);
	bucket = &t->buckets[bucket_of(t, dir, name, size)];
	*n = (struct erofs_name){ .name = arena_strndup(&t->arena, name, size), .size = size, .dir = dir, .inode = inode, .next = *bucket };
	*bucket = n;
	*vec_push(&t->arena, &dir->children) = n;
	t->n_names++;
	inode->nlink++;
	if (S_ISDIR(inode->mode)) {
		inode->parent = dir;
		dir->nlink++;
		inode->nlink = 2;
	}
}

/* A name is gone from its directory, and with a directory all names below it. Depth is bounded: see depth_check(). */
static void name_remove(struct erofs_tree *t, struct erofs_name *n)
{
	struct erofs_name **at = &t->buckets[bucket_of(t, n->dir, n->name, n->size)];
	struct erofs_inode *inode = n->inode;

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	n->inode = NULL;
	t->n_names--;
	if (!S_ISDIR(inode->mode)) {
		inode->nlink--;
		return;
	}
	n->dir->nlink--;
	VEC_EACH(struct erofs_name *, child, &inode->children)
		if ((*child)->inode)
			name_remove(t, *child);
}

static struct erofs_inode *inode_new(struct erofs_tree *t, mode_t mode)
{
	struct erofs_inode *inode = arena_new(&t->arena, struct erofs_inode);

	inode->mode = mode;
	return inode;
}

static bool is_whiteout(const struct erofs_inode *inode)
{
	return S_ISCHR(inode->mode) && inode->dev == 0;
}

/* ---- the way to a parent ---- */

struct walk {
	struct erofs_tree *t;
	bool make;      /* directories that are missing */
	int links;
};

static int path_walk(struct walk *w, struct erofs_inode *from, const char *path, size_t n, struct erofs_inode **ret);

/* The directory @name of @dir, made or put in place of a whiteout if need be. A link is resolved as after chroot into the tree. */
static int dir_enter(struct walk *w, struct erofs_inode *dir, const char *name, size_t size, struct erofs_inode **ret)
{
	struct erofs_name *n = name_find(w->t, dir, name, size);

	if (n && S_ISLNK(n->inode->mode)) {
		if (++w->links > LIMIT_LAYER_LINKS)
			return -ELOOP;
		return path_walk(w, *n->inode->target == '/' ? w->t->root : dir, n->inode->target, strlen(n->inode->target), ret);
	}
	if (n && !S_ISDIR(n->inode->mode) && !(w->make && is_whiteout(n->inode)))
		return -ENOTDIR;
	if (!n && !w->make)
		return -ENOENT;
	if (!n || !S_ISDIR(n->inode->mode)) {
		struct erofs_inode *made = inode_new(w->t, S_IFDIR | IMPLIED_MODE);

		/* It was deleted and made again as a directory: nothing of the old one shows through. */
		made->opaque = n != NULL;
		if (n)
			name_remove(w->t, n);
		name_add(w->t, dir, name, size, made);
		*ret = made;
		return 0;
	}
	*ret = n->inode;
	return 0;
}

static int path_walk(struct walk *w, struct erofs_inode *from, const char *path, size_t n, struct erofs_inode **ret)
{
	const char *end = path + n;
	int r;

	while (path < end) {
		size_t size = 0;

		while (path + size < end && path[size] != '/')
			size++;
		if (size == 2 && memcmp(path, "..", 2) == 0) {
			from = from->parent;
		} else if (size > NAME_MAX) {
			return -ENAMETOOLONG;
		} else if (size > 0 && !(size == 1 && *path == '.')) {
			r = dir_enter(w, from, path, size, &from);
			if (r < 0)
				return r;
		}
		path += size + (path + size < end);
	}
	*ret = from;
	return 0;
}

/* ---- kinds of entries ---- */

static int xattr_set(struct erofs_tree *t, struct erofs_inode *inode, const struct layer_xattr *from)
{
	const void *value = arena_memdup(&t->arena, from->value, from->size);

	for (size_t i = 0; i < inode->n_xattrs; i++) {
		struct layer_xattr *old = &inode->xattrs[i];

		if (strcmp(old->name, from->name) == 0) {
			*old = (struct layer_xattr){ old->name, value, from->size };
			return 0;
		}
	}
	/* One entry has no more (untar.c), but a directory may have many entries. */
	if (inode->n_xattrs == LIMIT_XATTRS)
		return -E2BIG;
	inode->xattrs = arena_grow(&t->arena, inode->xattrs, inode->n_xattrs, sizeof *inode->xattrs);
	inode->xattrs[inode->n_xattrs++] = (struct layer_xattr){ arena_strdup(&t->arena, from->name), value, from->size };
	return 0;
}

/* Xattrs are added to those that a directory has already. */
static int attributes_take(struct erofs_tree *t, struct erofs_inode *inode, const struct layer_entry *entry)
{
	int r = 0;

	inode->mode = (inode->mode & S_IFMT) | (entry->mode & 07777);
	inode->uid = entry->uid;
	inode->gid = entry->gid;
	inode->mtime = entry->mtime;
	for (size_t i = 0; r == 0 && i < entry->n_xattrs; i++)
		if (tree_has_xattr(entry->xattrs[i].name))
			r = xattr_set(t, inode, &entry->xattrs[i]);
	return r;
}

/* No tree gets much deeper here than extract makes it: one entry adds at most the directories of one path. */
static int depth_check(const struct erofs_inode *dir, const struct erofs_inode *root)
{
	int depth = 0;

	for (; dir != root; dir = dir->parent)
		if (++depth > LIMIT_LAYER_DEPTH)
			return -ENAMETOOLONG;
	return 0;
}

static int hardlink_find(struct erofs_tree *t, const struct layer_entry *entry, struct erofs_inode **ret)
{
	char target[LIMIT_PATH], *slash;
	struct walk w = { .t = t };
	struct erofs_inode *dir;
	struct erofs_name *n;
	int r = layer_name_clean(entry->hardlink, target);

	if (r < 0)
		return r;
	slash = strrchr(target, '/');
	r = path_walk(&w, t->root, target, slash ? (size_t)(slash - target) : 0, &dir);
	if (r < 0)
		return r;
	slash = slash ? slash + 1 : target;
	n = name_find(t, dir, slash, strlen(slash));
	if (!n)
		return -ENOENT;
	if (S_ISDIR(n->inode->mode))
		return -EPERM;
	*ret = n->inode;
	return 0;
}

/* Handles ".wh." names. Returns 1 if it was one, 0 if not. */
static int whiteout_make(struct erofs_tree *t, struct erofs_inode *dir, const char *name)
{
	const char *hidden = str_after(name, LAYER_WHITEOUT);
	struct erofs_name *n;

	if (!hidden)
		return 0;
	if (strcmp(name, LAYER_WHITEOUT_OPAQUE) == 0) {
		dir->opaque = true;
		return 1;
	}
	if (str_after(name, LAYER_WHITEOUT_META))
		return 1; /* bookkeeping of aufs */
	if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return -EINVAL;
	n = name_find(t, dir, hidden, strlen(hidden));
	/* It hides what lower layers have, never what this layer has made. */
	if (!n)
		name_add(t, dir, hidden, strlen(hidden), inode_new(t, S_IFCHR));
	else if (S_ISDIR(n->inode->mode))
		n->inode->opaque = true;
	return 1;
}

static int directory_make(struct erofs_tree *t, struct erofs_inode *dir, const char *name, const struct layer_entry *entry)
{
	size_t size = strlen(name);
	struct erofs_name *n = name_find(t, dir, name, size);
	struct erofs_inode *inode;
	bool opaque = n && is_whiteout(n->inode);

	if (n && S_ISDIR(n->inode->mode))
		return attributes_take(t, n->inode, entry);
	if (n)
		name_remove(t, n);
	inode = inode_new(t, S_IFDIR);
	inode->opaque = opaque;
	name_add(t, dir, name, size, inode);
	return attributes_take(t, inode, entry);
}

static int other_make(struct erofs_tree *t, struct erofs_inode *dir, const char *name, const struct layer_entry *entry, struct erofs_inode **ret)
{
	size_t size = strlen(name);
	struct erofs_name *n = name_find(t, dir, name, size);
	struct erofs_inode *inode;
	int r;

	if (S_ISLNK(entry->mode) && (!entry->symlink || !*entry->symlink))
		return -EINVAL;
	if (S_ISLNK(entry->mode) && strlen(entry->symlink) >= LIMIT_PATH)
		return -ENAMETOOLONG;
	if (n)
		name_remove(t, n);
	inode = inode_new(t, entry->mode & S_IFMT);
	r = attributes_take(t, inode, entry);
	if (r < 0)
		return r;
	if (S_ISLNK(entry->mode)) {
		inode->mode = S_IFLNK | 0777;
		inode->target = arena_strdup(&t->arena, entry->symlink);
		inode->size = strlen(inode->target);
		inode->n_xattrs = 0;
	} else if (S_ISREG(entry->mode)) {
		inode->size = entry->size;
		inode->content_at = entry->content_at;
		inode->sparse = entry->sparse;
		*ret = inode;
	} else {
		inode->dev = entry->dev;
		inode->n_xattrs = 0;
	}
	name_add(t, dir, name, size, inode);
	return 0;
}

static int hardlink_make(struct erofs_tree *t, struct erofs_inode *dir, const char *name, const char *path, const struct layer_entry *entry)
{
	char target[LIMIT_PATH];
	struct erofs_inode *inode;
	struct erofs_name *n;
	int r = layer_name_clean(entry->hardlink, target);

	if (r < 0 || strcmp(target, path) == 0)
		return r;
	r = hardlink_find(t, entry, &inode);
	if (r < 0)
		return r;
	n = name_find(t, dir, name, strlen(name));
	if (n) {
		name_remove(t, n);
		/* What was in the way may have held the target. */
		r = hardlink_find(t, entry, &inode);
		if (r < 0)
			return r;
	}
	name_add(t, dir, name, strlen(name), inode);
	return 0;
}

/* ---- the interface ---- */

void erofs_tree_init(struct erofs_tree *t)
{
	*t = (struct erofs_tree){ .n_buckets = BUCKETS_MIN };
	t->buckets = alloc_or_die(BUCKETS_MIN * sizeof(struct erofs_name *));
	memset(t->buckets, 0, BUCKETS_MIN * sizeof *t->buckets);
	t->root = inode_new(t, S_IFDIR | IMPLIED_MODE);
	t->root->nlink = 2;
	t->root->parent = t->root;
}

void erofs_tree_done(struct erofs_tree *t)
{
	free(t->buckets);
	arena_done(&t->arena);
}

int erofs_tree_add(struct erofs_tree *t, const struct layer_entry *entry, struct erofs_inode **ret)
{
	struct walk w = { .t = t, .make = true };
	char path[LIMIT_PATH], *name;
	struct erofs_inode *dir;
	int r = layer_name_clean(entry->path, path);

	*ret = NULL;
	if (r < 0)
		return r;
	if (!*path) {
		if (!S_ISDIR(entry->mode) || entry->hardlink)
			return -EINVAL;
		return attributes_take(t, t->root, entry);
	}
	name = strrchr(path, '/');
	r = path_walk(&w, t->root, path, name ? (size_t)(name - path) : 0, &dir);
	if (r == 0)
		r = depth_check(dir, t->root);
	if (r < 0)
		return r;
	name = name ? name + 1 : path;
	r = whiteout_make(t, dir, name);
	if (r != 0)
		return r < 0 ? r : 0;
	if (entry->hardlink)
		return hardlink_make(t, dir, name, path, entry);
	switch (entry->mode & S_IFMT) {
	case S_IFDIR:
		return directory_make(t, dir, name, entry);
	case S_IFREG:
	case S_IFLNK:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
		return other_make(t, dir, name, entry, ret);
	default:
		return 0; /* sockets and the like mean nothing in a layer */
	}
}
