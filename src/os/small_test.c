/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the modules that are a table and a call or two: cap, dev, landlock, memfd, pty, rlimit, self, trace. */
#include "os/netif.h"
#include "os/cap.h"
#include "os/dev.h"
#include "os/landlock.h"
#include "os/memfd.h"
#include "os/proc.h"
#include "os/pty.h"
#include "os/rlimit.h"
#include "os/self.h"
#include "os/test_dir.h"
#include "os/trace.h"
#include "base/err.h"
#include "base/step.h"
#include "base/str.h"
#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(cap_names_are_the_kernels)
{
	assert_int_equal(cap_find("CAP_SYS_ADMIN"), CAP_SYS_ADMIN);
	assert_int_equal(cap_find("net_raw"), CAP_NET_RAW);
	assert_int_equal(cap_find("CAP_CHECKPOINT_RESTORE"), 40);
	assert_int_equal(cap_find("CAP_"), -EINVAL);
	assert_int_equal(cap_find("ALL"), -EINVAL);
	for (int i = 0; i < CAP_TABLE_COUNT; i++)
		assert_int_equal(cap_find(cap_names[i]), i);
	assert_true(cap_last() >= CAP_AUDIT_READ && cap_last() < 64);
}

TEST(cap_sets_can_be_read)
{
	struct cap_sets s;

	assert_int_equal(cap_get(&s), 0);
	assert_int_equal(s.effective & ~s.permitted, 0);
	assert_int_equal(s.permitted & ~cap_all(), 0);
	assert_int_equal(cap_has(CAP_CHOWN), s.effective & 1);
}

TEST(rlimit_names_come_back)
{
	uint64_t soft, hard;

	for (int i = 0; i < RLIMIT_TABLE_COUNT; i++)
		assert_int_equal(rlimit_find(rlimit_names[i]), i);
	assert_int_equal(rlimit_find("nofile"), RLIMIT_NOFILE);
	assert_int_equal(rlimit_find("nofiles"), -EINVAL);
	assert_int_equal(rlimit_get(0, RLIMIT_NOFILE, &soft, &hard), 0);
	assert_int_equal(rlimit_set(0, RLIMIT_NOFILE, soft, hard), 0);
}

TEST(dev_open_takes_only_the_device_it_was_asked_for)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_fd int null = dev_open_null(O_RDWR);
	scoped_fd int path = dev_open_null(0);

	assert_true(null >= 0 && path >= 0);
	assert_int_equal(dev_open(AT_FDCWD, "/dev/zero", O_RDONLY, 1, 3), -ENXIO);
	assert_int_equal(symlinkat("/dev/null", t.fd, "null"), 0);
	assert_int_equal(dev_open(t.fd, "null", O_RDWR, 1, 3), -ENXIO);
	assert_int_equal(file_create(t.fd, "file", "", 0, 0600), 0);
	assert_int_equal(dev_open(t.fd, "file", O_RDWR, 1, 3), -ENXIO);
}

TEST(memfd_cannot_be_changed_once_sealed)
{
	scoped_fd int fd = memfd_from_bytes("sealed", "abc", 3);
	scoped_fd int copy = memfd_from_file("copy", fd, 3);
	char text[4] = "";

	assert_true(memfd_is_sealed(fd) && memfd_is_sealed(copy));
	assert_int_equal(pread(copy, text, 3, 0), 3);
	assert_string_equal(text, "abc");
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(memfd_from_file("copy", fd, 2), -E2BIG);
}

TEST(memfd_self_is_an_image_of_this_program_nobody_can_write)
{
	enum memfd_kind kind;
	scoped_fd int image = memfd_self_open(&kind);
	scoped_fd int writable = image < 0 ? -EBADF : open(fd_path(image).s, O_WRONLY | O_CLOEXEC);
	struct stat a, b;

	assert_true(image >= 0);
	assert_int_equal(fstat(image, &a), 0);
	assert_int_equal(stat("/proc/self/exe", &b), 0);
	assert_int_equal(a.st_size, b.st_size);
	if (kind == MEMFD_COPY)
		assert_true(memfd_is_sealed(image));
	else
		assert_true(writable < 0);
	assert_false(memfd_self_is_sealed());
}

TEST(memfd_spawn_runs_programs_and_falls_back_for_scripts)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	char name[] = "x", c[] = "-c", line[] = "exit 4", script[96];
	char *argv[] = { name, c, line, NULL };
	struct proc_exit x;
	const char *const paths[] = { "/bin/sh", script };

	snprintf(script, sizeof script, "%s/script", t.path);
	assert_int_equal(file_create(t.fd, "script", "#!/bin/sh\nexit 4\n", 17, 0755), 0);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		scoped_proc struct proc p = PROC_NONE;

		assert_int_equal(memfd_spawn(&PROC_SPAWN(.path = paths[i], .argv = argv), &p), 0);
		assert_int_equal(proc_wait(p.pidfd, 10000, &x), 0);
		assert_int_equal(x.code, 4);
		fd_done(&p.pidfd);
	}
}

