/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/erofs_write.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "image/transfer/erofs_format.h"

/* Inode numbers are nids, and 0 is what readdir(3) takes for a deleted entry. */
enum { FIRST_INODE_AT = 2 * EROFS_SLOT, PIECE = 256 * 1024 };

struct writer {
	struct erofs_image *image;
	struct arena arena;
	struct VEC(struct erofs_inode *) inodes; /* in the order of their places, directories before what they hold */
	uint64_t end;            /* of the plan */
	bool chunked;
	/* writing */
	unsigned char *piece;
	size_t n_piece;
	uint64_t at;             /* bytes of metadata written or in the piece */
	int failed;
};

static void writer_done(struct writer *w)
{
	arena_done(&w->arena);
	free(w->piece);
}

static uint64_t align(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

/* ---- directories: what stands in them, and how that is cut into blocks ---- */

struct dir_entry {
	const char *name;
	size_t size;
	const struct erofs_inode *inode;
};

static int by_name(const void *x, const void *y)
{
	const struct dir_entry *a = x, *b = y;
	int order = memcmp(a->name, b->name, a->size < b->size ? a->size : b->size);

	return order ? order : (a->size > b->size) - (a->size < b->size);
}

/* Sorted, with "." and ".."; the caller frees it. */
static struct dir_entry *dir_entries(const struct erofs_inode *dir, size_t *ret_n)
{
	struct dir_entry *v = alloc_or_die((dir->children.n + 2) * sizeof *v);
	size_t n = 2;

	v[0] = (struct dir_entry){ ".", 1, dir };
	v[1] = (struct dir_entry){ "..", 2, dir->parent };
	VEC_EACH(struct erofs_name *, child, &dir->children)
		if ((*child)->inode)
			v[n++] = (struct dir_entry){ (*child)->name, (*child)->size, (*child)->inode };
	qsort(v, n, sizeof *v, by_name);
	*ret_n = n;
	return v;
}

/* How many of the entries fit into one block, and how many bytes they take there. */
static size_t block_fill(const struct dir_entry *v, size_t n, size_t *ret_bytes)
{
	size_t i, bytes = 0;

	for (i = 0; i < n; i++) {
		size_t more = sizeof(struct erofs_dirent) + v[i].size;

		if (bytes + more > EROFS_BLOCK)
			break;
		bytes += more;
	}
	*ret_bytes = bytes;
	return i;
}

/* Blocks of a directory, and the bytes in it if it is a single one. */
static uint64_t dir_measure(const struct erofs_inode *dir, size_t *ret_bytes)
{
	size_t n, used;
	struct dir_entry *v = dir_entries(dir, &n);
	uint64_t blocks = 0;

	for (size_t i = 0; i < n; i += used, blocks++)
		used = block_fill(v + i, n - i, ret_bytes);
	free(v);
	return blocks;
}

/* ---- attributes ---- */

static const struct {
	const char *prefix;
	uint8_t index;
} prefixes[] = {
	{ "user.", EROFS_XATTR_USER },
	{ "trusted.", EROFS_XATTR_TRUSTED },
	{ "security.", EROFS_XATTR_SECURITY },
};

static const struct layer_xattr opaque_xattr = { "trusted.overlay.opaque", "y", 1 };

static uint8_t xattr_split(const char *name, const char **ret_rest)
{
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		*ret_rest = str_after(name, prefixes[i].prefix);
		if (*ret_rest)
			return prefixes[i].index;
	}
	return 0;
}

static size_t xattr_size(const struct layer_xattr *x)
{
	const char *rest;

	if (!xattr_split(x->name, &rest))
		return 0;
	return align(sizeof(struct erofs_xattr_entry) + strlen(rest) + x->size, 4);
}

