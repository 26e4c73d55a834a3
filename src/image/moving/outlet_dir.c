/* SPDX-License-Identifier: Apache-2.0 */
#include "image/moving/outlet_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"

static int entry_found(void *arg, int dirfd, const char *name, unsigned char type)
{
	return 1;
}

/* An empty directory becomes anything; one with contents must be what is asked for. */
static int contents_check(int dirfd, bool flat, struct err *e)
{
	scoped_arena struct arena a = { 0 };
	char *text;
	size_t n;
	int r = file_read(dirfd, flat ? "version" : "oci-layout", LIMIT_PROC_FILE, &a, &text, &n);

	if (r == -ENOENT)
		return dir_each(dirfd, entry_found, NULL) == 0 ? 0 :
			err_set(e, ERR_INVALID, "it is neither empty nor %s", flat ? "a 'dir:' directory" : "an OCI layout");
	if (r < 0)
		return err_sys(e, r, "read '%s'", flat ? "version" : "oci-layout");
	if (!flat)
		return oci_layout_check((struct str){ text, n }, e);
	return str_after(text, "Directory Transport Version: 1.") ? 0 : err_set(e, ERR_INVALID, "its file 'version' is not that of a 'dir:' directory");
}

int outlet_dir_open(const char *path, bool flat, int *ret_fd, bool *ret_made, struct err *e)
{
	scoped_fd int fd = dir_open(AT_FDCWD, path);
	int r;

	*ret_made = false;
	if (fd == -ENOENT) {
		fd = dir_ensure_all(AT_FDCWD, path, 0755);
		*ret_made = fd >= 0;
	}
	if (fd < 0 || flock(fd, LOCK_SH) < 0)
		return err_sys(e, fd < 0 ? fd : -errno, "open '%.200s'", path);
	r = contents_check(fd, flat, e);
	if (r < 0)
		return err_wrap(e, "'%.200s'", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

static bool is_ours(const struct shipment *s, const char *name)
{
	VEC_EACH(const struct deliver_blob, b, &s->blobs)
		if (strcmp(digest_hex(b->digest), name) == 0)
			return true;
	VEC_EACH(const struct shipment_document, d, &s->documents) {
		const char *rest = str_after(name, digest_hex(d->digest));

		if (rest && strcmp(rest, ".manifest.json") == 0)
			return true;
	}
	return false;
}

/* Blobs, instances and signatures; nothing that somebody put there for another reason. */
static bool is_of_dir(const char *name)
{
	size_t hex = strspn(name, "0123456789abcdef");

	return ((hex == 64 || hex == 128) && (!name[hex] || strcmp(name + hex, ".manifest.json") == 0)) || str_after(name, "signature-");
}

static int entry_sweep(void *arg, int dirfd, const char *name, unsigned char type)
{
	if (is_of_dir(name) && !is_ours(arg, name) && unlinkat(dirfd, name, 0) < 0)
		return -errno;
	return 0;
}

int outlet_dir_sweep(int dirfd, const struct shipment *s, struct err *e)
{
	int r = dir_each(dirfd, entry_sweep, (void *)(uintptr_t)s);

	return r < 0 ? err_sys(e, r, "remove what was there before") : 0;
}

void outlet_dir_unmake(const char *path, int dirfd)
{
	if (flock(dirfd, LOCK_EX | LOCK_NB) == 0)
		dir_remove_tree(AT_FDCWD, path);
}
