/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc_spawn and proc_clone (os/proc.h).
 *
 * The spawned child shares our memory until it executes, and we sleep until then (CLONE_VM|CLONE_VFORK): no page tables are copied, and the child
 * tells us what failed by writing to a variable. It runs on a stack of its own inside our frame, touches nothing else, and no signal handler can run in
 * it because every signal is blocked meanwhile.
 */
#include "os/proc.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/internal.h"

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

enum { STACK_SIZE = 8192 };

/* The child leaves the address sanitizer's marks of its frames on the stack we gave it; it never returns to clear them. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define FORGET_FRAMES(p, n) __asan_unpoison_memory_region((p), (n))
#else
#define FORGET_FRAMES(p, n) ((void)(p))
#endif

/* What the child needs, and what it answers. */
struct spawn {
	const struct proc_spawn *s;
	pid_t parent;
	volatile int failed;  /* -errno of the step that failed */
};

/* Moves every descriptor to be passed out of the way of the new numbers, then to its new number. */
static int child_place_fds(const struct proc_spawn *s, int moved[PROC_MAX_FDS])
{
	int above = 2, r;

	for (size_t i = 0; i < s->n_fds; i++)
		above = s->fds[i].as > above ? s->fds[i].as : above;
	for (size_t i = 0; i < s->n_fds; i++) {
		moved[i] = fd_dup_min(s->fds[i].fd, above + 1);
		if (moved[i] < 0)
			return moved[i];
	}
	for (size_t i = 0; i < s->n_fds; i++) {
		r = result(RETRY(dup3(moved[i], s->fds[i].as, 0)));
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_passed(const struct proc_spawn *s, int fd)
{
	for (size_t i = 0; i < s->n_fds; i++)
		if (s->fds[i].as == fd)
			return true;
	return fd <= 2;
}

/* Marks close-on-exec what the caller's own code might have left open, whoever opened it; then clears it on what is passed. */
static int child_close_rest(const struct proc_spawn *s)
{
	int last = 2, r;

	for (size_t i = 0; i < s->n_fds; i++)
		last = s->fds[i].as > last ? s->fds[i].as : last;
	r = fd_cloexec_from((unsigned)last + 1);
	for (int fd = 3; r == 0 && fd < last; fd++)
		if (!is_passed(s, fd) && fcntl(fd, F_GETFD) >= 0)
			r = fd_set_cloexec(fd, true);
	return r;
}

static int child_default_signals(void)
{
	static const int reset[] = { SIGPIPE, SIGCHLD };
	struct sigaction act = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (size_t i = 0; i < ARRAY_LEN(reset); i++)
		if (sigaction(reset[i], &act, NULL) < 0)
			return -errno;
	sigemptyset(&none);
	return result(sigprocmask(SIG_SETMASK, &none, NULL));
}

static int child_set_death_signal(const struct spawn *w)
{
	if (!w->s->death_signal)
		return 0;
	if (prctl(PR_SET_PDEATHSIG, w->s->death_signal, 0, 0, 0) < 0)
		return -errno;
	return getppid() == w->parent ? 0 : -ESRCH; /* the parent died before the signal was armed */
}

static int child_exec(const struct proc_spawn *s, int exec_fd)
{
	char *const *envp = s->envp ? s->envp : environ;

	if (s->path)
		execve(s->path, s->argv, envp);
	else
		syscall(SYS_execveat, exec_fd, "", s->argv, envp, AT_EMPTY_PATH);
	return -errno;
}

static int child_main(void *arg)
{
	struct spawn *w = arg;
	const struct proc_spawn *s = w->s;
	int moved[PROC_MAX_FDS], exec_fd = s->exec_fd, r = 0;

	if (s->setsid)
		r = result(setsid());
	if (r >= 0)
		r = child_set_death_signal(w);
	if (r >= 0 && s->cwd_fd > 0)
		r = result(fchdir(s->cwd_fd));
	if (r >= 0 && !s->path)
		r = exec_fd = fd_dup_min(s->exec_fd, 128); /* out of the way of the new numbers */
	if (r >= 0)
		r = child_place_fds(s, moved);
	if (r >= 0)
		r = child_close_rest(s);
	if (r >= 0)
		r = child_default_signals();
	if (r >= 0)
		r = child_exec(s, exec_fd);
	w->failed = r;
	_exit(127);
}

int proc_spawn(const struct proc_spawn *s, struct proc *ret)
{
	_Alignas(16) char stack[STACK_SIZE];
	struct spawn w = { .s = s, .parent = getpid() };
	struct proc_exit ignored;
	sigset_t all, old;
	int pidfd = -EBADF;
	pid_t pid;

	if (s->n_fds > PROC_MAX_FDS)
		return -EINVAL;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = clone(child_main, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &w, &pidfd);
	if (pid < 0)
		w.failed = -errno;
	FORGET_FRAMES(stack, sizeof stack);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid >= 0 && w.failed < 0) {
		proc_wait(pidfd, -1, &ignored);
		fd_done(&pidfd);
	}
	if (w.failed < 0)
		return w.failed;
	*ret = (struct proc){ .pid = pid, .pidfd = pidfd };
	return 0;
}

/* For kernels (or seccomp profiles) without clone3. */
static pid_t clone_classic(uint64_t flags, int *pidfd)
{
	return result(syscall(SYS_clone, (unsigned long)flags | CLONE_PIDFD | SIGCHLD, NULL, pidfd, NULL, NULL));
}

pid_t proc_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
	int pidfd = -EBADF;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		/* A sibling is announced by our own signal, and the kernel takes no other. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
		.cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
	};
	pid_t pid = result(syscall(SYS_clone3, &args, sizeof args));

	if (pid == -ENOSYS && cgroup_fd < 0)
		pid = clone_classic(flags, &pidfd);
	if (pid > 0 && ret_pidfd)
		*ret_pidfd = take_fd(&pidfd);
	if (pid > 0)
		fd_done(&pidfd);
	return pid;
}