/* Bytes of all attributes with their header, 0 if there are none. The kernel has 16 bits for a value, a byte for a name, 16 bits for the count of words. */
static int xattrs_measure(const struct erofs_inode *inode, uint32_t *ret)
{
	uint64_t bytes = inode->opaque ? xattr_size(&opaque_xattr) : 0;

	for (size_t i = 0; i < inode->n_xattrs; i++) {
		if (strlen(inode->xattrs[i].name) > XATTR_NAME_MAX || inode->xattrs[i].size > UINT16_MAX)
			return -E2BIG;
		bytes += xattr_size(&inode->xattrs[i]);
	}
	if (bytes / 4 >= UINT16_MAX)
		return -E2BIG;
	*ret = bytes ? (uint32_t)(bytes + sizeof(struct erofs_xattr_header)) : 0;
	return 0;
}

/* ---- the plan: a place for every inode, then one for every block that is not beside its inode ---- */

static uint64_t chunks_of(const struct erofs_inode *inode)
{
	return (inode->size + (UINT64_C(1) << inode->chunk_bits) - 1) >> inode->chunk_bits;
}

static int inode_place(struct writer *w, struct erofs_inode *inode)
{
	size_t dir_bytes = 0;
	uint64_t core;
	int r = xattrs_measure(inode, &inode->xattr_size);

	if (r < 0)
		return r;
	core = sizeof(struct erofs_dinode) + inode->xattr_size;
	if (S_ISLNK(inode->mode) && core + inode->size <= EROFS_BLOCK)
		inode->inline_size = (uint32_t)inode->size;
	if (S_ISDIR(inode->mode)) {
		inode->size = dir_measure(inode, &dir_bytes) * EROFS_BLOCK;
		if (inode->size == EROFS_BLOCK && core + dir_bytes <= EROFS_BLOCK)
			inode->size = inode->inline_size = (uint32_t)dir_bytes;
	}
	if (S_ISREG(inode->mode))
		w->image->bytes += inode->size;
	core += inode->inline_size;
	/* An inode and what is inline with it share one block. */
	if (w->end % EROFS_BLOCK + core > EROFS_BLOCK)
		w->end = align(w->end, EROFS_BLOCK);
	inode->nid = w->end / EROFS_SLOT;
	w->end += core;
	if (inode->sparse) {
		w->chunked = true;
		w->end += chunks_of(inode) * 4;
	}
	w->end = align(w->end, EROFS_SLOT);
	*vec_push(&w->arena, &w->inodes) = inode;
	return 0;
}

static int plan(struct writer *w, struct erofs_tree *t)
{
	int r = inode_place(w, t->root);

	/* The list grows while we walk it: breadth first, so that what a directory holds lies together. */
	for (size_t i = 0; r == 0 && i < w->inodes.n; i++) {
		const struct erofs_inode *dir = w->inodes.v[i];

		for (size_t k = 0; r == 0 && k < dir->children.n; k++)
			if (dir->children.v[k]->inode && !dir->children.v[k]->inode->nid)
				r = inode_place(w, dir->children.v[k]->inode);
	}
	VEC_EACH(struct erofs_inode *, i, &w->inodes) {
		if ((*i)->inline_size > 0 || (*i)->size == 0 || !(S_ISDIR((*i)->mode) || S_ISLNK((*i)->mode)))
			continue;
		w->end = align(w->end, EROFS_BLOCK);
		(*i)->data_at = w->end;
		w->end += (*i)->size;
	}
	w->end = align(w->end, EROFS_BLOCK);
	return r;
}

/* ---- writing ---- */

