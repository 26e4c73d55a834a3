/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * test_erofs: reads an image of erofs_form back, and holds it against the format as the kernel reads it: for unit tests and fuzzing. It shares nothing
 * with the writer but the structs of erofs_format.h.
 *
 * Life cycle: erofs_view_open(), then erofs_view_walk(); all it gives lives in the arena. What does not hold stands in @why.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/arena.h"
#include "base/vec.h"
#include "image/store/form.h"
#include "image/transfer/erofs_format.h"
#include "os/file.h"

/* One name of the tree. */
struct erofs_node {
	const char *path;        /* "" is the root */
	uint64_t nid, size, mtime;
	unsigned mode, uid, gid, nlink;
	unsigned major, minor;   /* of devices */
	const char *text;        /* of a link where it leads, of a file its content, if that is short */
	const char *xattrs;      /* "name=value;name=value;", in their order */
};

struct erofs_view {
	struct arena *arena;
	const unsigned char *p;
	size_t n;
	uint64_t tar;            /* bytes of it */
	uint64_t metadata_at;
	struct VEC(struct erofs_node) nodes; /* a directory before what it holds */
	const char *why;
};

enum { EROFS_VIEW_CONTENT = 1024 * 1024 };

#define HOLDS(condition)                                                \
	do {                                                            \
		if (!(condition)) {                                     \
			v->why = #condition;                            \
			return false;                                   \
		}                                                       \
	} while (0)

static inline const void *erofs_at(const struct erofs_view *v, uint64_t at, uint64_t n)
{
	return at <= v->n && n <= v->n - at ? v->p + at : NULL;
}

static inline bool erofs_view_open(struct erofs_view *v, struct arena *a, int dirfd, uint64_t tar, struct erofs_super *ret)
{
	char *text = NULL;
	size_t n = 0;
	int r = file_read(dirfd, LAYER_EROFS_FILE, 64 * 1024 * 1024, a, &text, &n);

	*v = (struct erofs_view){ .arena = a, .p = (const unsigned char *)text, .n = n, .tar = tar };
	HOLDS(r == 0);
	HOLDS(erofs_at(v, EROFS_SUPER_AT, sizeof *ret) != NULL);
	memcpy(ret, v->p + EROFS_SUPER_AT, sizeof *ret);
	HOLDS(le32toh(ret->magic) == (uint32_t)EROFS_MAGIC && ret->block_bits == EROFS_BLOCK_BITS && ret->dir_block_bits == 0);
	HOLDS((uint64_t)le32toh(ret->blocks) * EROFS_BLOCK == n);
	v->metadata_at = (uint64_t)le32toh(ret->meta_block) * EROFS_BLOCK;
	HOLDS(v->metadata_at >= LAYER_EROFS_TAR_AT + tar && v->metadata_at < n);
	return true;
}

/* One inode's attributes, from @p on. */
static inline bool erofs_xattrs_read(struct erofs_view *v, const unsigned char *p, size_t n, struct erofs_node *node)
{
	static const char *const prefixes[] = { [EROFS_XATTR_USER] = "user.", [EROFS_XATTR_TRUSTED] = "trusted.", [EROFS_XATTR_SECURITY] = "security." };

	node->xattrs = "";
	HOLDS(n == 0 || n > sizeof(struct erofs_xattr_header));
	for (size_t at = sizeof(struct erofs_xattr_header); at < n;) {
		struct erofs_xattr_entry entry;
		size_t value;

		HOLDS(n - at >= sizeof entry);
		memcpy(&entry, p + at, sizeof entry);
		value = le16toh(entry.value_size);
		HOLDS(entry.prefix < sizeof prefixes / sizeof *prefixes && prefixes[entry.prefix]);
		HOLDS(n - at >= sizeof entry + entry.name_size + value);
		at += sizeof entry;
		node->xattrs = arena_printf(v->arena, "%s%s%.*s=%.*s;", node->xattrs, prefixes[entry.prefix], entry.name_size, p + at, (int)value,
			p + at + entry.name_size);
		at = (at + entry.name_size + value + 3) / 4 * 4;
	}
	return true;
}

/* Plain: an extent of the tar, and nothing else of the image. */
static inline bool erofs_plain_read(struct erofs_view *v, uint64_t at, struct erofs_node *node)
{
	HOLDS(node->size == 0 || (at >= LAYER_EROFS_TAR_AT && at <= LAYER_EROFS_TAR_AT + v->tar && node->size <= LAYER_EROFS_TAR_AT + v->tar - at));
	if (node->size <= EROFS_VIEW_CONTENT)
		node->text = arena_strndup(v->arena, (const char *)v->p + at, node->size);
	return true;
}

