/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar of any bytes, extracted below a directory with a canary beside it. Whatever is in it: the canary stays as it is, nothing appears beside the
 * directory, and nothing is left open.
 */
#include "fuzz.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fuzz_tar.h"
#include "image/transfer/extract.h"
#include "image/transfer/untar.h"
#include "os/test_dir.h"

static void canary_check(const struct test_dir *dir)
{
	struct stat st;
	char text[16] = "";
	int fd = openat(dir->fd, "canary", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	assert(fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode));
	assert((st.st_mode & 07777) == 0644 && st.st_nlink == 1 && st.st_size == 9 && st.st_mtime == 1);
	assert(read(fd, text, sizeof text) == 9 && memcmp(text, "untouched", 9) == 0);
	fd_close(fd);
	assert(test_dir_count(dir->fd) == 2);
	assert(fstatat(dir->fd, "root", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode));
}

/* The same bytes as a layer that is not unpacked: whatever they are, it ends, and leaves one file at most. */
static void index_try(const struct test_dir *dir, const uint8_t *bytes, size_t size)
{
	struct tar_input in = { bytes, size };
	struct unpacked result;
	struct err e = { 0 };
	int fd = dir_ensure(dir->fd, "index", 0755);
	void *x = unpack_erofs.open(fd);

	if (unpack_erofs.raw(x, bytes, size, &e) == 0 && untar(tar_input_read, &in, &unpack_erofs, x, &e) == 0)
		(void)unpack_erofs.finish(x, &result, &e);
	else
		assert(e.kind != ERR_NONE && e.msg[0]);
	unpack_erofs.close(x);
	unlinkat(fd, "layer.erofs", 0);
	fd_close(fd);
	assert(unlinkat(dir->fd, "index", AT_REMOVEDIR) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_test_dir struct test_dir dir = test_dir_make();
	scoped_free uint8_t *bytes = alloc_or_die(size);
	struct tar_input in = { bytes, size };
	struct unpacked result;
	struct err e = { 0 };
	int root;

	memcpy(bytes, data, size);
	tar_checksums_mend(bytes, size);
	umask(0);
	assert(file_create(dir.fd, "canary", "untouched", 9, 0644) == 0);
	assert(utimensat(dir.fd, "canary", (struct timespec[2]){ { .tv_sec = 1 }, { .tv_sec = 1 } }, 0) == 0);
	root = dir_ensure(dir.fd, "root", 0755);
	assert(root >= 0);
	{
		scoped_extract struct extract *x = extract_new(root);

		if (untar(tar_input_read, &in, &unpack_tree, x, &e) == 0)
			(void)extract_finish(x, &result, &e);
		else
			assert(e.kind != ERR_NONE && e.msg[0]);
	}
	index_try(&dir, bytes, size);
	/* The root itself may have been given any mode; we are perhaps not root, and must be able to remove it. */
	fchmod(root, 0755);
	fd_close(root);
	canary_check(&dir);
	return 0;
}
