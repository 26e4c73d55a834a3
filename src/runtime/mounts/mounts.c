/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contents: sources · targets · attributes · one function per way of mounting (bind, new file system, cgroup in cgroup.c) · the list.
 */
#include "runtime/mounts/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/log.h"
#include "base/vec.h"
#include "os/fd.h"
#include "os/mount.h"
#include "os/path_safe.h"
#include "runtime/mounts/internal.h"

/* ---- sources ------------------------------------------------------------------------------------------------------------------------ */

static const char *source_path(const struct oci_mount *m, const char *bundle, struct arena *a)
{
	return m->source[0] == '/' ? m->source : arena_printf(a, "%s/%s", bundle, m->source);
}

/* "copy-symlink": 1 with the link's text if the source is one. */
static int link_read(int fd, struct arena *a, const char **ret)
{
	char text[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISLNK(st.st_mode))
		return 0;
	n = readlinkat(fd, "", text, sizeof text);
	if (n < 0)
		return -errno;
	*ret = arena_strndup(a, text, (size_t)n);
	return 1;
}

/*
 * A bind's source is trusted configuration: links in it are followed, unless the mount says otherwise. Fills the job's source, a detached copy, or
 * its link.
 */
static int source_open(struct mount_job *job, const char *bundle, int procfd, struct arena *a, struct err *e)
{
	const struct mount_options *o = &job->options;
	const char *path = source_path(job->mount, bundle, a);
	scoped_fd int fd = open(path, O_PATH | O_CLOEXEC | (o->copy_symlink || o->src_nofollow ? O_NOFOLLOW : 0)), tree = -EBADF;
	int r = 0;

	if (fd < 0)
		return err_sys(e, -errno, "open bind source '%s'", path);
	if (o->copy_symlink)
		r = link_read(fd, a, &job->link);
	if (r != 0)
		return r < 0 ? err_sys(e, r, "read the link '%s'", path) : 0;
	tree = mount_clone(fd, "", o->rbind);
	if (tree < 0)
		return err_sys(e, tree, "copy the mount at '%s'", path);
	if (job->idmap.wanted)
		r = mount_idmap_apply(&job->idmap, tree, procfd, e);
	if (r == 0)
		job->source = take_fd(&tree);
	return r;
}

int mount_job_make(const struct oci_mount *m, const struct launch_plan *p, struct host_facts *facts, struct arena *a, struct mount_job *ret,
	struct err *e)
{
	struct mount_job job = { .mount = m, .source = -EBADF };
	int r = mount_options_parse(&m->options, a, &job.options, e);
	uint64_t attrs;

	if (r == 0)
		r = mount_idmap_plan(m, &job.options, p, a, &job.idmap, e);
	if (r < 0)
		return r;
	if (job.idmap.wanted && launch_plan_joined(p, NS_MOUNT))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: mapped ids in a mount namespace that is joined");
	attrs = job.options.attrs.set | job.options.attrs.clear | job.options.recursive.set | job.options.recursive.clear;
	if ((attrs & MOUNT_ATTR_NOSYMFOLLOW) && !facts_nosymfollow(facts))
		return err_set(e, ERR_UNSUPPORTED, "unsupported: nosymfollow and symfollow need Linux 5.14");
	/* Relative ones are below the root as well; the specification has only deprecated them. */
	job.destination = m->destination[0] == '/' ? m->destination : arena_printf(a, "/%s", m->destination);
	*ret = job;
	return 0;
}

int mount_jobs_make(const struct oci_config *c, const struct launch_plan *p, struct host_facts *facts, struct arena *a, struct mount_jobs *ret,
	struct err *e)
{
	struct mount_jobs jobs = { arena_array(a, struct mount_job, c->n_mounts), c->n_mounts, false };

	for (size_t i = 0; i < c->n_mounts; i++) {
		int r = mount_job_make(&c->mounts[i], p, facts, a, &jobs.v[i], e);

		if (r < 0)
			return err_wrap(e, "mounts[%zu]", i);
		jobs.mapped = jobs.mapped || jobs.v[i].idmap.wanted;
	}
	*ret = jobs;
	return 0;
}