static void flush(struct writer *w)
{
	size_t done = 0;

	while (w->failed == 0 && done < w->n_piece) {
		ssize_t n = pwrite(w->image->fd, w->piece + done, w->n_piece - done, (off_t)(w->image->metadata_at + w->at - w->n_piece + done));

		if (n < 0 && errno != EINTR)
			w->failed = -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	w->n_piece = 0;
}

/* NULL: zeros. */
static void put(struct writer *w, const void *p, uint64_t n)
{
	while (n > 0) {
		size_t take = PIECE - w->n_piece < n ? PIECE - w->n_piece : (size_t)n;

		if (p) {
			memcpy(w->piece + w->n_piece, p, take);
			p = (const char *)p + take;
		} else {
			memset(w->piece + w->n_piece, 0, take);
		}
		w->n_piece += take;
		w->at += take;
		n -= take;
		if (w->n_piece == PIECE)
			flush(w);
	}
}

static void put_until(struct writer *w, uint64_t at)
{
	put(w, NULL, at - w->at);
}

static uint8_t type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return EROFS_DIR;
	case S_IFLNK:
		return EROFS_LNK;
	case S_IFCHR:
		return EROFS_CHR;
	case S_IFBLK:
		return EROFS_BLK;
	case S_IFIFO:
		return EROFS_FIFO;
	default:
		return EROFS_REG;
	}
}

static void dir_put(struct writer *w, const struct erofs_inode *dir)
{
	size_t n, used, bytes;
	struct dir_entry *v = dir_entries(dir, &n);

	for (size_t i = 0; i < n; i += used) {
		uint16_t name_at;

		used = block_fill(v + i, n - i, &bytes);
		name_at = (uint16_t)(used * sizeof(struct erofs_dirent));
		for (size_t k = i; k < i + used; k++) {
			struct erofs_dirent d = { .nid = htole64(v[k].inode->nid), .name_at = htole16(name_at), .type = type_of(v[k].inode->mode) };

			put(w, &d, sizeof d);
			name_at = (uint16_t)(name_at + v[k].size);
		}
		for (size_t k = i; k < i + used; k++)
			put(w, v[k].name, v[k].size);
		if (!dir->inline_size)
			put(w, NULL, EROFS_BLOCK - bytes);
	}
	free(v);
}

static void xattr_put(struct writer *w, const struct layer_xattr *x)
{
	struct erofs_xattr_entry entry = { 0 };
	const char *rest;

	entry.prefix = xattr_split(x->name, &rest);
	if (!entry.prefix)
		return;
	entry.name_size = (uint8_t)strlen(rest);
	entry.value_size = htole16((uint16_t)x->size);
	put(w, &entry, sizeof entry);
	put(w, rest, strlen(rest));
	put(w, x->value, x->size);
	put(w, NULL, xattr_size(x) - sizeof entry - strlen(rest) - x->size);
}

static void xattrs_put(struct writer *w, const struct erofs_inode *inode)
{
	const struct erofs_xattr_header header = { 0 };

	if (!inode->xattr_size)
		return;
	put(w, &header, sizeof header);
	if (inode->opaque)
		xattr_put(w, &opaque_xattr);
	for (size_t i = 0; i < inode->n_xattrs; i++)
		xattr_put(w, &inode->xattrs[i]);
}

/* Pieces came at rising offsets, so chunks are in order. */
static void chunks_put(struct writer *w, const struct erofs_inode *inode)
{
	uint64_t n = chunks_of(inode);
	size_t next = 0;

	for (uint64_t i = 0; i < n; i++) {
		uint32_t block = EROFS_HOLE;

		if (next < inode->chunks.n && inode->chunks.v[next].chunk == i)
			block = (uint32_t)((w->image->spool_at + inode->chunks.v[next++].at) >> EROFS_BLOCK_BITS);
		block = htole32(block);
		put(w, &block, sizeof block);
	}
}

/* The kernel's own packing of a device number into 32 bits. */
static uint32_t device_pack(dev_t dev)
{
	uint32_t major = major(dev), minor = minor(dev);

	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

static uint32_t where_of(const struct writer *w, const struct erofs_inode *inode)
{
	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		if (inode->sparse)
			return inode->chunk_bits - EROFS_BLOCK_BITS;
		return inode->size ? (uint32_t)((LAYER_EROFS_TAR_AT + inode->content_at) >> EROFS_BLOCK_BITS) : 0;
	case S_IFDIR:
	case S_IFLNK:
		return inode->inline_size ? 0 : (uint32_t)((w->image->metadata_at + inode->data_at) >> EROFS_BLOCK_BITS);
	default:
		return device_pack(inode->dev);
	}
}

