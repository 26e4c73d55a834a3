/* SPDX-License-Identifier: Apache-2.0 */
#include "os/pty.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/internal.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

int pty_open(int dirfd, const char *ptmx_path)
{
	scoped_fd int fd = result(RETRY(openat(dirfd, ptmx_path, O_RDWR | O_NOCTTY | O_CLOEXEC)));
	int locked = 0;

	if (fd < 0)
		return fd;
	return ioctl(fd, TIOCSPTLCK, &locked) < 0 ? -errno : take_fd(&fd);
}

int pty_peer(int master)
{
	return result(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
}

int pty_set_controlling(int fd)
{
	return result(ioctl(fd, TIOCSCTTY, 0));
}

int pty_get_size(int fd, struct pty_size *ret)
{
	struct winsize w;

	if (ioctl(fd, TIOCGWINSZ, &w) < 0)
		return -errno;
	*ret = (struct pty_size){ .rows = w.ws_row, .cols = w.ws_col };
	return 0;
}

int pty_set_size(int fd, struct pty_size size)
{
	struct winsize w = { .ws_row = size.rows, .ws_col = size.cols };

	return result(ioctl(fd, TIOCSWINSZ, &w));
}

int pty_make_raw(int fd, struct termios *ret_saved)
{
	struct termios old, raw;

	if (tcgetattr(fd, &old) < 0)
		return -errno;
	raw = old;
	cfmakeraw(&raw);
	if (RETRY(tcsetattr(fd, TCSADRAIN, &raw)) < 0)
		return -errno;
	*ret_saved = old;
	return 0;
}

int pty_restore(int fd, const struct termios *saved)
{
	return result(RETRY(tcsetattr(fd, TCSADRAIN, saved)));
}

bool pty_is_terminal(int fd)
{
	int saved = errno;
	bool yes = isatty(fd);

	errno = saved;
	return yes;
}