int mount_jobs_open(struct mount_jobs *jobs, bool all, const char *bundle, int procfd, struct arena *a, struct err *e)
{
	for (size_t i = 0; i < jobs->n; i++) {
		struct mount_job *job = &jobs->v[i];
		int r = 0;

		if (job->options.bind && !job->options.remount && (all || job->idmap.wanted))
			r = source_open(job, bundle, procfd, a, e);
		if (r < 0)
			return err_wrap(e, "mount '%s'", job->destination);
	}
	return 0;
}

/* ---- targets ------------------------------------------------------------------------------------------------------------------------ */

static int target_open(int root, const char *path, bool directory, enum path_policy policy, int flags, struct err *e)
{
	int fd = path_open(root, path, O_PATH | flags, 0, policy);

	if (fd == -ENOENT)
		fd = directory ? path_mkdir(root, path, 0755, policy) : path_touch(root, path, policy);
	return fd < 0 ? err_sys(e, fd, "open the target '%s' in the container", path) : fd;
}

int mount_target(int root, const char *path, bool directory, bool no_symlinks, struct err *e)
{
	return target_open(root, path, directory, no_symlinks ? PATH_NO_SYMLINKS : PATH_IN_ROOT, 0, e);
}

/* Files of procfs that some put their own in place of (lxcfs); nothing else may be covered there. */
static const char *const proc_files[] = {
	"/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg", "/proc/meminfo", "/proc/slabinfo", "/proc/stat", "/proc/swaps", "/proc/uptime",
	"/proc/sys/crypto/fips_enabled", "/proc/sys/kernel/ns_last_pid",
};

static bool is_proc_itself(const char *path)
{
	const char *below = str_after(path + strspn(path, "/"), "proc");

	return below && below[strspn(below, "/.")] == '\0';
}

static bool is_top(const char *path, const char *name)
{
	const char *below = str_after(path + strspn(path, "/"), name);

	return below && below[strspn(below, "/")] == '\0';
}

/* Keeps the root of a mount that just went to /proc or /sys. Takes @mount then. */
static void root_keep(const struct mount_job *job, const struct mount_site *site, int *mount)
{
	int *kept = !site->roots ? NULL : is_top(job->destination, "proc") ? &site->roots->proc : is_top(job->destination, "sys") ? &site->roots->sys : NULL;

	if (!kept)
		return;
	fd_done(kept);
	*kept = take_fd(mount);
}

/*
 * Whoever may cover parts of procfs chooses what the runtime and every program read and write there (CVE-2015-3630, CVE-2025-52881); asked of the
 * target itself, whatever links led to it.
 */
static int proc_check(int target, const struct mount_job *job, struct err *e)
{
	const char *path = job->destination;

	if (path_check_fs(target, PATH_FS_PROC) < 0 || (is_proc_itself(path) && streq(job->mount->type, "proc")))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(proc_files); i++)
		if (streq(path, proc_files[i]))
			return 0;
	return err_set(e, ERR_DENIED, "nothing may be mounted inside procfs");
}