TEST(pty_pairs_carry_bytes_and_sizes)
{
	scoped_fd int master = pty_open(AT_FDCWD, "/dev/ptmx");
	scoped_fd int slave = pty_peer(master);
	struct pty_size size;
	struct termios saved;
	char c;

	assert_true(master >= 0 && slave >= 0);
	assert_true(pty_is_terminal(slave));
	assert_int_equal(pty_set_size(master, (struct pty_size){ 24, 80 }), 0);
	assert_int_equal(pty_get_size(slave, &size), 0);
	assert_int_equal(size.cols, 80);
	assert_int_equal(pty_make_raw(slave, &saved), 0);
	assert_int_equal(write(master, "x", 1), 1);
	assert_int_equal(read(slave, &c, 1), 1);
	assert_int_equal(c, 'x');
	assert_int_equal(pty_restore(slave, &saved), 0);
	assert_int_equal(pty_make_raw(-EBADF, &saved), -EBADF);
}

TEST(self_finds_programs_in_libexec_beside_itself_and_in_the_path)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_arena struct arena a = { 0 };
	char *path;

	assert_int_equal(self_find_program("sh", &a, &path), 0);
	assert_true(str_ends(path, "/sh"));
	assert_int_equal(self_find_program("os_test", &a, &path), 0);
	assert_int_equal(self_find_program("no-such-program-at-all", &a, &path), -ENOENT);
	assert_int_equal(file_create(t.fd, "sh", "", 0, 0755), 0);
	setenv("TARE_LIBEXEC", t.path, 1);
	assert_int_equal(self_find_program("sh", &a, &path), 0);
	assert_non_null(str_after(path, t.path));
	unsetenv("TARE_LIBEXEC");
	assert_int_equal(self_find_program("/x/y", &a, &path), 0);
	assert_string_equal(path, "/x/y");
}

/* In a child, which is confined for good: 0 if the walls stand where they should. */
static int behind_walls(const struct test_dir *t, int readable, int writable)
{
	struct landlock_rule rules[] = { { readable, LANDLOCK_READ }, { writable, LANDLOCK_WRITE } };

	if (proc_set_no_new_privs() < 0 || landlock_confine(rules, ARRAY_LEN(rules), 1) < 1)
		return 1;
	if (file_create(writable, "new", "x", 1, 0600) < 0 || faccessat(readable, "file", R_OK, 0) < 0)
		return 2;
	if (file_create(readable, "new", "x", 1, 0600) != -EACCES || file_create(t->fd, "new", "x", 1, 0600) != -EACCES)
		return 3;
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? 0 : 4;
}

TEST(landlock_leaves_only_what_was_granted)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	scoped_fd int readable = dir_ensure(t.fd, "readable", 0700), writable = dir_ensure(t.fd, "writable", 0700);
	scoped_proc struct proc p = PROC_NONE;
	struct proc_exit x;

	if (landlock_abi() < 1)
		skip();
	assert_int_equal(file_create(readable, "file", "x", 1, 0600), 0);
	p.pid = proc_clone(0, -EBADF, &p.pidfd);
	if (p.pid == 0)
		_exit(behind_walls(&t, readable, writable));
	assert_int_equal(proc_wait(p.pidfd, -1, &x), 0);
	fd_done(&p.pidfd);
	assert_int_equal(proc_exit_number(&x), 0);
}

static int nothing(void *ctx, struct err *e)
{
	(void)ctx, (void)e;
	return 0;
}

TEST(trace_appends_one_line_per_step)
{
	scoped_test_dir struct test_dir t = test_dir_make();
	static const struct step steps[] = { { "os.test", NULL, nothing, NULL } };
	char path[96], text[256];
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s/trace", t.path);
	setenv("TARE_TRACE", path, 1);
	trace_begin("os-test");
	unsetenv("TARE_TRACE");
	assert_int_equal(steps_run(steps, ARRAY_LEN(steps), NULL, &e), 0);
	trace_note("os.note", proc_now_ns());
	steps_trace(NULL, NULL);
	assert_int_equal(file_read_text(t.fd, "trace", text, sizeof text), 0);
	assert_non_null(str_after(text, "os-test os.test do "));
	assert_non_null(strstr(text, "\nos-test os.note do "));
}

TEST(interface_names_are_those_the_kernel_takes)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "a:1", "a b", "eth%s", "eth%d%d", "%", "sixteen-letters!" };

	assert_true(netif_name_is_valid("eth0", false) && netif_name_is_valid("fifteen-letters", false));
	assert_true(netif_name_is_valid("eth%d", true) && !netif_name_is_valid("eth%d", false));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(netif_name_is_valid(bad[i], true));
}
