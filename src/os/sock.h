/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * sock: unix sockets as files in a directory, pairs, and messages with descriptors.
 *
 * Addresses are (dirfd, name), bound through /proc/self/fd, so the directory's path may be longer than sun_path. Never abstract but where others listen. Sending never
 * raises SIGPIPE.
 * Errors: -errno. EINTR: retried.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { SOCK_MAX_FDS = 16 };

/* A listening socket at @name in @dirfd (borrowed), mode 0600, replacing a socket of a dead listener only if @replace. @type is SOCK_STREAM or SOCK_SEQPACKET, may carry SOCK_NONBLOCK. */
int sock_listen(int dirfd, const char *name, int type, bool replace);

/* Connects. Errors: -ENOENT, -ECONNREFUSED. */
int sock_connect(int dirfd, const char *name, int type);

/* The same by path of any length; "@name" is an abstract name (service managers have such: we only ever connect to one). */
int sock_connect_path(const char *path, int type);

/* A datagram socket at @name with exactly that mode, non-blocking; what is left there of a dead one is replaced. */
int sock_bind_datagram(int dirfd, const char *name, mode_t mode);

/* Accepts one. @flags: SOCK_NONBLOCK or 0. Returns owned. Errors: -EAGAIN. */
int sock_accept(int fd, int flags);

int sock_pair(int type, int ret[2]);

/* Sends one message with up to SOCK_MAX_FDS descriptors (borrowed). A stream may take less: the number of bytes is returned. */
ssize_t sock_send(int fd, const void *p, size_t n, const int *fds, size_t n_fds);

/*
 * Receives one message. Descriptors that came along are stored in @fds (owned; @max_fds of them, *ret_n_fds is set) and are CLOEXEC. Returns
 * the number of bytes, 0 at the end. Errors: -EMSGSIZE the message was longer than @size; -E2BIG more descriptors than expected: they are closed.
 */
ssize_t sock_recv(int fd, void *p, size_t size, int *fds, size_t max_fds, size_t *ret_n_fds);

struct sock_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};
int sock_get_peer(int fd, struct sock_peer *ret);

/* Waits until readable. @timeout_ms < 0: for ever. Errors: -ETIMEDOUT. */
int sock_wait(int fd, int timeout_ms);
