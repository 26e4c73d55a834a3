/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container sees at /sys/fs/cgroup.
 *
 * v2: with a cgroup namespace, cgroup2 itself (whose root is then the container's cgroup); without one, a bind of the container's own directory.
 * v1 and hybrid: a small tmpfs with one directory per hierarchy, each a bind of the container's own directory in it, and a link for every
 * controller of a hierarchy that has several ("cpu" → "cpu,cpuacct"). Without a cgroup namespace a writable v1 hierarchy would let the container
 * reach release_agent (CVE-2022-0492) only at the root of the hierarchy, which the bind does not show.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "os/fd.h"
#include "os/mount.h"
#include "os/path_safe.h"
#include "runtime/mounts/internal.h"
#include "runtime/mounts/mounts.h"

enum { CGROUP_ATTRS = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };

/* A detached bind of a directory of a hierarchy. */
static int clone_directory(const char *path, uint64_t attrs, struct err *e)
{
	scoped_fd int fd = mount_clone(AT_FDCWD, path, false);
	int r;

	if (fd < 0)
		return err_sys(e, fd, "copy the mount at '%s'", path);
	r = mount_change(fd, false, CGROUP_ATTRS | attrs, 0, MS_PRIVATE);
	return r < 0 ? err_sys(e, r, "change the attributes of '%s'", path) : take_fd(&fd);
}

static int put_v2(const struct mount_job *job, const struct mount_site *site, const char *own, struct err *e)
{
	scoped_fd int target = mount_target(site->root, job->destination, true, true, e), fd = -EBADF;
	struct oci_mount m = *job->mount;
	struct mount_job copy = *job;
	int r;

	if (target < 0)
		return target;
	m.type = "cgroup2";
	copy.mount = &m;
	if (site->cgroupns)
		fd = mount_make(&copy, site, e);
	if (fd < 0)
		fd = clone_directory(own, job->options.attrs.set, e);
	if (fd < 0)
		return fd;
	r = mount_move(fd, target);
	return r < 0 ? err_sys(e, r, "put it there") : 0;
}

/* "cpu,cpuacct" gets the links cpu and cpuacct. "name=systemd" is shown as "systemd". */
static int link_controllers(int dir, const char *list, struct err *e)
{
	struct str rest = str_of(list);

	while (strchr(list, ',') && rest.p) {
		struct str one = str_cut(rest, ',', &rest);
		char name[64];

		snprintf(name, sizeof name, STR_FMT, STR_ARG(one));
		if (symlinkat(list, dir, name) < 0)
			return err_sys(e, -errno, "link '%s'", name);
	}
	return 0;
}

static int put_v1(int dir, const struct pair *own, uint64_t attrs, struct err *e)
{
	const char *label = own->key[0] == '\0' ? "unified" : own->key, *named = str_after(label, "name=");
	scoped_fd int target = -EBADF, fd = -EBADF;
	const char *name = named ? named : label;
	int r;

	if (mkdirat(dir, name, 0755) < 0)
		return err_sys(e, -errno, "make '%s'", name);
	target = path_open(dir, name, O_PATH | O_DIRECTORY, 0, PATH_NO_SYMLINKS);
	if (target < 0)
		return err_sys(e, target, "open '%s'", name);
	fd = clone_directory(own->value, attrs, e);
	if (fd < 0)
		return fd;
	r = mount_move(fd, target);
	if (r < 0)
		return err_sys(e, r, "put '%s' there", name);
	return link_controllers(dir, name, e);
}

/* The tmpfs is filled after it stands in the tree: mounts on a detached one need Linux 6.15. */
static int put_all_v1(const struct mount_job *job, const struct mount_site *site, struct err *e)
{
	const char *labelled = lsm_mount_option(&site->label, "tmpfs");
	struct pair rows[] = { { "mode", "755" }, { labelled, site->label.label } };
	const struct pairs data = { rows, labelled ? 2 : 1 };
	scoped_fd int fd = mount_new("tmpfs", "cgroup", &data, CGROUP_ATTRS, NULL), target = -EBADF;
	uint64_t readonly = job->options.attrs.set & MOUNT_ATTR_RDONLY;
	int r;

	if (fd < 0)
		return err_sys(e, fd, "make a 'tmpfs' file system");
	target = mount_target(site->root, job->destination, true, true, e);
	if (target < 0)
		return target;
	r = mount_move(fd, target);
	if (r < 0)
		return err_sys(e, r, "put it there");
	for (size_t i = 0; i < site->cgroup->dirs.n; i++) {
		r = put_v1(fd, &site->cgroup->dirs.v[i], readonly, e);
		if (r < 0)
			return r;
	}
	r = readonly ? mount_change(fd, false, readonly, 0, 0) : 0;
	return r < 0 ? err_sys(e, r, "make it read-only") : 0;
}

/* What the host mounts, all of it, to look at. */
static int clone_host(int host, struct err *e)
{
	scoped_fd int fd = mount_clone(host, "", true);
	int r;

	if (fd < 0)
		return err_sys(e, fd, "copy the host's cgroup mounts");
	r = mount_change(fd, true, CGROUP_ATTRS | MOUNT_ATTR_RDONLY, 0, MS_PRIVATE);
	return r < 0 ? err_sys(e, r, "make the host's cgroup mounts read-only") : take_fd(&fd);
}

/*
 * A container without a cgroup of its own: on v2 with a cgroup namespace it sees what is below the place where it stands, else the host's tree,
 * never writable: whoever writes there moves processes of the host (CVE-2023-25809).
 */
static int put_host(const struct mount_job *job, const struct mount_site *site, struct err *e)
{
	scoped_fd int target = mount_target(site->root, job->destination, true, true, e), fd = -EBADF;
	scoped_fd int host = open("/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct oci_mount m = *job->mount;
	struct mount_job copy = *job;
	int r;

	if (target < 0)
		return target;
	if (host < 0)
		return err_sys(e, -errno, "open '/sys/fs/cgroup'");
	m.type = "cgroup2";
	copy.mount = &m;
	fd = site->cgroupns && path_check_fs(host, PATH_FS_CGROUP2) == 0 ? mount_make(&copy, site, e) : clone_host(host, e);
	if (fd < 0)
		return fd;
	r = mount_move(fd, target);
	return r < 0 ? err_sys(e, r, "put it there") : 0;
}

int mount_cgroup(const struct mount_job *job, const struct mount_site *site, struct err *e)
{
	const char *v2 = site->cgroup ? pairs_find(&site->cgroup->dirs, "") : NULL;

	if (!site->cgroup || site->cgroup->dirs.n == 0)
		return put_host(job, site, e);
	if (v2 && site->cgroup->dirs.n == 1)
		return put_v2(job, site, v2, e);
	return put_all_v1(job, site, e);
}
