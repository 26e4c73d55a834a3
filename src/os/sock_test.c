/* SPDX-License-Identifier: Apache-2.0 */
#include "os/sock.h"
#include "os/test_dir.h"
#include "base/test.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

TEST(sock_listens_and_connects_below_a_path_longer_than_sun_path)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	char part[101] = { 0 }, path[600];
	scoped_fd int a = -EBADF, b = -EBADF, listener = -EBADF, client = -EBADF, by_path = -EBADF, server = -EBADF;
	struct sock_peer peer;

	memset(part, 'x', sizeof part - 1);
	a = dir_ensure(t.fd, part, 0700);
	b = dir_ensure(a, part, 0700);
	snprintf(path, sizeof path, "%s/%s/%s/ctl", t.path, part, part);
	assert_int_equal(sock_connect(b, "ctl", SOCK_SEQPACKET), -ENOENT);
	listener = sock_listen(b, "ctl", SOCK_SEQPACKET, false);
	assert_true(listener >= 0);
	client = sock_connect(b, "ctl", SOCK_SEQPACKET);
	assert_true(client >= 0);
	by_path = sock_connect_path(path, SOCK_SEQPACKET);
	assert_true(by_path >= 0);
	server = sock_accept(listener, 0);
	assert_int_equal(sock_get_peer(server, &peer), 0);
	assert_int_equal(peer.pid, getpid());
	assert_int_equal(sock_listen(b, "ctl", SOCK_SEQPACKET, true), -EADDRINUSE);
	fd_done(&listener);
	listener = sock_listen(b, "ctl", SOCK_SEQPACKET, true);
	assert_true(listener >= 0);
}

TEST(sock_carries_descriptors_and_closes_unexpected_ones)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	int pair[2], got[2];
	scoped_fd int one = -EBADF, two = -EBADF, received = -EBADF;
	int both[2] = { t.fd, t.fd };
	size_t n = 9;
	char c[4];

	assert_int_equal(sock_pair(SOCK_SEQPACKET, pair), 0);
	one = pair[0];
	two = pair[1];
	assert_int_equal(sock_send(one, "hi", 2, both, 1), 2);
	assert_int_equal(sock_recv(two, c, sizeof c, got, 2, &n), 2);
	assert_int_equal(n, 1);
	received = got[0];
	assert_true(fd_is_same(received, t.fd));
	assert_int_equal(fcntl(received, F_GETFD), FD_CLOEXEC);
	assert_int_equal(sock_send(one, "hi", 2, both, 2), 2);
	assert_int_equal(sock_recv(two, c, sizeof c, got, 1, &n), -E2BIG);
	assert_int_equal(sock_send(one, "longer", 6, NULL, 0), 6);
	assert_int_equal(sock_recv(two, c, sizeof c, got, 1, &n), -EMSGSIZE);
	assert_int_equal(sock_wait(two, 0), -ETIMEDOUT);
	fd_done(&one);
	assert_int_equal(sock_recv(two, c, sizeof c, got, 1, &n), 0);
	assert_int_equal(sock_send(two, "x", 1, NULL, 0), -EPIPE);
}