static void inode_put(struct writer *w, const struct erofs_inode *inode)
{
	enum erofs_layout layout = inode->sparse ? EROFS_CHUNKED : inode->inline_size ? EROFS_INLINE : EROFS_PLAIN;
	struct erofs_dinode d = {
		.format = htole16((uint16_t)(EROFS_EXTENDED | (unsigned)layout << 1)),
		.xattr_count = htole16((uint16_t)(inode->xattr_size ? 1 + (inode->xattr_size - sizeof(struct erofs_xattr_header)) / 4 : 0)),
		.mode = htole16((uint16_t)inode->mode),
		.size = htole64(inode->size),
		.where = htole32(where_of(w, inode)),
		.ino = htole32((uint32_t)inode->nid),
		.uid = htole32(inode->uid),
		.gid = htole32(inode->gid),
		.mtime = htole64((uint64_t)inode->mtime.tv_sec),
		.mtime_nsec = htole32((uint32_t)inode->mtime.tv_nsec),
		.nlink = htole32(inode->nlink),
	};

	put_until(w, inode->nid * EROFS_SLOT);
	put(w, &d, sizeof d);
	xattrs_put(w, inode);
	if (inode->inline_size && S_ISDIR(inode->mode))
		dir_put(w, inode);
	else if (inode->inline_size)
		put(w, inode->target, inode->inline_size);
	if (inode->sparse)
		chunks_put(w, inode);
}

static void metadata_put(struct writer *w)
{
	VEC_EACH(struct erofs_inode *, i, &w->inodes)
		inode_put(w, *i);
	VEC_EACH(struct erofs_inode *, i, &w->inodes) {
		if (!(*i)->data_at)
			continue;
		put_until(w, (*i)->data_at);
		if (S_ISDIR((*i)->mode))
			dir_put(w, *i);
		else
			put(w, (*i)->target, (*i)->size);
	}
	put_until(w, w->end);
	flush(w);
}

static void super_put(struct writer *w, const struct erofs_tree *t)
{
	const struct erofs_super s = {
		.magic = htole32((uint32_t)EROFS_MAGIC),
		.compat = htole32(EROFS_COMPAT_MTIME),
		.block_bits = EROFS_BLOCK_BITS,
		.root_nid = htole16((uint16_t)t->root->nid),
		.inodes = htole64(w->inodes.n),
		.blocks = htole32((uint32_t)((w->image->metadata_at + w->end) >> EROFS_BLOCK_BITS)),
		.meta_block = htole32((uint32_t)(w->image->metadata_at >> EROFS_BLOCK_BITS)),
		.incompat = htole32(w->chunked ? EROFS_INCOMPAT_CHUNKED : 0),
	};

	if (w->failed == 0 && pwrite(w->image->fd, &s, sizeof s, EROFS_SUPER_AT) != sizeof s)
		w->failed = errno ? -errno : -EIO;
}

int erofs_write(struct erofs_image *image, struct erofs_tree *t, struct err *e)
{
	SCOPED(writer_done) struct writer w = { .image = image, .end = FIRST_INODE_AT };
	int r;

	image->bytes = 0;
	r = plan(&w, t);
	if (r < 0)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: attributes of a file are too large for EROFS");
	if ((image->metadata_at + w.end) >> EROFS_BLOCK_BITS >= EROFS_HOLE)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: the layer is too large for EROFS");
	w.piece = alloc_or_die(PIECE);
	metadata_put(&w);
	super_put(&w, t);
	return w.failed < 0 ? err_sys(e, w.failed, "write EROFS metadata") : 0;
}
