/* SPDX-License-Identifier: Apache-2.0 */
/*
 * erofs_form: a layer that is not unpacked. Its tar goes into a file as it comes, the tree is kept in memory, and at the end an EROFS index into the tar is
 * written behind it: no work per file but remembering its name. The file is "layer.erofs" in the layer's directory.
 *
 * Sparse files are the exception: their pieces do not lie in the tar as the kernel would need them. They go to a second file, cut into chunks, which is
 * put behind the tar at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "image/store/form.h"
#include "image/store/layer_file.h"
#include "image/transfer/erofs_format.h"
#include "image/transfer/erofs_write.h"
#include "image/transfer/unpack.h"
#include "os/fd.h"

enum {
	WRITE_BEHIND = 8 * 1024 * 1024,
	CHUNK_BITS_MIN = 12,
	CHUNKS_MAX = 1024,         /* of one sparse file: the index has 4 bytes for each, also for holes */
	PAGE = 4096,
};
#define SPOOL_NAME "spool"

struct erofs_form {
	int dirfd, fd, spool;
	int failed;                /* of opening */
	uint64_t tar_size, flushed;
	uint64_t spool_size;
	struct erofs_tree tree;
	const struct layer_entry *entry;
	struct erofs_inode *file;  /* being filled, if sparse */
};

