/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar of any bytes as a layer in both forms, unpacked and not: where both take it, they must be the same tree, file for file, and the EROFS image must hold
 * as a kernel reads it.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fuzz_tar.h"
#include "image/transfer/test_erofs.h"
#include "image/transfer/untar.h"
#include "os/test_dir.h"

static bool unpack(const struct unpack_form *form, int dirfd, const uint8_t *bytes, size_t size, struct arena *a, struct unpacked *ret)
{
	struct tar_input in = { bytes, size };
	struct unpacked result;
	struct err e = { 0 };
	void *x = form->open(dirfd);
	int r = form->raw ? form->raw(x, bytes, size, &e) : 0;

	if (r == 0)
		r = untar(tar_input_read, &in, form, x, &e);
	if (r == 0)
		r = form->finish(x, &result, &e);
	assert(r == 0 || (e.kind != ERR_NONE && e.msg[0]));
	if (r == 0) {
		*ret = result;
		ret->opaque = (struct strs){ 0 };
		for (size_t i = 0; i < result.opaque.n; i++)
			strs_push(a, &ret->opaque, arena_strdup(a, result.opaque.v[i]));
	}
	form->close(x);
	return r == 0;
}

static void content_compare(int root, const struct erofs_node *node)
{
	scoped_fd int fd = openat(root, node->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	scoped_free char *text = node->size <= EROFS_VIEW_CONTENT ? alloc_or_die(node->size + 1) : NULL;

	assert(fd >= 0);
	if (text)
		assert(fd_read_all(fd, text, node->size + 1) == (ssize_t)node->size && memcmp(text, node->text, node->size) == 0);
}

static bool is_said_opaque(const struct unpacked *tree, const char *path)
{
	return strs_has(&tree->opaque, path);
}

static void node_compare(int root, const struct unpacked *tree, const struct erofs_node *node)
{
	char target[4096];
	struct stat st;

	/* The kernel takes no longer path in one piece, though the tree has it. */
	if (strlen(node->path) > 4000)
		return;
	assert(fstatat(root, *node->path ? node->path : ".", &st, AT_SYMLINK_NOFOLLOW) == 0);
	assert((st.st_mode & S_IFMT) == (node->mode & S_IFMT));
	/* The root has the mode it was made with, unless the layer says one. */
	if (*node->path && !S_ISLNK(st.st_mode))
		assert((st.st_mode & 07777) == (node->mode & 07777));
	if (S_ISREG(st.st_mode)) {
		assert((uint64_t)st.st_size == node->size && st.st_nlink == node->nlink);
		content_compare(root, node);
	}
	if (S_ISLNK(st.st_mode))
		assert(readlinkat(root, node->path, target, sizeof target) == (ssize_t)node->size && memcmp(target, node->text, node->size) == 0);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		assert(major(st.st_rdev) == node->major && minor(st.st_rdev) == node->minor);
	if (S_ISDIR(st.st_mode) && *node->path)
		assert(is_said_opaque(tree, node->path) == (strstr(node->xattrs, "trusted.overlay.opaque=y;") != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_arena struct arena a = { 0 };
	scoped_free uint8_t *bytes = alloc_or_die(size + 1);
	struct unpacked tree, index;
	struct erofs_super super;
	struct erofs_view view;
	int root = dir_ensure(dir.fd, "root", 0755), fd = dir_ensure(dir.fd, "index", 0755);
	bool both;

	memcpy(bytes, data, size);
	tar_checksums_mend(bytes, size);
	umask(0);
	both = unpack(&unpack_tree, root, bytes, size, &a, &tree);
	both = unpack(&unpack_erofs, fd, bytes, size, &a, &index) && both;
	if (both) {
		if (!erofs_view_open(&view, &a, fd, index.tar, &super) || !erofs_view_walk(&view, &super)) {
			fprintf(stderr, "does not hold: %s\n", view.why);
			abort();
		}
		assert(index.tar == size);
		assert(tree.entries == index.entries && tree.bytes == index.bytes);
		VEC_EACH(const struct erofs_node, node, &view.nodes)
			node_compare(root, &tree, node);
	}
	fchmod(root, 0755);
	fd_close(root);
	fd_close(fd);
	return 0;
}
