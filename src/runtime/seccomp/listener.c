/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp/listener.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "os/proc.h"
#include "os/sock.h"
#include "runtime/sync.h"

enum { SLOT_EMPTY = -1, SLOT_FAILED = -2 };

/* ---- the process with the filter, and its helper ---------------------------------------------------------------------------------------------- */

/* Nobody can wake us: the process with the filter must not make a system call. The kernel loads a filter within a millisecond. */
static int await(const atomic_int *slot, pid_t parent)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 };
	int fd;

	while ((fd = atomic_load(slot)) == SLOT_EMPTY && getppid() == parent)
		nanosleep(&pause, NULL);
	return fd;
}

static _Noreturn void helper(const atomic_int *slot, int sync_fd, pid_t parent)
{
	struct err e = { 0 };
	int fd;

	proc_set_death_signal(SIGKILL);
	fd = await(slot, parent);
	if (fd >= 0 && sync_say_fd(sync_fd, SYNC_SECCOMP_FD, fd, &e) < 0)
		sync_say_failed(sync_fd, &e);
	/* Closes it in both of us: when the agent dies, what waits for it gets ENOSYS instead of waiting for ever. */
	fd_done(&fd);
	_exit(0);
}

static int load(const struct filter_program *p, atomic_int *slot, int sync_fd, struct err *e)
{
	struct proc child = PROC_NONE;
	struct proc_exit ignored;
	pid_t self = getpid();
	int fd;

	child.pid = proc_clone(CLONE_FILES, -EBADF, &child.pidfd);
	if (child.pid == 0)
		helper(slot, sync_fd, self);
	if (child.pid < 0)
		return err_sys(e, child.pid, "clone the helper of the seccomp listener");
	fd = filter_load_listening(p);
	atomic_store(slot, fd < 0 ? SLOT_FAILED : fd);
	proc_wait(child.pidfd, -1, &ignored);
	fd_done(&child.pidfd);
	if (fd < 0)
		return err_sys(e, fd, "load the seccomp filter");
	return sync_expect(sync_fd, SYNC_GO_ON, "the runtime", e);
}

int listener_load(const struct filter_program *p, int sync_fd, struct err *e)
{
	atomic_int *slot = mmap(NULL, sizeof *slot, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r;

	if (slot == MAP_FAILED)
		return err_sys(e, -errno, "share a number with the helper of the seccomp listener");
	atomic_store(slot, SLOT_EMPTY);
	r = load(p, slot, sync_fd, e);
	munmap(slot, sizeof *slot);
	return r;
}

/* ---- the parent ------------------------------------------------------------------------------------------------------------------------------- */

/* One connection, one document, the descriptor with its first byte, the end. */
static int send_document(const char *path, int listener, struct str document)
{
	scoped_fd int sock = sock_connect_path(path, SOCK_STREAM);
	ssize_t n = sock < 0 ? sock : sock_send(sock, document.p, document.n, &listener, 1);

	return n < 0 ? (int)n : fd_write_all(sock, document.p + n, document.n - (size_t)n);
}

static int tell(const struct listener_news *n, int listener, struct err *e)
{
	scoped_buf struct buf b = BUF(LIMIT_DOCUMENT);
	const char *names[] = { "seccompFd" };
	const struct oci_process_state s = {
		.oci_version = OCI_RUNTIME_VERSION, .fds = { names, 1 }, .pid = n->pid, .metadata = n->metadata,
		.state = state_document(n->state, n->status),
	};
	int r = json_encode(&oci_process_state_schema, &s, JSON_INDENT_NONE, &b);

	if (r == 0)
		r = send_document(n->path, listener, buf_str(&b));
	return r < 0 ? err_sys(e, r, "send the seccomp listener to '%s'", n->path) : 0;
}

int listener_pass(int sync_fd, const char *who, const struct listener_news *n, struct err *e)
{
	scoped_fd int listener = -EBADF;
	int r = sync_expect_fd(sync_fd, SYNC_SECCOMP_FD, who, &listener, e);

	if (r == 0)
		r = tell(n, listener, e);
	return r < 0 ? r : sync_say(sync_fd, SYNC_GO_ON, e);
}
