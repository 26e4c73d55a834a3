/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare ROOTFS PROGRAM [ARG…]: the floor a container runtime is measured against.
 *
 * Does only what no runtime can do without: one clone3 with the namespaces of an ordinary container, its mounts
 * through the new mount API, pivot_root, exec, wait. No configuration, cgroup, state, seccomp or capabilities.
 * Exits with the program's status; 127 when a step failed, with one line that names the step.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

struct mount_option {
	const char *key, *value;
};

struct bare_mount {
	const char *type, *target;
	unsigned int attributes;
	struct mount_option options[3];
};

static const struct bare_mount bare_mounts[] = {
	{ "proc",   "proc",       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, { { 0 } } },
	{ "tmpfs",  "dev",        MOUNT_ATTR_NOSUID,                                        { { "mode", "755" }, { "size", "65536k" } } },
	{ "devpts", "dev/pts",    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,                    { { "ptmxmode", "0666" }, { "mode", "0620" }, { "gid", "5" } } },
	{ "tmpfs",  "dev/shm",    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, { { "mode", "1777" }, { "size", "65536k" } } },
	{ "mqueue", "dev/mqueue", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, { { 0 } } },
	{ "sysfs",  "sys",        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, { { 0 } } },
};

static const struct {
	const char *path;
	unsigned int major, minor;
} bare_devices[] = {
	{ "dev/null", 1, 3 },   { "dev/zero", 1, 5 },    { "dev/full", 1, 7 },
	{ "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 },
};

static _Noreturn void fail(const char *step, const char *what)
{
	fprintf(stderr, "bare: %s '%s': %s\n", step, what, strerror(errno));
	_exit(127);
}

static int mount_new(const struct bare_mount *m)
{
	int context = (int)syscall(SYS_fsopen, m->type, FSOPEN_CLOEXEC), fd;

	if (context < 0)
		return -1;
	for (size_t i = 0; i < 3 && m->options[i].key; i++)
		if (syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, m->options[i].key, m->options[i].value, 0) < 0)
			return -1;
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	fd = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, m->attributes);
	close(context);
	return fd;
}

static void mounts_apply(void)
{
	for (size_t i = 0; i < sizeof(bare_mounts) / sizeof(bare_mounts[0]); i++) {
		const struct bare_mount *m = &bare_mounts[i];
		int fd;

		(void)mkdir(m->target, 0755);
		fd = mount_new(m);
		if (fd < 0 || syscall(SYS_move_mount, fd, "", AT_FDCWD, m->target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
			fail("mount", m->target);
		close(fd);
	}
}

static void devices_make(void)
{
	for (size_t i = 0; i < sizeof(bare_devices) / sizeof(bare_devices[0]); i++)
		if (mknod(bare_devices[i].path, S_IFCHR | 0666, makedev(bare_devices[i].major, bare_devices[i].minor)) < 0)
			fail("mknod", bare_devices[i].path);
}

static _Noreturn void child_run(const char *rootfs, char **argv)
{
	int fd;

	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		fail("make slave", "/");
	fd = (int)syscall(SYS_open_tree, AT_FDCWD, rootfs, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (fd < 0 || syscall(SYS_move_mount, fd, "", AT_FDCWD, rootfs, MOVE_MOUNT_F_EMPTY_PATH) < 0 || fchdir(fd) < 0)
		fail("bind", rootfs);
	mounts_apply();
	devices_make();
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		fail("pivot", rootfs);
	if (sethostname("bare", 4) < 0 || setsid() < 0)
		fail("session", "bare");
	execve(argv[0], argv, (char *[]){ "PATH=/bin", NULL });
	fail("exec", argv[0]);
}

int main(int argc, char **argv)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	long pid;
	int status;

	if (argc < 3) {
		fprintf(stderr, "usage: bare ROOTFS PROGRAM [ARG…]\n");
		return 2;
	}
	args.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		fail("clone3", argv[2]);
	if (pid == 0)
		child_run(argv[1], argv + 2);
	if (waitpid((pid_t)pid, &status, 0) < 0)
		fail("wait for", argv[2]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
