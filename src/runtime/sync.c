/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sync.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "os/fd.h"
#include "os/sock.h"

static const char *const words[] = {
	[SYNC_FAILED] = "failed", [SYNC_PID] = "pid", [SYNC_MAPPED] = "mapped", [SYNC_DEVICES_MOVED] = "devices moved", [SYNC_ROOT_COPIED] = "root copied",
	[SYNC_CONSOLE] = "console", [SYNC_ROOTFS_READY] = "rootfs ready", [SYNC_GO_ON] = "go on", [SYNC_SECCOMP_FD] = "seccomp fd",
	[SYNC_READY] = "ready", [SYNC_START] = "start",
};
const struct enumtab sync_words = ENUMTAB("sync message", words, SYNC_MSG_COUNT);

/* On the wire: the header, and for FAILED the error after it. Both ends are the same program. */
struct packet {
	enum sync_msg msg;
	pid_t pid;
	uint64_t mounts[2];
	struct err err;
};
enum { PACKET_SHORT = offsetof(struct packet, err) };

static const char *word(enum sync_msg m)
{
	const char *w = enumtab_name(&sync_words, (int)m);

	return w ? w : "nonsense";
}

static int say(int fd, const struct packet *p, size_t n, int passed, struct err *e)
{
	ssize_t r = sock_send(fd, p, n, &passed, passed >= 0);

	log_debug("sync: say %s", word(p->msg));
	return r < 0 ? err_sys(e, (int)r, "say '%s'", word(p->msg)) : 0;
}

int sync_say(int fd, enum sync_msg m, struct err *e)
{
	return say(fd, &(struct packet){ .msg = m }, PACKET_SHORT, -EBADF, e);
}

int sync_say_fd(int fd, enum sync_msg m, int passed, struct err *e)
{
	return say(fd, &(struct packet){ .msg = m }, PACKET_SHORT, passed, e);
}

int sync_say_pid(int fd, pid_t pid, struct err *e)
{
	return say(fd, &(struct packet){ .msg = SYNC_PID, .pid = pid }, PACKET_SHORT, -EBADF, e);
}

int sync_say_mounts(int fd, const uint64_t mounts[2], struct err *e)
{
	return say(fd, &(struct packet){ .msg = SYNC_ROOT_COPIED, .mounts = { mounts[0], mounts[1] } }, PACKET_SHORT, -EBADF, e);
}

void sync_say_failed(int fd, const struct err *e)
{
	struct packet p = { .msg = SYNC_FAILED, .err = *e };
	struct err ignored;

	say(fd, &p, sizeof p, -EBADF, &ignored);
}

/* Takes the peer's failure over as ours. */
static int take_failure(const struct packet *p, size_t n, struct err *e)
{
	if (n != sizeof *p || p->err.sys <= 0 || p->err.kind <= ERR_NONE || p->err.kind >= ERR_KIND_COUNT)
		return err_set(e, ERR_INTERNAL, "garbled failure message");
	*e = p->err;
	e->msg[sizeof e->msg - 1] = '\0';
	return -e->sys;
}

/* Is it that word, from a peer that keeps to the form? */
static int judge(const struct packet *p, ssize_t n, enum sync_msg m, const char *who, struct err *e)
{
	if (n == 0 || n == -ECONNRESET)
		return err_set(e, ERR_INTERNAL, "%s ended before saying '%s'", who, word(m));
	if (n < 0)
		return err_sys(e, (int)n, "wait for %s to say '%s'", who, word(m));
	if (n < PACKET_SHORT)
		return err_set(e, ERR_INTERNAL, "garbled message from %s", who);
	log_debug("sync: heard %s from %s", word(p->msg), who);
	if (p->msg == SYNC_FAILED)
		return take_failure(p, (size_t)n, e);
	if (p->msg != m)
		return err_set(e, ERR_INTERNAL, "expected '%s' from %s, got '%s'", word(m), who, word(p->msg));
	return 0;
}

/* A descriptor that came with anything but the word that carries one is closed. */
static int expect(int fd, enum sync_msg m, const char *who, struct packet *ret, int *ret_fd, struct err *e)
{
	scoped_fd int passed = -EBADF;
	size_t n_fds = 0;
	ssize_t n = sock_recv(fd, ret, sizeof *ret, &passed, ret_fd ? 1 : 0, &n_fds);
	int r = judge(ret, n, m, who, e);

	if (r < 0 || !ret_fd)
		return r;
	if (n_fds != 1)
		return err_set(e, ERR_INTERNAL, "'%s' came without a descriptor", word(m));
	*ret_fd = take_fd(&passed);
	return 0;
}

int sync_expect(int fd, enum sync_msg m, const char *who, struct err *e)
{
	struct packet p;

	return expect(fd, m, who, &p, NULL, e);
}

int sync_expect_fd(int fd, enum sync_msg m, const char *who, int *ret_fd, struct err *e)
{
	struct packet p;

	return expect(fd, m, who, &p, ret_fd, e);
}

int sync_expect_pid(int fd, const char *who, pid_t *ret, struct err *e)
{
	struct packet p;
	int r = expect(fd, SYNC_PID, who, &p, NULL, e);

	if (r == 0)
		*ret = p.pid;
	return r;
}

int sync_expect_mounts(int fd, const char *who, uint64_t ret[2], struct err *e)
{
	struct packet p;
	int r = expect(fd, SYNC_ROOT_COPIED, who, &p, NULL, e);

	if (r == 0)
		memcpy(ret, p.mounts, sizeof p.mounts);
	return r;
}

int sync_expect_end(int fd, const char *who, struct err *e)
{
	struct packet p;
	ssize_t n = sock_recv(fd, &p, sizeof p, NULL, 0, NULL);

	if (n == 0 || n == -ECONNRESET)
		return 0;
	if (n < 0)
		return err_sys(e, (int)n, "wait for %s", who);
	if (n >= PACKET_SHORT && p.msg == SYNC_FAILED)
		return take_failure(&p, (size_t)n, e);
	return err_set(e, ERR_INTERNAL, "expected nothing more from %s, got '%s'", who, word(p.msg));
}