/* Chunks: behind the tar, before the metadata. */
static inline bool erofs_chunks_read(struct erofs_view *v, uint64_t index_at, unsigned format, struct erofs_node *node)
{
	unsigned bits = EROFS_BLOCK_BITS + format;
	uint64_t chunk = UINT64_C(1) << bits, n = (node->size + chunk - 1) >> bits;
	char *text = node->size <= EROFS_VIEW_CONTENT ? arena_alloc(v->arena, node->size + 1) : NULL;

	HOLDS(format <= EROFS_CHUNK_FORMAT_MAX && erofs_at(v, index_at, n * 4));
	for (uint64_t i = 0; i < n; i++) {
		uint64_t from = i * chunk, length = node->size - from < chunk ? node->size - from : chunk, at;
		uint32_t block;

		memcpy(&block, v->p + index_at + 4 * i, sizeof block);
		if (le32toh(block) == EROFS_HOLE)
			continue;
		at = (uint64_t)le32toh(block) * EROFS_BLOCK;
		HOLDS(at >= LAYER_EROFS_TAR_AT + v->tar && at + length <= v->metadata_at);
		if (text)
			memcpy(text + from, v->p + at, length);
	}
	node->text = text;
	return true;
}

/* The inode @nid: ret->path is the caller's. *ret_data is where a directory's or link's bytes are. */
static inline bool erofs_inode_read(struct erofs_view *v, uint64_t nid, struct erofs_node *ret, uint64_t *ret_data)
{
	uint64_t at = v->metadata_at + nid * EROFS_SLOT, xattrs, tail;
	struct erofs_dinode d;
	unsigned layout, device;

	HOLDS(nid > 0 && erofs_at(v, at, sizeof d));
	memcpy(&d, v->p + at, sizeof d);
	layout = le16toh(d.format) >> 1;
	HOLDS((le16toh(d.format) & 1) == EROFS_EXTENDED && (layout == EROFS_PLAIN || layout == EROFS_INLINE || layout == EROFS_CHUNKED));
	xattrs = le16toh(d.xattr_count) ? sizeof(struct erofs_xattr_header) + 4u * (le16toh(d.xattr_count) - 1u) : 0;
	tail = at + sizeof d + xattrs;
	device = le32toh(d.where);
	*ret = (struct erofs_node){ .nid = nid, .size = le64toh(d.size), .mtime = le64toh(d.mtime), .mode = le16toh(d.mode), .uid = le32toh(d.uid),
		.gid = le32toh(d.gid), .nlink = le32toh(d.nlink), .text = "" };
	HOLDS(erofs_at(v, at + sizeof d, xattrs) && erofs_xattrs_read(v, v->p + at + sizeof d, xattrs, ret));
	*ret_data = layout == EROFS_INLINE ? tail : (uint64_t)le32toh(d.where) * EROFS_BLOCK;
	/* What is inline does not cross a block. */
	HOLDS(layout != EROFS_INLINE || (ret->size < EROFS_BLOCK && tail % EROFS_BLOCK + ret->size <= EROFS_BLOCK));
	switch (ret->mode & S_IFMT) {
	case S_IFREG:
		HOLDS(layout != EROFS_INLINE);
		return layout == EROFS_CHUNKED ? erofs_chunks_read(v, tail, le32toh(d.where), ret) : erofs_plain_read(v, *ret_data, ret);
	case S_IFLNK:
		HOLDS(ret->size > 0 && ret->size < 4096 && *ret_data >= v->metadata_at && erofs_at(v, *ret_data, ret->size));
		ret->text = arena_strndup(v->arena, (const char *)v->p + *ret_data, ret->size);
		HOLDS(strlen(ret->text) == ret->size);
		return true;
	case S_IFDIR:
		HOLDS(*ret_data >= v->metadata_at && erofs_at(v, *ret_data, ret->size));
		return true;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
		HOLDS(layout == EROFS_PLAIN);
		ret->major = (device & 0xfff00) >> 8;
		ret->minor = (device & 0xff) | ((device >> 12) & 0xfff00);
		return true;
	default:
		v->why = "a kind of file that the kernel knows";
		return false;
	}
}

static inline uint8_t erofs_type_of(unsigned mode)
{
	static const uint8_t types[16] = { [S_IFREG >> 12] = EROFS_REG, [S_IFDIR >> 12] = EROFS_DIR, [S_IFCHR >> 12] = EROFS_CHR, [S_IFBLK >> 12] = EROFS_BLK,
		[S_IFIFO >> 12] = EROFS_FIFO, [S_IFLNK >> 12] = EROFS_LNK };

	return types[(mode & S_IFMT) >> 12];
}

/* A directory under way. */
struct erofs_listing {
	uint64_t nid, parent;
	const char *path;
	const char *last;      /* name before */
	unsigned n_dots, n_directories;
};