static bool is_directory(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

/* ---- attributes --------------------------------------------------------------------------------------------------------------------- */

int mount_change_apply(int mount, const struct mount_options *o, struct err *e)
{
	int r = 0;

	if (o->attrs.set || o->attrs.clear)
		r = mount_change(mount, false, o->attrs.set, o->attrs.clear, 0);
	if (r == 0 && (o->recursive.set || o->recursive.clear))
		r = mount_change(mount, true, o->recursive.set, o->recursive.clear, 0);
	if (r == 0 && o->propagation)
		r = mount_change(mount, o->propagation_recursive, 0, 0, o->propagation);
	return r < 0 ? err_sys(e, r, "change the attributes of the mount") : 0;
}

/* ---- ways of mounting --------------------------------------------------------------------------------------------------------------- */

/* The link is made as it is in the source; the same link may be there already. */
static int apply_link(const struct mount_job *job, const struct mount_site *site, struct err *e)
{
	int r = path_symlink(site->root, job->link, job->destination, PATH_IN_ROOT);
	char *there;

	if (r == -EEXIST && path_readlink(site->root, job->destination, PATH_IN_ROOT, site->a, &there) == 0 && streq(there, job->link))
		return 0;
	return r < 0 ? err_sys(e, r, "make the link to '%s'", job->link) : 0;
}

static int apply_bind(struct mount_job *job, const struct mount_site *site, struct err *e)
{
	scoped_fd int opened = -EBADF, target = -EBADF;
	int tree = job->source, r;

	if (tree < 0 && !job->link) {
		r = source_open(job, site->bundle, -EBADF, site->a, e);
		if (r < 0)
			return r;
		opened = tree = take_fd(&job->source);
	}
	if (job->link)
		return apply_link(job, site, e);
	r = site->shared ? mount_change(tree, true, 0, 0, MS_SLAVE) : 0;
	if (r < 0)
		return err_sys(e, r, "keep what is mounted on it from the host");
	r = mount_change_apply(tree, &job->options, e);
	if (r < 0)
		return r;
	target = target_open(site->root, job->destination, is_directory(tree), PATH_IN_ROOT, job->options.dest_nofollow ? O_NOFOLLOW : 0, e);
	r = target < 0 ? target : proc_check(target, job, e);
	if (r < 0)
		return r;
	if (is_proc_itself(job->destination) && path_check_fs(tree, PATH_FS_PROC) < 0)
		return err_set(e, ERR_DENIED, "'%s' is not procfs", job->mount->source);
	r = mount_move(tree, target);
	if (r < 0)
		return err_sys(e, r, "put '%s' there", job->mount->source);
	root_keep(job, site, opened >= 0 ? &opened : &job->source);
	return 0;
}

/* "remount": what is mounted there already, usually by an earlier entry of the list, is changed. */
static int apply_remount(const struct mount_job *job, const struct mount_site *site, struct err *e)
{
	scoped_fd int target = path_open(site->root, job->destination, O_PATH, 0, PATH_IN_ROOT);
	char message[MOUNT_MESSAGE_SIZE];
	int r;

	if (target < 0)
		return err_sys(e, target, "open the target '%s' in the container", job->destination);
	r = mount_change_apply(target, &job->options, e);
	if (r < 0 || job->options.bind || !job->options.data.n)
		return r;
	r = mount_reconfigure(target, &job->options.data, message);
	return r < 0 ? err_sys(e, r, "reconfigure the file system: %s", message) : 0;
}

/* File systems whose instance we may share with others: only the mount becomes read-only, never the file system. */
static bool is_shared_type(const char *type)
{
	return streq(type, "sysfs") || streq(type, "proc") || streq(type, "mqueue") || streq(type, "cgroup2");
}

/* The attributes of a mount to be made; its own clearing of bits means nothing, as none is set. */
static int make_new(const char *type, const struct mount_job *job, struct err *e)
{
	struct mount_options o = job->options;
	char message[MOUNT_MESSAGE_SIZE];
	int fd;

	fd = mount_new(type, job->mount->source ? job->mount->source : type, &o.data, (unsigned)o.attrs.set, message);
	if (fd < 0)
		return message[0] ? err_sys(e, fd, "make a '%s' file system: %s", type, message) :
				    err_sys(e, fd, "make a '%s' file system", type);
	return fd;
}

/*
 * Whoever is root of a user namespace only may mount procfs and sysfs for a pid or network namespace that is his as well; for one of the host's he
 * sees the host's, as far as the kernel lets him.
 */
static bool may_clone_host(const char *type, const struct mount_site *site)
{
	return streq(type, "sysfs") || (streq(type, "proc") && !site->own_pids);
}

static int clone_host(const char *type, const struct mount_job *job, struct err *e)
{
	const char *path = streq(type, "proc") ? "/proc" : "/sys";
	scoped_fd int fd = mount_clone(AT_FDCWD, path, true);
	int r;

	if (fd < 0)
		return err_sys(e, fd, "copy the host's '%s'", path);
	r = mount_change(fd, true, job->options.attrs.set, 0, MS_SLAVE);
	return r < 0 ? err_sys(e, r, "change the attributes of the host's '%s'", path) : take_fd(&fd);
}

/* The usual "gid=5" names a group that a user namespace with few ids has not; without it the terminals are their users'. */
static int make_devpts(struct mount_job *job, const struct mount_site *site, struct err *e)
{
	int fd = make_new("devpts", job, e);
	struct pairs without = { 0 };

	if (fd != -EINVAL || !site->userns || !pairs_find(&job->options.data, "gid"))
		return fd;
	log_warn("mount '%s': the user namespace has no group %s; mounting without it", job->destination, pairs_find(&job->options.data, "gid"));
	for (size_t i = 0; i < job->options.data.n; i++)
		if (!streq(job->options.data.v[i].key, "gid"))
			pairs_set(site->a, &without, job->options.data.v[i].key, job->options.data.v[i].value);
	job->options.data = without;
	err_clear(e);
	return make_new("devpts", job, e);
}

int mount_make(const struct mount_job *job, const struct mount_site *site, struct err *e)
{
	const char *type = job->mount->type, *labelled = lsm_mount_option(&site->label, type);
	struct mount_job copy = *job;
	int fd;

	if (job->options.readonly_fs && !is_shared_type(type) && !streq(type, "tmpfs"))
		pairs_set(site->a, &copy.options.data, "ro", NULL);
	if (labelled)
		pairs_set(site->a, &copy.options.data, labelled, site->label.label);
	fd = streq(type, "devpts") ? make_devpts(&copy, site, e) : make_new(type, &copy, e);
	if (fd == -EPERM && may_clone_host(type, site)) {
		err_clear(e);
		fd = clone_host(type, job, e);
	}
	return fd;
}

static int label_root(int mount, const char *label, struct err *e)
{
	scoped_fd int root = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0 || fsetxattr(root, "security.selinux", label, strlen(label), 0) < 0)
		return err_sys(e, -errno, "label it '%s'", label);
	return 0;
}

