/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/mount.h"
#include "os/path_safe.h"
#include "os/sock.h"
#include "runtime/mounts/mounts.h"

int terminal_make(int root, const struct oci_box *size, struct terminal *ret, struct err *e)
{
	scoped_fd int pts = path_open(root, "/dev/pts", O_PATH | O_DIRECTORY, 0, PATH_IN_ROOT), master = -EBADF;
	struct pty_size own;
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
	else if (pty_get_size(STDIN_FILENO, &own) == 0)
		pty_set_size(master, own);
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
