/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/conmon_wire.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { STREAM_STDOUT = 2, STREAM_STDERR = 3 };

/* Whatever comes is input. A half that was closed stays readable for ever, so it is heard once. */
static int receive(struct client *c, struct monitor_frame *ret, struct err *e)
{
	ssize_t n = recv(c->source.fd, ret->payload, sizeof ret->payload, 0);

	if (n < 0)
		return errno == EINTR ? -EAGAIN : err_sys(e, -errno, "receive");
	ret->type = n ? MONITOR_STDIN : MONITOR_STDIN_EOF;
	ret->length = (uint32_t)n;
	if (n == 0)
		client_listen(c, false);
	return 1;
}

/* Of all that a monitor says to its clients conmon's know nothing but output; that their input was taken opens the ear for more. */
static int send_message(struct client *c, enum monitor_msg type, const void *p, size_t n, struct err *e)
{
	if (type == MONITOR_STDIN_DONE)
		client_listen(c, true);
	return 0;
}

static int output(struct client *c, const struct monitor_frame *f, struct err *e)
{
	char stream = f->type == MONITOR_STDERR ? STREAM_STDERR : STREAM_STDOUT;
	struct iovec parts[] = { { &stream, 1 }, { (void *)(uintptr_t)f->payload, f->length } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t r;

	do
		r = sendmsg(c->source.fd, &m, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r < 0 ? err_sys(e, -errno, "send output") : 0;
}

const struct client_wire conmon_wire = { receive, send_message, output };
