/* SPDX-License-Identifier: Apache-2.0 */
#include "os/ns.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/internal.h"
#include "os/path_safe.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

/* Both caps are the kernel's. */
enum { MAX_MAP_ROWS = 340, MAX_MAP_TEXT = 4096 };

/* clang-format off */
const struct ns_row ns_table[NS_COUNT] = {
	[NS_USER]   = { "user",    "user",   CLONE_NEWUSER },
	[NS_CGROUP] = { "cgroup",  "cgroup", CLONE_NEWCGROUP },
	[NS_IPC]    = { "ipc",     "ipc",    CLONE_NEWIPC },
	[NS_UTS]    = { "uts",     "uts",    CLONE_NEWUTS },
	[NS_NET]    = { "network", "net",    CLONE_NEWNET },
	[NS_PID]    = { "pid",     "pid",    CLONE_NEWPID },
	[NS_TIME]   = { "time",    "time",   CLONE_NEWTIME },
	[NS_MOUNT]  = { "mount",   "mnt",    CLONE_NEWNS },
};
/* clang-format on */

int ns_find(const char *name)
{
	for (int i = 0; i < NS_COUNT; i++)
		if (strcmp(ns_table[i].name, name) == 0)
			return i;
	return -EINVAL;
}

int ns_open(int procfd, pid_t pid, enum ns_kind kind)
{
	scoped_fd int dir = -EBADF;
	char path[48];

	if (procfd == AT_FDCWD) {
		snprintf(path, sizeof path, "/proc/%d/ns", pid);
		dir = dir_open(AT_FDCWD, path);
	} else {
		snprintf(path, sizeof path, "%d/ns", pid);
		dir = path_open(procfd, path, O_PATH | O_DIRECTORY, 0, PATH_BENEATH_NO_XDEV);
	}
	if (dir < 0)
		return dir == -ENOENT ? -ESRCH : dir;
	return result(RETRY(openat(dir, ns_table[kind].proc, O_RDONLY | O_CLOEXEC)));
}

int ns_open_path(const char *path, enum ns_kind kind)
{
	scoped_fd int fd = result(RETRY(openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)));
	int type;

	if (fd < 0)
		return fd;
	if (path_check_fs(fd, PATH_FS_NSFS) < 0)
		return -EINVAL;
	type = ioctl(fd, NS_GET_NSTYPE);
	return type == ns_table[kind].flag ? take_fd(&fd) : -EINVAL;
}

int ns_join(int fd, enum ns_kind kind)
{
	return result(setns(fd, ns_table[kind].flag));
}

int ns_join_pidfd(int pidfd, int flags)
{
	return result(setns(pidfd, flags));
}

int ns_join_own_time(int procfd)
{
	scoped_fd int dir = path_open(procfd, "self/ns", O_PATH | O_DIRECTORY, 0, PATH_BENEATH_NO_XDEV), fd = -EBADF;

	if (dir < 0)
		return dir;
	fd = result(RETRY(openat(dir, "time_for_children", O_RDONLY | O_CLOEXEC)));
	return fd < 0 ? fd : ns_join(fd, NS_TIME);
}

int ns_unshare(int flags)
{
	return result(unshare(flags));
}

int ns_is_own(int fd, enum ns_kind kind)
{
	char path[32];
	scoped_fd int own = -EBADF;

	snprintf(path, sizeof path, "/proc/self/ns/%s", ns_table[kind].proc);
	own = result(RETRY(openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC)));
	return own < 0 ? own : fd_is_same(fd, own);
}

bool ns_net_is_ours(void)
{
	scoped_fd int net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	/* EPERM: an owner that we cannot see. Before kernel 4.9 nobody could ask. */
	scoped_fd int owner = net < 0 ? -EBADF : ioctl(net, NS_GET_USERNS);

	return owner >= 0;
}

bool ns_is_child_of_ours(int user)
{
	scoped_fd int parent = ioctl(user, NS_GET_PARENT);

	return parent >= 0 && ns_is_own(parent, NS_USER) > 0;
}

int ns_is_initial_user(void)
{
	unsigned inside, outside, size;
	char text[128];
	scoped_fd int fd = result(RETRY(open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC | O_NOCTTY)));
	ssize_t n;

	/* Also asked in a container, whose image may have a file of that name. */
	if (fd < 0 || path_check_fs(fd, PATH_FS_PROC) < 0)
		return fd < 0 ? fd : -EXDEV;
	n = fd_read_all(fd, text, sizeof text - 1);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	if (strchr(text, '\n') != strrchr(text, '\n'))
		return 0; /* several rows */
	return sscanf(text, "%u %u %u", &inside, &outside, &size) == 3 && inside == 0 && outside == 0 && size == UINT32_MAX;
}

/* ---- id maps ---- */

/* Writes to a file of /proc/PID below @procfd, or below /proc itself. */
static int write_below(int procfd, pid_t pid, const char *file, const char *text)
{
	scoped_fd int fd = -EBADF;
	size_t n = strlen(text);
	char path[64];
	ssize_t put;

	if (procfd == AT_FDCWD) {
		snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
		return file_write(AT_FDCWD, path, text);
	}
	snprintf(path, sizeof path, "%d/%s", pid, file);
	fd = path_open(procfd, path, O_WRONLY, 0, PATH_BENEATH_NO_XDEV);
	if (fd < 0)
		return fd;
	put = RETRY(write(fd, text, n));
	return put < 0 ? -errno : (size_t)put == n ? 0 : -EIO;
}

static int write_map(int procfd, pid_t pid, const char *file, const struct ns_id_map *rows, size_t n)
{
	scoped_buf struct buf b = BUF(MAX_MAP_TEXT - 1);

	if (n > MAX_MAP_ROWS)
		return -E2BIG;
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%u %u %u\n", rows[i].inside, rows[i].outside, rows[i].size);
	return buf_is_full(&b) ? -E2BIG : write_below(procfd, pid, file, buf_text(&b));
}

int ns_write_uid_map(int procfd, pid_t pid, const struct ns_id_map *rows, size_t n)
{
	return write_map(procfd, pid, "uid_map", rows, n);
}

int ns_write_gid_map(int procfd, pid_t pid, const struct ns_id_map *rows, size_t n)
{
	return write_map(procfd, pid, "gid_map", rows, n);
}

int ns_deny_setgroups(int procfd, pid_t pid)
{
	return write_below(procfd, pid, "setgroups", "deny");
}
