/* SPDX-License-Identifier: Apache-2.0 */
#include "os/sock.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "os/internal.h"

union control {
	struct cmsghdr header; /* for alignment */
	char space[CMSG_SPACE(sizeof(int) * SOCK_MAX_FDS)];
};

static int address_of(int dirfd, const char *name, struct sockaddr_un *ret)
{
	int n;

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (dirfd == AT_FDCWD)
		n = snprintf(ret->sun_path, sizeof ret->sun_path, "%s", name);
	else
		n = snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/%s", dirfd, name);
	return !*name ? -EINVAL : (size_t)n >= sizeof ret->sun_path ? -ENAMETOOLONG : 0;
}

int sock_connect(int dirfd, const char *name, int type)
{
	scoped_fd int fd = -EBADF;
	struct sockaddr_un addr;
	int r = address_of(dirfd, name, &addr);

	if (r < 0)
		return r;
	fd = result(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
	if (fd < 0)
		return fd;
	r = result(RETRY(connect(fd, (struct sockaddr *)&addr, sizeof addr)));
	return r < 0 ? r : take_fd(&fd);
}

static int connect_abstract(const char *name, int type)
{
	scoped_fd int fd = -EBADF;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t n = strlen(name);
	int r;

	if (n >= sizeof addr.sun_path)
		return -ENAMETOOLONG;
	memcpy(addr.sun_path + 1, name, n);
	fd = result(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
	if (fd < 0)
		return fd;
	r = result(RETRY(connect(fd, (struct sockaddr *)&addr, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n))));
	return r < 0 ? r : take_fd(&fd);
}

int sock_connect_path(const char *path, int type)
{
	const char *slash = strrchr(path, '/');
	char dir[LIMIT_PATH];
	scoped_fd int dirfd = -EBADF;
	size_t n = slash ? (size_t)(slash - path) + 1 : 0;

	if (path[0] == '@')
		return connect_abstract(path + 1, type);
	if (strlen(path) < sizeof ((struct sockaddr_un *)0)->sun_path)
		return sock_connect(AT_FDCWD, path, type);
	if (!slash || n >= sizeof dir)
		return -ENAMETOOLONG;
	memcpy(dir, path, n);
	dir[n] = 0;
	dirfd = result(RETRY(openat(AT_FDCWD, dir, O_PATH | O_DIRECTORY | O_CLOEXEC)));
	return dirfd < 0 ? dirfd : sock_connect(dirfd, slash + 1, type);
}

/* Removes the socket at @name if nobody listens on it. Errors: -EADDRINUSE. */
static int remove_dead(int dirfd, const char *name, int type)
{
	scoped_fd int probe = sock_connect(dirfd, name, type & ~SOCK_NONBLOCK);

	if (probe == -ENOENT)
		return 0;
	if (probe != -ECONNREFUSED)
		return probe >= 0 ? -EADDRINUSE : probe;
	return unlinkat(dirfd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int sock_listen(int dirfd, const char *name, int type, bool replace)
{
	scoped_fd int fd = -EBADF;
	struct sockaddr_un addr;
	int r = address_of(dirfd, name, &addr);

	if (r < 0)
		return r;
	fd = result(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
	if (fd < 0)
		return fd;
	if (fchmod(fd, 0600) < 0) /* the file that bind makes inherits the socket's mode */
		return -errno;
	r = result(bind(fd, (struct sockaddr *)&addr, sizeof addr));
	if (r == -EADDRINUSE && replace) {
		r = remove_dead(dirfd, name, type);
		if (r == 0)
			r = result(bind(fd, (struct sockaddr *)&addr, sizeof addr));
	}
	if (r == 0)
		r = result(listen(fd, SOMAXCONN));
	return r < 0 ? r : take_fd(&fd);
}

int sock_bind_datagram(int dirfd, const char *name, mode_t mode)
{
	scoped_fd int fd = -EBADF;
	struct sockaddr_un addr;
	int r = address_of(dirfd, name, &addr);

	if (r < 0)
		return r;
	fd = result(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (fd < 0)
		return fd;
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	r = result(bind(fd, (struct sockaddr *)&addr, sizeof addr));
	if (r == 0)
		r = result(fchmodat(dirfd, name, mode, 0)); /* what bind makes is cut by the umask */
	return r < 0 ? r : take_fd(&fd);
}

int sock_accept(int fd, int flags)
{
	return result(RETRY(accept4(fd, NULL, NULL, flags | SOCK_CLOEXEC)));
}

int sock_pair(int type, int ret[2])
{
	return result(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ret));
}

ssize_t sock_send(int fd, const void *p, size_t n, const int *fds, size_t n_fds)
{
	union control control = { 0 };
	struct iovec iov;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	memcpy(&iov.iov_base, &p, sizeof p); /* sendmsg only reads it; iovec has no const */
	iov.iov_len = n;
	if (n_fds > SOCK_MAX_FDS)
		return -E2BIG;
	if (n_fds > 0) {
		struct cmsghdr *c;

		m.msg_control = &control;
		m.msg_controllen = (socklen_t)CMSG_SPACE(sizeof(int) * n_fds); /* size_t with glibc */
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = (socklen_t)CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	sent = RETRY(sendmsg(fd, &m, MSG_NOSIGNAL));
	return sent < 0 ? -errno : sent;
}

/* Moves the descriptors of a message to @fds; those that do not fit are closed. Returns how many came. */
static size_t take_fds(struct msghdr *m, int *fds, size_t max)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++, n++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (n < max)
				fds[n] = fd;
			else
				fd_close(fd);
		}
	}
	return n;
}

ssize_t sock_recv(int fd, void *p, size_t size, int *fds, size_t max_fds, size_t *ret_n_fds)
{
	union control control;
	struct iovec iov = { .iov_base = p, .iov_len = size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t got = RETRY(recvmsg(fd, &m, MSG_CMSG_CLOEXEC));
	size_t n;
	int r;

	if (got < 0)
		return -errno;
	n = take_fds(&m, fds, max_fds);
	r = m.msg_flags & MSG_TRUNC ? -EMSGSIZE : n > max_fds || m.msg_flags & MSG_CTRUNC ? -E2BIG : 0;
	if (r < 0) {
		for (size_t i = 0; i < n && i < max_fds; i++)
			fds[i] = fd_close(fds[i]);
		return r;
	}
	if (ret_n_fds)
		*ret_n_fds = n;
	return got;
}

int sock_get_peer(int fd, struct sock_peer *ret)
{
	struct ucred c;
	socklen_t n = sizeof c;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n) < 0)
		return -errno;
	*ret = (struct sock_peer){ .pid = c.pid, .uid = c.uid, .gid = c.gid };
	return 0;
}

int sock_wait(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int r = result(RETRY(poll(&p, 1, timeout_ms)));

	return r < 0 ? r : r == 0 ? -ETIMEDOUT : 0;
}
