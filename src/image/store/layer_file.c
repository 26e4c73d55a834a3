/* SPDX-License-Identifier: Apache-2.0 */
#include "image/store/layer_file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checksum.h"
#include "base/scope.h"
#include "image/store/form.h"

enum { PIECE = 256 * 1024 };

typedef void (*piece_fn)(void *arg, const void *p, size_t n);

static void to_checksum(void *arg, const void *p, size_t n)
{
	checksum_add(arg, p, n);
}

static void to_hash(void *arg, const void *p, size_t n)
{
	hash_add(arg, p, n);
}

static int range_read(int fd, uint64_t at, uint64_t end, piece_fn fn, void *arg)
{
	scoped_free char *piece = alloc_or_die(PIECE);

	while (at < end) {
		ssize_t n = pread(fd, piece, end - at < PIECE ? (size_t)(end - at) : PIECE, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		fn(arg, piece, (size_t)n);
		at += (uint64_t)n;
	}
	return 0;
}

int layer_file_rest(int fd, uint64_t tar, struct tree_sum *ret)
{
	struct checksum c;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	checksum_init(&c);
	r = range_read(fd, 0, LAYER_EROFS_TAR_AT, to_checksum, &c);
	for (off_t at = (off_t)(LAYER_EROFS_TAR_AT + tar); r == 0 && at < st.st_size;) {
		off_t data = lseek(fd, at, SEEK_DATA), end = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);

		data = data < 0 || data > st.st_size ? st.st_size : data;
		end = end < 0 ? st.st_size : end;
		checksum_add_zeros(&c, (uint64_t)(data - at));
		r = range_read(fd, (uint64_t)data, (uint64_t)end, to_checksum, &c);
		at = end;
	}
	*ret = (struct tree_sum){ .names = checksum_finish(&c), .inodes = (uint64_t)st.st_size };
	return r;
}

int layer_file_read(int fd, uint64_t tar, enum digest_kind kind, struct layer_file_sums *ret)
{
	struct tree_sum rest;
	struct hash h;
	int r;

	hash_init(&h, kind);
	r = range_read(fd, LAYER_EROFS_TAR_AT, LAYER_EROFS_TAR_AT + tar, to_hash, &h);
	hash_finish(&h, &ret->tar);
	if (r == 0)
		r = layer_file_rest(fd, tar, &rest);
	if (r == 0)
		tree_sum_print(&rest, ret->rest);
	return r;
}
