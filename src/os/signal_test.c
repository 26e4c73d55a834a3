/* SPDX-License-Identifier: Apache-2.0 */
#include "os/signal.h"
#include "os/fd.h"
#include "base/test.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int parsed(const char *s)
{
	int v = -1, r = signal_parse(s, &v);

	return r < 0 ? r : v;
}

TEST(signal_parse_takes_names_numbers_and_real_time)
{
	assert_int_equal(parsed("TERM"), 15);
	assert_int_equal(parsed("SIGTERM"), 15);
	assert_int_equal(parsed("sigkill"), 9);
	assert_int_equal(parsed("15"), 15);
	assert_int_equal(parsed("64"), 64);
	assert_int_equal(parsed("RTMIN"), 34);
	assert_int_equal(parsed("SIGRTMIN+3"), 37);
	assert_int_equal(parsed("RTMAX-1"), 63);
}

TEST(signal_parse_is_strict)
{
	assert_int_equal(parsed("0"), -ERANGE);
	assert_int_equal(parsed("65"), -ERANGE);
	assert_int_equal(parsed("15x"), -EINVAL);
	assert_int_equal(parsed(""), -EINVAL);
	assert_int_equal(parsed("-9"), -EINVAL);
	assert_int_equal(parsed("SIG"), -EINVAL);
	assert_int_equal(parsed("RTMIN-1"), -EINVAL);
	assert_int_equal(parsed("RTMIN+31"), -ERANGE);
	assert_int_equal(parsed("SIGSIGTERM"), -EINVAL);
}

TEST(signal_name_comes_back)
{
	char name[SIGNAL_NAME_SIZE];

	for (int i = 1; i <= 64; i++)
		assert_int_equal(parsed(signal_name(i, name)), i);
	assert_string_equal(signal_name(37, name), "SIGRTMIN+3");
}

TEST(signal_fd_delivers_what_is_blocked)
{
	int list[] = { SIGUSR1 };
	struct signalfd_siginfo info;
	sigset_t old;
	scoped_fd int fd = -EBADF;

	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &old), 0);
	fd = signal_fd(list, 1);
	assert_true(fd >= 0);
	assert_int_equal(signal_fd_read(fd, &info), -EAGAIN);
	raise(SIGUSR1);
	assert_int_equal(signal_fd_read(fd, &info), 0);
	assert_int_equal(info.ssi_signo, SIGUSR1);
	assert_int_equal(signal_restore(&old), 0);
}