static void *form_open(int dirfd)
{
	struct erofs_form *f = alloc_or_die(sizeof *f);

	*f = (struct erofs_form){ .dirfd = dirfd, .spool = -EBADF };
	erofs_tree_init(&f->tree);
	f->fd = openat(dirfd, LAYER_EROFS_FILE, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	f->failed = f->fd < 0 ? -errno : 0;
	return f;
}

static void form_close(void *self)
{
	struct erofs_form *f = self;

	erofs_tree_done(&f->tree);
	fd_close(f->fd);
	fd_close(f->spool);
	free(f);
}

static int bytes_put(int fd, const char *p, size_t n, uint64_t at)
{
	while (n > 0) {
		ssize_t done = pwrite(fd, p, n, (off_t)at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		p += done;
		n -= (size_t)done;
		at += (uint64_t)done;
	}
	return 0;
}

static int form_raw(void *self, const void *p, size_t n, struct err *e)
{
	struct erofs_form *f = self;
	uint64_t end = LAYER_EROFS_TAR_AT + f->tar_size + n;
	int r = f->failed ? f->failed : bytes_put(f->fd, p, n, LAYER_EROFS_TAR_AT + f->tar_size);

	if (r < 0)
		return err_sys(e, r, "write layer");
	f->tar_size += n;
	if (end - f->flushed >= WRITE_BEHIND) {
		sync_file_range(f->fd, (off_t)f->flushed, (off_t)(end - f->flushed), SYNC_FILE_RANGE_WRITE);
		f->flushed = end;
	}
	return 0;
}

/* ---- sparse files ---- */

/* No file is larger than LIMIT_BLOB (untar.c), so the exponent fits where it goes. */
_Static_assert(LIMIT_BLOB >> (EROFS_BLOCK_BITS + EROFS_CHUNK_FORMAT_MAX) < CHUNKS_MAX, "chunks of the largest file");

static uint8_t chunk_bits_for(uint64_t size)
{
	uint8_t bits = CHUNK_BITS_MIN;

	while (size >> bits >= CHUNKS_MAX)
		bits++;
	return bits;
}

static int spool_open(struct erofs_form *f)
{
	if (f->spool >= 0)
		return 0;
	f->spool = openat(f->dirfd, SPOOL_NAME, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return f->spool < 0 || unlinkat(f->dirfd, SPOOL_NAME, 0) < 0 ? -errno : 0;
}

/* The part of a piece that lies in one chunk. A chunk gets its place in the spool with its first byte; the rest of it stays a hole there. */
static int chunk_put(struct erofs_form *f, const char *p, size_t n, uint64_t offset)
{
	struct erofs_inode *file = f->file;
	uint64_t size = UINT64_C(1) << file->chunk_bits, chunk = offset >> file->chunk_bits;

	if (file->chunks.n == 0 || file->chunks.v[file->chunks.n - 1].chunk != chunk) {
		*vec_push(&f->tree.arena, &file->chunks) = (struct erofs_chunk){ (uint32_t)chunk, f->spool_size };
		f->spool_size += size;
	}
	return bytes_put(f->spool, p, n, file->chunks.v[file->chunks.n - 1].at + offset % size);
}

static int form_data(void *self, const void *data, size_t n, uint64_t offset, struct err *e)
{
	struct erofs_form *f = self;
	const char *p = data;
	int r;

	if (!f->file || n == 0)
		return 0;
	if (offset + n > f->file->size || offset + n < offset)
		return err_set(e, ERR_INVALID, "'%.200s': sparse map is longer than the file", f->entry->path);
	if (f->file->chunks.n > 0 && f->file->chunks.v[f->file->chunks.n - 1].chunk > offset >> f->file->chunk_bits)
		return err_set(e, ERR_INVALID, "'%.200s': sparse map is not in order", f->entry->path);
	r = spool_open(f);
	while (r == 0 && n > 0) {
		uint64_t left = (UINT64_C(1) << f->file->chunk_bits) - offset % (UINT64_C(1) << f->file->chunk_bits);
		size_t take = n < left ? n : (size_t)left;

		r = chunk_put(f, p, take, offset);
		p += take;
		n -= take;
		offset += take;
	}
	return r < 0 ? err_sys(e, r, "write '%.200s'", f->entry->path) : 0;
}

/* Behind the tar, data only: what is a hole in the spool is one in the layer. */
static int spool_append(struct erofs_form *f, uint64_t to)
{
	off_t from = 0, end;

	if (f->spool < 0)
		return 0;
	while ((from = lseek(f->spool, from, SEEK_DATA)) >= 0) {
		off_t out = (off_t)to + from;

		end = lseek(f->spool, from, SEEK_HOLE);
		if (end < 0)
			return -errno;
		while (from < end) {
			ssize_t n = copy_file_range(f->spool, &from, f->fd, &out, (size_t)(end - from), 0);

			if (n <= 0)
				return n < 0 ? -errno : -EIO;
		}
	}
	return errno == ENXIO ? 0 : -errno;
}

/* ---- entries ---- */

static int form_begin(void *self, const struct layer_entry *entry, struct err *e)
{
	struct erofs_form *f = self;
	int r;

	f->entry = entry;
	f->file = NULL;
	r = layer_entry_check(f->tree.n_names, &f->tree.arena, e);
	if (r < 0)
		return r;
	r = erofs_tree_add(&f->tree, entry, &f->file);
	if (r < 0)
		return layer_entry_failed(entry, r, e);
	if (f->file && f->file->sparse)
		f->file->chunk_bits = chunk_bits_for(f->file->size);
	else if (f->file && f->file->size > 0 && f->file->content_at % EROFS_BLOCK != 0)
		return err_set(e, ERR_CORRUPT, "'%.200s': content is not on a block of the archive", entry->path);
	if (f->file && !f->file->sparse)
		f->file = NULL;
	return 0;
}

static int form_end(void *self, struct err *e)
{
	return 0;
}

static int form_finish(void *self, struct unpacked *ret, struct err *e)
{
	struct erofs_form *f = self;
	struct erofs_image image = { .fd = f->fd };
	int r = f->failed;

	image.spool_at = (LAYER_EROFS_TAR_AT + f->tar_size + PAGE - 1) / PAGE * PAGE;
	image.metadata_at = image.spool_at + f->spool_size;
	if (r == 0)
		r = spool_append(f, image.spool_at);
	if (r < 0)
		return err_sys(e, r, "write layer");
	r = erofs_write(&image, &f->tree, e);
	if (r < 0)
		return r;
	/* Whether the root is opaque is known to the store, as with a tree: it then leaves out what is below. */
	*ret = (struct unpacked){ .entries = f->tree.n_names, .bytes = image.bytes, .tar = f->tar_size };
	r = layer_file_rest(f->fd, f->tar_size, &ret->sum);
	if (r < 0)
		return err_sys(e, r, "read layer");
	if (f->tree.root->opaque)
		strs_push(&f->tree.arena, &ret->opaque, "");
	return 0;
}

const struct unpack_form unpack_erofs = {
	.name = "erofs", .keeps_tar = true, .open = form_open, .close = form_close, .raw = form_raw, .begin = form_begin, .data = form_data,
	.end = form_end, .finish = form_finish,
};
