/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/mount.h"
#include "os/path_safe.h"
#include "os/proc.h"
#include "os/signal.h"
#include "os/sock.h"
#include "runtime/mounts/mounts.h"

int terminal_make(int root, const struct oci_box *size, struct terminal *ret, struct err *e)
{
	scoped_fd int pts = path_open(root, "/dev/pts", O_PATH | O_DIRECTORY, 0, PATH_IN_ROOT), master = -EBADF;
	int slave, r;

	if (pts < 0)
		return err_sys(e, pts, "open the container's /dev/pts");
	r = path_check_fs(pts, PATH_FS_DEVPTS);
	if (r < 0)
		return err_sys(e, r, "the container's /dev/pts is no devpts");
	master = pty_open(pts, "ptmx");
	if (master < 0)
		return err_sys(e, master, "open a terminal in the container's /dev/pts");
	slave = pty_peer(master);
	if (slave < 0)
		return err_sys(e, slave, "open the other end of the terminal");
	if (size && (size->width || size->height))
		pty_set_size(master, (struct pty_size){ (uint16_t)size->height, (uint16_t)size->width });
	*ret = (struct terminal){ take_fd(&master), slave };
	return 0;
}

int terminal_bind_console(int root, const struct terminal *t, struct err *e)
{
	scoped_fd int target = mount_target(root, "/dev/console", false, false, e), tree = -EBADF;
	int r;

	if (target < 0)
		return target;
	tree = mount_clone(t->slave, "", false);
	if (tree < 0)
		return err_sys(e, tree, "copy the terminal");
	r = mount_move(tree, target);
	return r < 0 ? err_sys(e, r, "bind the terminal on /dev/console") : 0;
}

int terminal_attach(int slave, uid_t uid, struct err *e)
{
	int r;

	/* In a user namespace the device may belong to nobody we may be: then it stays as it is. */
	if (fchown(slave, uid, (gid_t)-1) < 0 && errno != EPERM && errno != EINVAL)
		return err_sys(e, -errno, "change the owner of the terminal");
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(slave, fd) < 0)
			return err_sys(e, -errno, "make the terminal descriptor %d", fd);
	r = pty_set_controlling(0);
	return r < 0 ? err_sys(e, r, "make the terminal the controlling one") : 0;
}

int terminal_connect(const char *path, struct err *e)
{
	int fd = sock_connect_path(path, SOCK_STREAM);

	return fd < 0 ? err_sys(e, fd, "connect to the console socket '%s'", path) : fd;
}

int terminal_send(int sock, int master, struct err *e)
{
	static const char name[] = "/dev/ptmx";
	ssize_t n = sock_send(sock, name, sizeof name - 1, &master, 1);

	return n < 0 ? err_sys(e, (int)n, "send the terminal over the console socket") : 0;
}

/* ---- relay -------------------------------------------------------------------------------------------------------------------------- */

static void copy_size(int from, int to)
{
	struct pty_size size;

	if (pty_get_size(from, &size) == 0)
		pty_set_size(to, size);
}

/* Moves what is there. 0 when the source has ended. */
static ssize_t pump(int from, int to)
{
	char block[8192];
	ssize_t n = read(from, block, sizeof block);

	if (n > 0 && fd_write_all(to, block, (size_t)n) < 0)
		return 0;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 1 : n;
}

static void take_signal(int signals, int pidfd, int master)
{
	struct signalfd_siginfo info;

	while (signal_fd_read(signals, &info) == 0) {
		if (info.ssi_signo == SIGWINCH)
			copy_size(STDIN_FILENO, master);
		else if (info.ssi_signo != SIGCHLD && info.ssi_signo != SIGPIPE)
			proc_signal(pidfd, (int)info.ssi_signo);
	}
}

static void relay(int master, int pidfd, int signals)
{
	enum { MASTER, STDIN, SIGNALS };
	struct pollfd p[] = { { master, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 }, { signals, POLLIN, 0 } };

	/* The master hangs up when the last holder of the slave is gone; until then what it holds is read first. */
	for (;;) {
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return;
		if (p[SIGNALS].revents)
			take_signal(signals, pidfd, master);
		if (p[STDIN].revents && pump(STDIN_FILENO, master) <= 0)
			p[STDIN].fd = -1;
		if (p[MASTER].revents && pump(master, STDOUT_FILENO) <= 0)
			return;
	}
}

int terminal_relay(int master, int pidfd, int signals, struct err *e)
{
	struct termios saved;
	bool raw = pty_is_terminal(STDIN_FILENO);

	if (raw) {
		int r = pty_make_raw(STDIN_FILENO, &saved);

		if (r < 0)
			return err_sys(e, r, "put the terminal into raw mode");
		copy_size(STDIN_FILENO, master);
	}
	relay(master, pidfd, signals);
	if (raw)
		pty_restore(STDIN_FILENO, &saved);
	return 0;
}
