/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/logqueue.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "os/fd.h"
#include "os/proc.h"
#include "os/sock.h"

enum { SAY_WRITE = 'w', SAY_REOPEN = 'r', SAY_SYNC = 's' };

static bool say(const struct logqueue *q, char what, struct str bytes, int flags)
{
	struct iovec parts[] = { { &what, 1 }, { (void *)(uintptr_t)bytes.p, bytes.n } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = bytes.n ? 2 : 1 };
	ssize_t r;

	do
		r = sendmsg(q->fd, &m, MSG_NOSIGNAL | flags);
	while (r < 0 && errno == EINTR);
	return r >= 0;
}

/* The writer's life. */
static void __attribute__((noreturn)) serve(int fd, size_t max, const struct logqueue_writer *w)
{
	const int keep[] = { fd, w->keep_fd };
	char *batch = alloc_or_die(max + 1);
	ssize_t n;

	fd_close_others(3, keep, 2);
	while ((n = recv(fd, batch, max + 1, 0)) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0 && batch[0] == SAY_WRITE)
			w->write(w->arg, (struct str){ batch + 1, (size_t)n - 1 });
		else if (n > 0 && batch[0] == SAY_REOPEN)
			w->reopen(w->arg);
		else if (n > 0)
			send(fd, batch, 1, MSG_NOSIGNAL);
	}
	_exit(0);
}

int logqueue_open(struct logqueue *q, uint64_t size, size_t max, const struct logqueue_writer *w, struct err *e)
{
	struct timeval wait = { .tv_sec = LOGQUEUE_WAIT_S };
	int pair[2], bytes = (int)(size / 2), r = sock_pair(SOCK_SEQPACKET, pair); /* the kernel doubles it */
	pid_t pid;

	if (r < 0)
		return err_sys(e, r, "make the queue of the log");
	/* Without privilege the system's limit holds (net.core.wmem_max). */
	if (setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) < 0)
		setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	pid = proc_clone(0, -1, &q->pidfd);
	if (pid == 0) {
		close(pair[0]);
		serve(pair[1], max, w);
	}
	close(pair[1]);
	q->fd = pair[0];
	return pid < 0 ? err_sys(e, (int)pid, "start the writer of the log") : 0;
}

bool logqueue_send(struct logqueue *q, struct str batch)
{
	return say(q, SAY_WRITE, batch, MSG_DONTWAIT);
}

void logqueue_reopen(struct logqueue *q)
{
	say(q, SAY_REOPEN, (struct str){ 0 }, 0);
}

void logqueue_sync(struct logqueue *q)
{
	char answer;

	if (say(q, SAY_SYNC, (struct str){ 0 }, 0))
		while (recv(q->fd, &answer, 1, 0) < 0 && errno == EINTR)
			;
}

void logqueue_close(struct logqueue *q)
{
	fd_done(&q->fd);
	fd_done(&q->pidfd);
}
