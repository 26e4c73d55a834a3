/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/journal.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/sock.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET };

int journal_open(int *ret_fd, struct err *e)
{
	struct timeval wait = { .tv_sec = JOURNAL_WAIT_S };
	scoped_fd int probe = sock_connect_path(JOURNAL_SOCKET, SOCK_DGRAM);
	int fd;

	if (probe < 0)
		return err_sys(e, probe, "log driver journald: connect to '" JOURNAL_SOCKET "'");
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, -errno, "log driver journald: make a socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	*ret_fd = fd;
	return 0;
}

int journal_send(int fd, struct str record, bool now)
{
	ssize_t r;

	do
		r = sendto(fd, record.p, record.n, MSG_NOSIGNAL | (now ? MSG_DONTWAIT : 0), (const struct sockaddr *)&address, sizeof address);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}
