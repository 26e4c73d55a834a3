/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/scope.h"
#include "os/dev.h"
#include "os/fd.h"
#include "os/mount.h"
#include "os/path_safe.h"
#include "runtime/mounts/mounts.h"

/* What every container has, whatever its configuration says. */
static const struct oci_device defaults[] = {
	/* clang-format off */
	{ .path = "/dev/null",    .type = "c", .major = 1, .minor = 3, .file_mode = { true, 0666 } },
	{ .path = "/dev/zero",    .type = "c", .major = 1, .minor = 5, .file_mode = { true, 0666 } },
	{ .path = "/dev/full",    .type = "c", .major = 1, .minor = 7, .file_mode = { true, 0666 } },
	{ .path = "/dev/random",  .type = "c", .major = 1, .minor = 8, .file_mode = { true, 0666 } },
	{ .path = "/dev/urandom", .type = "c", .major = 1, .minor = 9, .file_mode = { true, 0666 } },
	{ .path = "/dev/tty",     .type = "c", .major = 5, .minor = 0, .file_mode = { true, 0666 } },
	/* clang-format on */
};

static mode_t device_type(const struct oci_device *d)
{
	return d->type[0] == 'b' ? S_IFBLK : d->type[0] == 'p' ? S_IFIFO : S_IFCHR;
}

/* What stands there already is fine if it is what we would have made. */
static int check_existing(int dir, const char *name, mode_t type, dev_t dev, const char *path, struct err *e)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, -errno, "look at '%s'", path);
	if ((st.st_mode & S_IFMT) != type || (type != S_IFIFO && st.st_rdev != dev))
		return err_set(e, ERR_EXISTS, "'%s' is in the way and is not that device", path);
	return 0;
}

static int bind_node(int root, const struct oci_device *d, struct err *e);

/* Root of a user namespace only, and root without CAP_MKNOD, bind what they may not make. */
static int make_node(int root, int dir, const char *name, const struct oci_device *d, struct err *e)
{
	mode_t type = device_type(d), mode = d->file_mode.set ? d->file_mode.v & 07777 : 0666;
	dev_t dev = type == S_IFIFO ? 0 : makedev((unsigned)d->major, (unsigned)d->minor);

	if (mknodat(dir, name, type | mode, dev) < 0) {
		if (errno == EPERM)
			return bind_node(root, d, e);
		if (errno != EEXIST)
			return err_sys(e, -errno, "make the device '%s'", d->path);
		return check_existing(dir, name, type, dev, d->path, e);
	}
	if ((d->uid.set && d->uid.v) || (d->gid.set && d->gid.v))
		if (fchownat(dir, name, d->uid.set ? d->uid.v : 0, d->gid.set ? d->gid.v : 0, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(e, -errno, "change the owner of the device '%s'", d->path);
	return 0;
}

static int bind_node(int root, const struct oci_device *d, struct err *e)
{
	scoped_fd int source = openat(AT_FDCWD, d->path, O_PATH | O_NOFOLLOW | O_CLOEXEC), tree = -EBADF, target = -EBADF;
	int r;

	if (device_type(d) == S_IFIFO)
		return err_set(e, ERR_UNSUPPORTED, "unsupported: the pipe '%s' in a user namespace", d->path);
	if (source < 0)
		return err_sys(e, -errno, "open the host's '%s'", d->path);
	r = dev_check(source, device_type(d), (unsigned)d->major, (unsigned)d->minor);
	if (r < 0)
		return err_sys(e, r, "the host's '%s' is another device", d->path);
	tree = mount_clone(source, "", false);
	if (tree < 0)
		return err_sys(e, tree, "copy the host's '%s'", d->path);
	target = mount_target(root, d->path, false, false, e);
	if (target < 0)
		return target;
	r = mount_move(tree, target);
	return r < 0 ? err_sys(e, r, "bind the host's '%s'", d->path) : 0;
}

static bool is_configured(const struct oci_linux *l, const char *path)
{
	for (size_t i = 0; i < l->n_devices; i++)
		if (streq(l->devices[i].path, path))
			return true;
	return false;
}

/* @dev is the container's /dev: most nodes stand right in it, and need no walk. */
static int make_one(int root, int dev, const struct oci_device *d, bool bind, struct err *e)
{
	const char *in_dev = str_after(d->path, "/dev/");
	char name[NAME_MAX + 1];
	scoped_fd int dir = -EBADF;

	if (bind)
		return bind_node(root, d, e);
	if (in_dev && *in_dev && !strchr(in_dev, '/'))
		return make_node(root, dev, in_dev, d, e);
	dir = path_parent(root, d->path, 0755, PATH_IN_ROOT, name, sizeof name);
	return dir < 0 ? err_sys(e, dir, "open the directory of '%s'", d->path) : make_node(root, dir, name, d, e);
}

int devices_make(int root, const struct oci_linux *l, bool bind, struct err *e)
{
	scoped_fd int dev = path_mkdir(root, "/dev", 0755, PATH_IN_ROOT);
	int r = 0;

	if (dev < 0)
		return err_sys(e, dev, "open the container's /dev");
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(defaults); i++)
		if (!is_configured(l, defaults[i].path))
			r = make_one(root, dev, &defaults[i], bind, e);
	for (size_t i = 0; r == 0 && i < l->n_devices; i++)
		r = make_one(root, dev, &l->devices[i], bind, e);
	return r;
}

static int put_link(int dev, const char *target, const char *name, bool replace, struct err *e)
{
	char old[64];
	ssize_t n;

	if (symlinkat(target, dev, name) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(e, -errno, "make the link '/dev/%s'", name);
	n = readlinkat(dev, name, old, sizeof old);
	if (!replace || (n == (ssize_t)strlen(target) && memcmp(old, target, (size_t)n) == 0))
		return 0;
	if (unlinkat(dev, name, 0) < 0 || symlinkat(target, dev, name) < 0)
		return err_sys(e, -errno, "replace '/dev/%s' by a link", name);
	return 0;
}

int devices_link(int root, struct err *e)
{
	static const struct {
		const char *name, *target;
		bool replace;
	} links[] = {
		{ "fd", "/proc/self/fd", false },       { "stdin", "/proc/self/fd/0", false },
		{ "stdout", "/proc/self/fd/1", false }, { "stderr", "/proc/self/fd/2", false },
		{ "ptmx", "pts/ptmx", true },
	};
	scoped_fd int dev = path_open(root, "/dev", O_PATH | O_DIRECTORY, 0, PATH_IN_ROOT);
	int r = 0;

	if (dev < 0)
		return err_sys(e, dev, "open the container's /dev");
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(links); i++)
		r = put_link(dev, links[i].target, links[i].name, links[i].replace, e);
	return r;
}