static inline bool erofs_name_read(struct erofs_view *v, struct erofs_listing *l, const struct erofs_dirent *d, const char *name)
{
	struct erofs_node node;
	uint64_t data;

	HOLDS(*name && strlen(name) <= 255 && !strchr(name, '/') && (!l->last || strcmp(l->last, name) < 0));
	l->last = name;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		HOLDS(d->type == EROFS_DIR && le64toh(d->nid) == (name[1] ? l->parent : l->nid));
		l->n_dots++;
		return true;
	}
	if (!erofs_inode_read(v, le64toh(d->nid), &node, &data))
		return false;
	HOLDS(d->type == erofs_type_of(node.mode));
	l->n_directories += S_ISDIR(node.mode);
	node.path = arena_printf(v->arena, "%s%s%s", l->path, *l->path ? "/" : "", name);
	*vec_push(v->arena, &v->nodes) = node;
	return true;
}

static inline bool erofs_block_read(struct erofs_view *v, struct erofs_listing *l, const unsigned char *p, size_t n)
{
	struct erofs_dirent d, next;
	size_t count;

	HOLDS(n >= sizeof d);
	memcpy(&d, p, sizeof d);
	count = le16toh(d.name_at) / sizeof d;
	HOLDS(count > 0 && count * sizeof d == le16toh(d.name_at) && count * sizeof d < n);
	for (size_t i = 0; i < count; i++) {
		size_t end = n;
		const char *name;

		memcpy(&d, p + i * sizeof d, sizeof d);
		if (i + 1 < count) {
			memcpy(&next, p + (i + 1) * sizeof d, sizeof d);
			end = le16toh(next.name_at);
		}
		HOLDS(le16toh(d.name_at) < end && end <= n);
		name = arena_strndup(v->arena, (const char *)p + le16toh(d.name_at), end - le16toh(d.name_at));
		/* Only the last name of a block may be followed by zeros. */
		HOLDS(i + 1 == count || strlen(name) == end - le16toh(d.name_at));
		if (!erofs_name_read(v, l, &d, name))
			return false;
	}
	return true;
}

static inline bool erofs_directory_read(struct erofs_view *v, uint64_t nid, uint64_t parent, const char *path)
{
	struct erofs_listing l = { .nid = nid, .parent = parent, .path = path };
	struct erofs_node dir;
	uint64_t data;

	if (!erofs_inode_read(v, nid, &dir, &data))
		return false;
	for (uint64_t at = 0; at < dir.size; at += EROFS_BLOCK)
		if (!erofs_block_read(v, &l, v->p + data + at, dir.size - at < EROFS_BLOCK ? dir.size - at : EROFS_BLOCK))
			return false;
	HOLDS(l.n_dots == 2 && dir.nlink == 2 + l.n_directories);
	return true;
}

/* Fills nodes with the whole tree. False: something does not hold; @why says what. */
static inline bool erofs_view_walk(struct erofs_view *v, const struct erofs_super *super)
{
	struct erofs_node root;
	uint64_t data, n_inodes = 0;

	if (!erofs_inode_read(v, le16toh(super->root_nid), &root, &data))
		return false;
	HOLDS(S_ISDIR(root.mode));
	root.path = "";
	*vec_push(v->arena, &v->nodes) = root;
	/* The list grows while we walk it. */
	for (size_t i = 0; i < v->nodes.n; i++) {
		const struct erofs_node node = v->nodes.v[i];
		const char *slash = strrchr(node.path, '/');
		size_t length = slash ? (size_t)(slash - node.path) : 0;
		uint64_t parent = root.nid;
		bool first = true;

		for (size_t k = 0; k < v->nodes.n; k++) {
			if (strlen(v->nodes.v[k].path) == length && strncmp(v->nodes.v[k].path, node.path, length) == 0)
				parent = v->nodes.v[k].nid;
			first = first && (k >= i || v->nodes.v[k].nid != node.nid);
		}
		n_inodes += first;
		HOLDS(first || !S_ISDIR(node.mode));
		if (S_ISDIR(node.mode) && !erofs_directory_read(v, node.nid, parent, node.path))
			return false;
	}
	for (size_t i = 0; i < v->nodes.n; i++) {
		unsigned names = 0;

		for (size_t k = 0; k < v->nodes.n; k++)
			names += v->nodes.v[k].nid == v->nodes.v[i].nid;
		HOLDS(S_ISDIR(v->nodes.v[i].mode) || v->nodes.v[i].nlink == names);
	}
	HOLDS(n_inodes == le64toh(super->inodes));
	return true;
}

static inline const struct erofs_node *erofs_view_find(const struct erofs_view *v, const char *path)
{
	VEC_EACH(const struct erofs_node, node, &v->nodes)
		if (strcmp(node->path, path) == 0)
			return node;
	return NULL;
}
