/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cgroup/events.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

#include "base/str.h"
#include "os/fd.h"
#include "os/path_safe.h"
#include "os/proc.h"

static int events_open(int cgroup)
{
	return path_open(cgroup, "cgroup.events", O_RDONLY, 0, PATH_NO_SYMLINKS_NO_XDEV);
}

static int fd_has_line(int fd, const char *line)
{
	char text[256];
	ssize_t n = pread(fd, text, sizeof text, 0);
	struct str rest = { text, n < 0 ? 0 : (size_t)n };

	if (n < 0)
		return -errno;
	while (rest.p && rest.n)
		if (str_is(str_cut(rest, '\n', &rest), line))
			return 1;
	return 0;
}

int events_has(int cgroup, const char *line)
{
	scoped_fd int fd = events_open(cgroup);

	return fd < 0 ? fd : fd_has_line(fd, line);
}

int events_wait(int cgroup, const char *line, int timeout_ms)
{
	scoped_fd int fd = events_open(cgroup);
	uint64_t now = proc_now_ns(), end = now + (uint64_t)timeout_ms * 1000000;

	if (fd < 0)
		return fd;
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLPRI };
		int r = fd_has_line(fd, line);

		if (r != 0)
			return r < 0 ? r : 0;
		now = proc_now_ns();
		if (now >= end)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)((end - now) / 1000000) + 1) < 0 && errno != EINTR)
			return -errno;
	}
}