static int apply_new(const struct mount_job *job, const struct mount_site *site, struct err *e)
{
	const char *type = job->mount->type;
	bool trusted_kind = streq(type, "proc") || streq(type, "sysfs");
	scoped_fd int target = -EBADF, fd = -EBADF;
	struct mount_options after = job->options;
	int r;

	target = mount_target(site->root, job->destination, true, trusted_kind, e);
	r = target < 0 ? target : proc_check(target, job, e);
	if (r < 0)
		return r;
	if (is_proc_itself(job->destination) && !streq(type, "proc"))
		return err_set(e, ERR_DENIED, "a '%s' is not procfs", type);
	fd = mount_make(job, site, e);
	if (fd < 0)
		return fd;
	after.attrs = (struct mount_attrs){ 0 };
	r = mount_change_apply(fd, &after, e);
	if (r == 0 && site->label.label && lsm_mount_by_xattr(type))
		r = label_root(fd, site->label.label, e);
	if (r == 0 && job->options.copy_up)
		r = mount_copy_up(target, fd, e);
	if (r < 0)
		return r;
	r = mount_move(fd, target);
	if (r < 0)
		return err_sys(e, r, "put it there");
	root_keep(job, site, &fd);
	return 0;
}

static int apply_one(struct mount_job *job, const struct mount_site *site, struct err *e)
{
	const char *type = job->mount->type;

	if (job->options.remount)
		return apply_remount(job, site, e);
	if (job->options.bind)
		return apply_bind(job, site, e);
	if (!type || !*type)
		return err_set(e, ERR_INVALID, "neither a type nor the option 'bind'");
	if (streq(type, "cgroup") || streq(type, "cgroup2"))
		return mount_cgroup(job, site, e);
	return apply_new(job, site, e);
}

int mount_jobs_apply(struct mount_jobs *jobs, const struct mount_site *site, struct err *e)
{
	for (size_t i = 0; i < jobs->n; i++) {
		int r = apply_one(&jobs->v[i], site, e);

		if (r < 0)
			return err_wrap(e, "mount '%s'", jobs->v[i].destination);
	}
	return 0;
}
