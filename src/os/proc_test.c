/* SPDX-License-Identifier: Apache-2.0 */
#include "os/proc.h"
#include "os/fd.h"
#include "base/test.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Runs a shell line with stdout as a pipe. Returns the exit number. */
static int run(const char *line, char *out, size_t size, const struct proc_fd *extra)
{
	char sh[] = "sh", c[] = "-c", text[256];
	char *argv[] = { sh, c, text, NULL };
	scoped_fd int in = -EBADF, to = -EBADF;
	struct proc_fd fds[2];
	struct proc_spawn s = PROC_SPAWN(.path = "/bin/sh", .argv = argv, .fds = fds, .n_fds = 1);
	scoped_proc struct proc p = PROC_NONE;
	struct proc_exit x;
	int pipe[2];
	ssize_t n;

	snprintf(text, sizeof text, "%s", line);
	assert_int_equal(fd_pipe(pipe, 0), 0);
	in = pipe[0];
	to = pipe[1];
	fds[0] = (struct proc_fd){ to, 1 };
	if (extra)
		fds[s.n_fds++] = *extra;
	assert_int_equal(proc_spawn(&s, &p), 0);
	fd_done(&to);
	n = fd_read_all(in, out, size - 1);
	assert_true(n >= 0);
	out[n] = 0;
	assert_int_equal(proc_wait(p.pidfd, 10000, &x), 0);
	fd_done(&p.pidfd);
	return proc_exit_number(&x);
}

TEST(proc_spawn_passes_descriptors_under_their_numbers_and_no_others)
{
	scoped_fd int other = fcntl(2, F_DUPFD, 50); /* not close-on-exec: a careless library */
	scoped_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct proc_fd extra = { null, 7 };
	char out[256];

	assert_int_equal(other, 50);
	assert_int_equal(run("for i in 3 4 5 6 7 8 50; do [ -e /proc/$$/fd/$i ] && printf '%s ' $i; done; exit 0", out, sizeof out, &extra), 0);
	assert_string_equal(out, "7 ");
}

TEST(proc_exit_tells_code_from_signal)
{
	char out[8];

	assert_int_equal(run("exit 7", out, sizeof out, NULL), 7);
	assert_int_equal(run("kill -TERM $$", out, sizeof out, NULL), 128 + SIGTERM);
}

TEST(proc_spawn_reports_the_errno_of_the_exec)
{
	char name[] = "x";
	char *argv[] = { name, NULL };
	struct proc p = PROC_NONE;
	struct proc_spawn none = PROC_SPAWN(.path = "/no/such", .argv = argv), dir = PROC_SPAWN(.path = "/tmp", .argv = argv);

	assert_int_equal(proc_spawn(&none, &p), -ENOENT);
	assert_int_equal(proc_spawn(&dir, &p), -EACCES);
	assert_int_equal(p.pidfd, -EBADF);
}

TEST(proc_spawn_executes_an_open_file)
{
	scoped_fd int sh = open("/bin/sh", O_PATH | O_CLOEXEC);
	char name[] = "sh", c[] = "-c", text[] = "exit 5";
	char *argv[] = { name, c, text, NULL };
	struct proc_spawn s = PROC_SPAWN(.exec_fd = sh, .argv = argv, .setsid = true, .death_signal = SIGKILL);
	scoped_proc struct proc p = PROC_NONE;
	struct proc_exit x;

	assert_int_equal(proc_spawn(&s, &p), 0);
	assert_int_equal(proc_wait(p.pidfd, 10000, &x), 0);
	assert_int_equal(x.code, 5);
	fd_done(&p.pidfd);
}

TEST(proc_wait_times_out_and_the_scope_kills)
{
	char name[] = "sleep", time[] = "100";
	char *argv[] = { name, time, NULL };
	struct proc_spawn s = PROC_SPAWN(.path = "/bin/sleep", .argv = argv);
	struct proc_exit x;
	int watch;
	{
		scoped_proc struct proc p = PROC_NONE;

		assert_int_equal(proc_spawn(&s, &p), 0);
		assert_int_equal(proc_wait(p.pidfd, 10, &x), -ETIMEDOUT);
		watch = fd_dup_min(p.pidfd, 3);
	}
	assert_int_equal(proc_wait_end(watch, 0), 0);
	assert_int_equal(proc_signal(watch, 0), -ESRCH);
	fd_close(watch);
}

TEST(proc_clone_forks_with_a_pidfd)
{
	scoped_proc struct proc p = PROC_NONE;
	struct proc_exit x;

	p.pid = proc_clone(0, -EBADF, &p.pidfd);
	if (p.pid == 0)
		_exit(3);
	assert_true(p.pid > 0);
	assert_int_equal(proc_wait(p.pidfd, 10000, &x), 0);
	assert_int_equal(x.code, 3);
	fd_done(&p.pidfd);
}

TEST(proc_stat_parse_survives_any_name)
{
	struct proc_stat s;

	assert_int_equal(proc_stat_parse("42 (a) R (b c) S 7 8 9 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 123456 9 9\n", &s), 0);
	assert_int_equal(s.pid, 42);
	assert_int_equal(s.state, 'S');
	assert_int_equal(s.parent, 7);
	assert_int_equal(s.group, 8);
	assert_int_equal(s.session, 9);
	assert_int_equal(s.start_ticks, 123456);
	assert_int_equal(proc_stat_parse("42 (x", &s), -EBADMSG);
	assert_int_equal(proc_stat_parse("", &s), -EBADMSG);
}

TEST(proc_open_checked_refuses_a_number_used_again)
{
	struct proc_stat s;
	scoped_fd int fd = -EBADF;

	assert_int_equal(proc_stat_read(getpid(), &s), 0);
	assert_true(proc_is_alive(getpid(), s.start_ticks));
	assert_false(proc_is_alive(getpid(), s.start_ticks + 1));
	fd = proc_open_checked(getpid(), s.start_ticks);
	assert_true(fd >= 0);
	assert_int_equal(proc_open_checked(getpid(), s.start_ticks + 1), -ESRCH);
}
